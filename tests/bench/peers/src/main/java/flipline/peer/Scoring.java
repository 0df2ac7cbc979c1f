package flipline.peer;

import java.util.List;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;

/** The fold of one partition: dedupe, count, price, and a lead for whoever reaches the flip number first. */
final class Scoring implements Processor<byte[], Interaction, String, Lead> {
    static final String SEEN = "seen";
    static final String PROFILES = "profiles";
    private static final byte[] YES = {1};

    private final Matrix matrix;
    private final ScoreTable table;
    private ProcessorContext<String, Lead> context;
    private KeyValueStore<String, byte[]> seen;
    private KeyValueStore<String, Profile> profiles;

    Scoring(Matrix matrix, ScoreTable table) {
        this.matrix = matrix;
        this.table = table;
    }

    @Override
    public void init(ProcessorContext<String, Lead> context) {
        this.context = context;
        seen = context.getStateStore(SEEN);
        profiles = context.getStateStore(PROFILES);
        // A crash may have kept some from the table.
        try (KeyValueIterator<String, Profile> all = profiles.all()) {
            all.forEachRemaining(one -> tell(one.key, one.value.score()));
        }
    }

    @Override
    public void process(Record<byte[], Interaction> record) {
        Interaction interaction = record.value();
        // An event that comes twice names the same profile, and so it is on the same partition.
        if (!interaction.isCounted() || seen.putIfAbsent(interaction.id(), YES) != null) {
            return;
        }
        String name = interaction.profile();
        Profile known = profiles.get(name);
        Profile profile = known == null ? new Profile() : known;
        double before = profile.score();
        matrix.count(interaction, profile);
        List<Reason> reasons = matrix.reasons(profile);
        profile.setScore(matrix.score(reasons));
        if (!profile.flipped() && profile.score() >= matrix.flipNumber()) {
            profile.flip();
            context.forward(record.withKey(name).withValue(lead(name, profile, reasons)));
        }
        profiles.put(name, profile);
        if (known == null || profile.score() != before) {
            tell(name, profile.score());
        }
    }

    private void tell(String name, double score) {
        table.put(name, score, matrix.stage(score));
    }

    private Lead lead(String name, Profile profile, List<Reason> reasons) {
        return new Lead(name, profile.score(), matrix.flipNumber(), context.currentSystemTimeMs(), reasons);
    }
}
