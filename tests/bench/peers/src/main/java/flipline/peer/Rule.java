package flipline.peer;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;

/**
 * A rule of the matrix: what it counts, and what it pays for the counts.
 *
 * @param place where it stands in the matrix
 * @param times how many matches are paid per day, or ever, for each value of `by`
 * @param by the property whose values are limited apart; null for none
 * @param cap the most that it gives, or takes
 */
record Rule(
        int place,
        String id,
        String type,
        List<Condition> conditions,
        double points,
        int times,
        boolean perDay,
        String by,
        double cap) {

    static Rule read(int place, JsonNode rule) {
        JsonNode limit = rule.get("limit");
        return new Rule(
                place,
                rule.get("id").textValue(),
                rule.at("/when/type").textValue(),
                Condition.readAll(rule.at("/when/where")),
                rule.get("points").doubleValue(),
                limit.get("times").intValue(),
                isPerDay(limit.get("per").textValue()),
                limit.path("by").textValue(),
                rule.path("cap").asDouble(Double.POSITIVE_INFINITY));
    }

    private static boolean isPerDay(String period) {
        return switch (period) {
            case "day" -> true;
            case "ever" -> false;
            default -> throw new IllegalArgumentException("The peer does not know the limit per " + period);
        };
    }

    boolean matches(Interaction interaction) {
        for (Condition condition : conditions) {
            if (!condition.holds(interaction)) {
                return false;
            }
        }
        return true;
    }

    /** Returns the value of `by` that an interaction is counted under; empty for none. */
    String by(Interaction interaction) {
        Object value = by == null ? null : interaction.value(by);
        return value == null ? "" : value.toString();
    }

    /** Returns what it gives for its counts, which are sorted by value of `by` and day. */
    Reason reason(List<Count> counts) {
        int matches = 0;
        int paid = 0;
        int left = 0;
        Count before = null;
        for (Count count : counts) {
            if (before == null || !before.by().equals(count.by()) || perDay) {
                left = times;
            }
            int within = Math.min(left, count.times());
            left -= within;
            paid += within;
            matches += count.times();
            before = count;
        }
        return new Reason(id, Math.max(-cap, Math.min(cap, paid * points)), matches, paid);
    }
}
