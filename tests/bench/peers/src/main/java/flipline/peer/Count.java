package flipline.peer;

/**
 * How many times a profile matched a rule on a day with a value of the limit's `by`.
 *
 * @param rule the place of the rule in the matrix
 * @param by empty for a rule whose limit has no `by`
 * @param day in days since 1970-01-01
 */
record Count(int rule, String by, int day, int times) {

    /** Returns a number below, at or above zero, in the order of rule, value of `by` and day. */
    int compareKey(int otherRule, String otherBy, int otherDay) {
        if (rule != otherRule) {
            return Integer.compare(rule, otherRule);
        }
        int order = by.compareTo(otherBy);
        return order != 0 ? order : Integer.compare(day, otherDay);
    }

    Count oneMore() {
        return new Count(rule, by, day, times + 1);
    }
}
