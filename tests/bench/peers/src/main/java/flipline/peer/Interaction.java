package flipline.peer;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;

/** An event of the topic `interactions`, as shared/events.py writes it: the fields that scoring reads. */
@JsonIgnoreProperties(ignoreUnknown = true)
record Interaction(
        String event,
        String id,
        String type,
        List<List<String>> identities,
        @JsonProperty("occurred_at") String occurredAt,
        String source,
        String campaign,
        Map<String, Object> properties,
        String machine) {

    private static final String COUNTED_EVENT = "interaction.1";
    private static final int DATE_LENGTH = 10;

    /** Returns whether rules may count it: corrections, points by hand and what machines did are left out. */
    boolean isCounted() {
        return COUNTED_EVENT.equals(event)
                && machine == null
                && !type.equals("identify")
                && !type.equals("adjustment");
    }

    /** Returns the name of the profile: the strongest identity, which ingest puts first. */
    String profile() {
        List<String> strongest = identities.get(0);
        return strongest.get(0) + ':' + strongest.get(1);
    }

    /** Returns the UTC day on which it occurred, in days since 1970-01-01. */
    int day() {
        LocalDate date = occurredAt.endsWith("Z")
                ? LocalDate.parse(occurredAt.substring(0, DATE_LENGTH))
                : OffsetDateTime.parse(occurredAt).withOffsetSameInstant(ZoneOffset.UTC).toLocalDate();
        return Math.toIntExact(date.toEpochDay());
    }

    /** Returns the value that a rule's path names, or null when there is none. */
    Object value(String path) {
        return switch (path) {
            case "source" -> source;
            case "campaign" -> campaign;
            default -> properties == null ? null : properties.get(path);
        };
    }
}
