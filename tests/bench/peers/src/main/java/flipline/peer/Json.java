package flipline.peer;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import java.io.IOException;
import java.nio.file.Path;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serializer;

/** JSON on the topics and in files. */
final class Json {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private Json() {}

    static Deserializer<Interaction> interactions() {
        ObjectReader reader = MAPPER.readerFor(Interaction.class);
        return (topic, bytes) -> {
            try {
                return reader.readValue(bytes);
            } catch (IOException error) {
                throw new SerializationException("This is no event", error);
            }
        };
    }

    static Serializer<Lead> leads() {
        ObjectWriter writer = MAPPER.writerFor(Lead.class);
        return (topic, lead) -> {
            try {
                return writer.writeValueAsBytes(lead);
            } catch (JsonProcessingException error) {
                throw new SerializationException("A lead cannot be written", error);
            }
        };
    }

    static Matrix readMatrix(Path file) throws IOException {
        return new Matrix(MAPPER.readTree(file.toFile()));
    }

    static void write(Path file, Object value) throws IOException {
        MAPPER.writeValue(file.toFile(), value);
    }
}
