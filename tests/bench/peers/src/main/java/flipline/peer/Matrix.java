package flipline.peer;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The points matrix, read from the JSON that Flipline is given: rules, limits, caps and stages. */
final class Matrix {
    private static final double STEPS_OF_A_POINT = 1000;

    private final double flipNumber;
    private final List<Rule> rules = new ArrayList<>();
    private final Map<String, List<Rule>> rulesOfType = new HashMap<>();
    private final Map<String, Double> stages = new HashMap<>();

    Matrix(JsonNode json) {
        flipNumber = json.get("flip_number").doubleValue();
        for (JsonNode one : json.get("rules")) {
            Rule rule = Rule.read(rules.size(), one);
            rules.add(rule);
            rulesOfType.computeIfAbsent(rule.type(), type -> new ArrayList<>()).add(rule);
        }
        json.get("stages").properties().forEach(stage -> stages.put(stage.getKey(), stage.getValue().doubleValue()));
    }

    double flipNumber() {
        return flipNumber;
    }

    void count(Interaction interaction, Profile profile) {
        int day = interaction.day();
        for (Rule rule : rulesOfType.getOrDefault(interaction.type(), List.of())) {
            if (rule.matches(interaction)) {
                profile.count(rule.place(), rule.by(interaction), day);
            }
        }
    }

    /** Returns what each rule gives that a profile has matched. */
    List<Reason> reasons(Profile profile) {
        List<Count> counts = profile.counts();
        List<Reason> reasons = new ArrayList<>();
        int from = 0;
        while (from < counts.size()) {
            int place = counts.get(from).rule();
            int to = from + 1;
            while (to < counts.size() && counts.get(to).rule() == place) {
                to++;
            }
            reasons.add(rules.get(place).reason(counts.subList(from, to)));
            from = to;
        }
        return reasons;
    }

    /** Returns the sum of the reasons, rounded to thousandths as Flipline does. */
    double score(List<Reason> reasons) {
        double sum = 0;
        for (Reason reason : reasons) {
            sum += reason.points();
        }
        // A zero is added since -0.0 is another number in JSON.
        return Math.rint(sum * STEPS_OF_A_POINT) / STEPS_OF_A_POINT + 0.0;
    }

    /** Returns the highest stage that a score has reached, or null below all of them. */
    String stage(double score) {
        String reached = null;
        for (Map.Entry<String, Double> stage : stages.entrySet()) {
            if (score >= stage.getValue() && (reached == null || stage.getValue() > stages.get(reached))) {
                reached = stage.getKey();
            }
        }
        return reached;
    }
}
