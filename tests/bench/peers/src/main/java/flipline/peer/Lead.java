package flipline.peer;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;

/**
 * A profile has reached the flip number for the first time.
 *
 * @param qualifiedAt in milliseconds since 1970
 */
record Lead(
        String profile,
        double score,
        @JsonProperty("flip_number") double flipNumber,
        @JsonProperty("qualified_at") long qualifiedAt,
        List<Reason> reasons) {}
