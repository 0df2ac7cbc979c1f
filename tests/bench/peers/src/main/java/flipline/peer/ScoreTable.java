package flipline.peer;

import java.sql.SQLException;

/** Where changed scores are told, beside the store that keeps the profiles. */
interface ScoreTable extends AutoCloseable {
    /** Keeps no scores: for the variant that has RocksDB alone. */
    ScoreTable NONE = new ScoreTable() {
        @Override
        public void put(String profile, double score, String stage) {}

        @Override
        public void close() {}
    };

    /** Takes a score, to be written soon; throws IllegalStateException after a write has failed. */
    void put(String profile, double score, String stage);

    /** Writes what is left. */
    @Override
    void close() throws SQLException;
}
