package flipline.peer;

import java.util.ArrayList;
import java.util.List;

/** What is kept of a profile: its counts, its score, and whether it has become a lead. */
final class Profile {
    private final List<Count> counts;
    private double score;
    private boolean flipped;

    /** Makes a profile that has done nothing. */
    Profile() {
        this(new ArrayList<>(), 0, false);
    }

    /** Makes a profile of what was kept; the counts are sorted by rule, value of `by` and day. */
    Profile(List<Count> counts, double score, boolean flipped) {
        this.counts = counts;
        this.score = score;
        this.flipped = flipped;
    }

    List<Count> counts() {
        return counts;
    }

    double score() {
        return score;
    }

    boolean flipped() {
        return flipped;
    }

    /** Adds one match of a rule, the place of which is given. */
    void count(int rule, String by, int day) {
        int low = 0;
        int high = counts.size();
        while (low < high) {
            int middle = (low + high) >>> 1;
            int order = counts.get(middle).compareKey(rule, by, day);
            if (order == 0) {
                counts.set(middle, counts.get(middle).oneMore());
                return;
            }
            if (order < 0) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        counts.add(low, new Count(rule, by, day, 1));
    }

    void setScore(double score) {
        this.score = score;
    }

    void flip() {
        flipped = true;
    }
}
