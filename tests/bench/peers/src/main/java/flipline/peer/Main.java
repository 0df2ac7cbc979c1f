package flipline.peer;

import java.io.IOException;
import java.sql.SQLException;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StoreQueryParameters;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.QueryableStoreTypes;
import org.apache.kafka.streams.state.Stores;

/** Runs the application until its standard input ends, and then writes what everybody scores. */
public final class Main {
    private static final String SOURCE = "events";
    private static final String FOLD = "scoring";
    private static final int FAILED = 1;

    private record Outcome(double score, boolean flipped) {}

    private Main() {}

    /** Takes no arguments; the settings are in the environment. */
    public static void main(String[] arguments) throws IOException, SQLException {
        Settings settings = Settings.read(System.getenv());
        try (ScoreTable table = open(settings.database());
                KafkaStreams streams = new KafkaStreams(topology(settings, table), settings.streams())) {
            streams.setStateListener((state, before) -> endOnError(state));
            streams.start();
            awaitEndOfInput();
            Json.write(settings.outcome(), outcomes(streams));
        }
    }

    private static ScoreTable open(String database) throws SQLException {
        return database == null ? ScoreTable.NONE : new PostgresScores(database);
    }

    private static Topology topology(Settings settings, ScoreTable table) throws IOException {
        Matrix matrix = Json.readMatrix(settings.matrix());
        // An id is written once and hardly ever read again, so a cache would be of no use.
        var seen = Stores.keyValueStoreBuilder(
                Stores.persistentKeyValueStore(Scoring.SEEN), Serdes.String(), Serdes.ByteArray());
        var profiles = Stores.keyValueStoreBuilder(
                        Stores.persistentKeyValueStore(Scoring.PROFILES), Serdes.String(), ProfileSerde.make())
                .withCachingEnabled();
        return new Topology()
                .addSource(SOURCE, new ByteArrayDeserializer(), Json.interactions(), "interactions")
                .addProcessor(FOLD, () -> new Scoring(matrix, table), SOURCE)
                .addStateStore(seen, FOLD)
                .addStateStore(profiles, FOLD)
                .addSink("leads", settings.leads(), new StringSerializer(), Json.leads(), FOLD);
    }

    private static void endOnError(KafkaStreams.State state) {
        if (state == KafkaStreams.State.ERROR) {
            // What went wrong is in the log; who waits for this process shall notice.
            Runtime.getRuntime().halt(FAILED);
        }
    }

    private static void awaitEndOfInput() throws IOException {
        while (System.in.read() >= 0) {
            // Nothing that is said matters, only the end.
        }
    }

    private static Map<String, Outcome> outcomes(KafkaStreams streams) {
        Map<String, Outcome> outcomes = new TreeMap<>();
        var query = StoreQueryParameters.fromNameAndType(
                Scoring.PROFILES, QueryableStoreTypes.<String, Profile>keyValueStore());
        try (KeyValueIterator<String, Profile> all = streams.store(query).all()) {
            all.forEachRemaining(one -> outcomes.put(one.key, new Outcome(one.value.score(), one.value.flipped())));
        }
        return outcomes;
    }
}
