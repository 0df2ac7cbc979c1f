package flipline.peer;

/** What one rule gives: the points within its cap, for `count` matches, of which `paid` are within its limit. */
record Reason(String rule, double points, int count, int paid) {}
