package flipline.peer;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.DoublePredicate;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/** What one path of an interaction must be: an entry of a rule's `where`. */
record Condition(String path, Predicate<Object> test) {

    /** Reads all conditions of a rule; an absent `where` has none. */
    static List<Condition> readAll(JsonNode where) {
        return where.properties().stream()
                .map(entry -> new Condition(entry.getKey(), read(entry.getValue())))
                .toList();
    }

    boolean holds(Interaction interaction) {
        return test.test(interaction.value(path));
    }

    private static Predicate<Object> read(JsonNode wanted) {
        if (!wanted.isObject()) {
            return equalTo(wanted);
        }
        if (wanted.size() != 1) {
            throw new IllegalArgumentException("The peer reads one operator for each path, not " + wanted);
        }
        String operator = wanted.fieldNames().next();
        return read(operator, wanted.get(operator));
    }

    private static Predicate<Object> read(String operator, JsonNode operand) {
        return switch (operator) {
            case "eq" -> equalTo(operand);
            case "in" -> oneOf(operand);
            case "exists" -> existing(operand.booleanValue());
            case "starts_with" -> text(value -> value.startsWith(operand.textValue()));
            case "contains" -> text(value -> value.contains(operand.textValue()));
            case "glob" -> text(glob(operand.textValue()).asMatchPredicate());
            case "gt" -> number(value -> value > operand.doubleValue());
            case "gte" -> number(value -> value >= operand.doubleValue());
            case "lt" -> number(value -> value < operand.doubleValue());
            case "lte" -> number(value -> value <= operand.doubleValue());
            default -> throw new IllegalArgumentException("The peer does not know the operator " + operator);
        };
    }

    private static Predicate<Object> equalTo(JsonNode wanted) {
        return wanted.textValue()::equals;
    }

    private static Predicate<Object> oneOf(JsonNode choice) {
        Set<String> texts = new HashSet<>();
        choice.forEach(one -> texts.add(one.textValue()));
        return texts::contains;
    }

    private static Predicate<Object> existing(boolean wanted) {
        return value -> (value != null) == wanted;
    }

    private static Predicate<Object> text(Predicate<String> test) {
        return value -> value instanceof String text && test.test(text);
    }

    private static Predicate<Object> number(DoublePredicate test) {
        return value -> value instanceof Number number && test.test(number.doubleValue());
    }

    private static Pattern glob(String wildcards) {
        StringBuilder pattern = new StringBuilder();
        for (char one : wildcards.toCharArray()) {
            pattern.append(one == '*' ? ".*" : Pattern.quote(String.valueOf(one)));
        }
        return Pattern.compile(pattern.toString(), Pattern.DOTALL);
    }
}
