package flipline.peer;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.ByteUtils;

/**
 * Profiles as bytes, for RocksDB and its changelog.
 *
 * <p>Numbers have variable length: each event writes its profile anew, so the changelog would be longer otherwise.
 */
final class ProfileSerde {
    private static final int HEAD_BYTES = Byte.BYTES + Double.BYTES;
    private static final int MOST_BYTES_OF_A_NUMBER = 5;
    private static final int NUMBERS_OF_A_COUNT = 4;
    private static final int MOST_BYTES_OF_A_CHARACTER = 3;

    private ProfileSerde() {}

    static Serde<Profile> make() {
        return Serdes.serdeFrom((topic, profile) -> write(profile), (topic, bytes) -> read(bytes));
    }

    private static byte[] write(Profile profile) {
        if (profile == null) {
            return null;
        }
        ByteBuffer out = ByteBuffer.allocate(mostBytes(profile));
        out.put((byte) (profile.flipped() ? 1 : 0));
        out.putDouble(profile.score());
        ByteUtils.writeUnsignedVarint(profile.counts().size(), out);
        for (Count count : profile.counts()) {
            ByteUtils.writeUnsignedVarint(count.rule(), out);
            ByteUtils.writeUnsignedVarint(count.day(), out);
            ByteUtils.writeUnsignedVarint(count.times(), out);
            byte[] by = count.by().getBytes(StandardCharsets.UTF_8);
            ByteUtils.writeUnsignedVarint(by.length, out);
            out.put(by);
        }
        return Arrays.copyOf(out.array(), out.position());
    }

    private static int mostBytes(Profile profile) {
        int bytes = HEAD_BYTES + MOST_BYTES_OF_A_NUMBER;
        for (Count count : profile.counts()) {
            bytes += NUMBERS_OF_A_COUNT * MOST_BYTES_OF_A_NUMBER + MOST_BYTES_OF_A_CHARACTER * count.by().length();
        }
        return bytes;
    }

    private static Profile read(byte[] bytes) {
        if (bytes == null) {
            return null;
        }
        ByteBuffer in = ByteBuffer.wrap(bytes);
        boolean flipped = in.get() == 1;
        double score = in.getDouble();
        int size = ByteUtils.readUnsignedVarint(in);
        // One event adds a few counts at most.
        List<Count> counts = new ArrayList<>(size + NUMBERS_OF_A_COUNT);
        for (int i = 0; i < size; i++) {
            int rule = ByteUtils.readUnsignedVarint(in);
            int day = ByteUtils.readUnsignedVarint(in);
            int times = ByteUtils.readUnsignedVarint(in);
            counts.add(new Count(rule, readText(in), day, times));
        }
        return new Profile(counts, score, flipped);
    }

    private static String readText(ByteBuffer in) {
        int length = ByteUtils.readUnsignedVarint(in);
        if (length == 0) {
            return "";
        }
        String text = new String(in.array(), in.position(), length, StandardCharsets.UTF_8);
        in.position(in.position() + length);
        return text;
    }
}
