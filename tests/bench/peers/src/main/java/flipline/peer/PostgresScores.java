package flipline.peer;

import java.sql.Array;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * The scores as rows of PostgreSQL, upserted in batches by a thread of its own.
 *
 * <p>A crash loses what was pending, so whoever takes over a partition has to put all of its scores again.
 */
final class PostgresScores implements ScoreTable {
    private record Row(String profile, double score, String stage) {}

    private static final int EVERY_MILLISECONDS = 100;
    private static final int MOST_PENDING = 10_000;
    private static final String TABLE =
            """
            create table if not exists scores (profile text primary key, score float8 not null, stage text);
            create index if not exists scores_score on scores (score, profile)""";
    private static final String UPSERT =
            """
            insert into scores (profile, score, stage)
            select * from unnest(?::text[], ?::float8[], ?::text[])
            on conflict (profile) do update set score = excluded.score, stage = excluded.stage""";

    private final Connection connection;
    private final PreparedStatement upsert;
    private final ScheduledExecutorService writer = Executors.newSingleThreadScheduledExecutor();
    // In the order of the profiles, so that two writers never wait for each other in a circle.
    private SortedMap<String, Row> pending = new TreeMap<>();
    private Exception failure;

    PostgresScores(String url) throws SQLException {
        connection = DriverManager.getConnection(url);
        try (Statement statement = connection.createStatement()) {
            statement.execute(TABLE);
        }
        upsert = connection.prepareStatement(UPSERT);
        writer.scheduleWithFixedDelay(this::writePending, 0, EVERY_MILLISECONDS, TimeUnit.MILLISECONDS);
    }

    @Override
    public synchronized void put(String profile, double score, String stage) {
        while (failure == null && pending.size() >= MOST_PENDING) {
            try {
                wait();
            } catch (InterruptedException error) {
                throw new IllegalStateException("Interrupted before a score was written", error);
            }
        }
        throwFailure();
        pending.put(profile, new Row(profile, score, stage));
    }

    @Override
    public void close() throws SQLException {
        writer.shutdown();
        writePending();
        connection.close();
        throwFailure();
    }

    private void writePending() {
        // One at a time, so that no row is overwritten by an older one.
        synchronized (connection) {
            Collection<Row> rows = takePending();
            try {
                if (!rows.isEmpty()) {
                    write(rows);
                }
            } catch (SQLException error) {
                fail(error);
            }
        }
    }

    private synchronized Collection<Row> takePending() {
        Collection<Row> taken = pending.values();
        pending = new TreeMap<>();
        notifyAll();
        return taken;
    }

    private void write(Collection<Row> rows) throws SQLException {
        List<String> profiles = new ArrayList<>(rows.size());
        List<Double> scores = new ArrayList<>(rows.size());
        List<String> stages = new ArrayList<>(rows.size());
        for (Row row : rows) {
            profiles.add(row.profile());
            scores.add(row.score());
            stages.add(row.stage());
        }
        upsert.setArray(1, array("text", profiles));
        upsert.setArray(2, array("float8", scores));
        upsert.setArray(3, array("text", stages));
        upsert.executeUpdate();
    }

    private Array array(String type, List<?> values) throws SQLException {
        return connection.createArrayOf(type, values.toArray());
    }

    private synchronized void fail(SQLException error) {
        failure = error;
        notifyAll();
    }

    private synchronized void throwFailure() {
        if (failure != null) {
            throw new IllegalStateException("The scores cannot be written", failure);
        }
    }
}
