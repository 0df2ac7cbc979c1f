package flipline.peer;

import java.nio.file.Path;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.errors.LogAndContinueExceptionHandler;

/**
 * What the environment says.
 *
 * @param application the id of the application, which its changelogs and its group are named after
 * @param leads the topic of the leads
 * @param matrix a file with the JSON of the matrix
 * @param state the directory of RocksDB
 * @param outcome the file that everybody's score is written to in the end
 * @param database the JDBC address of the database that keeps scores too; null for none
 */
record Settings(
        String bootstrap, String application, String leads, Path matrix, Path state, Path outcome, String database) {

    private static final int COMMIT_MILLISECONDS = 100;
    private static final long CACHE_BYTES = 64L << 20;
    private static final int BATCH_BYTES = 256 << 10;

    static Settings read(Map<String, String> environment) {
        return new Settings(
                environment.get("PEER_BOOTSTRAP"),
                environment.get("PEER_APPLICATION"),
                environment.get("PEER_LEADS"),
                Path.of(environment.get("PEER_MATRIX")),
                Path.of(environment.get("PEER_STATE")),
                Path.of(environment.get("PEER_OUTCOME")),
                environment.get("PEER_DATABASE"));
    }

    Properties streams() {
        Properties settings = new Properties();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, application);
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap);
        settings.put(StreamsConfig.STATE_DIR_CONFIG, state.toString());
        settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, COMMIT_MILLISECONDS);
        settings.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, CACHE_BYTES);
        // Our worker is one process, whose Python runs on one core.
        settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
        settings.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
        settings.put(
                StreamsConfig.DESERIALIZATION_EXCEPTION_HANDLER_CLASS_CONFIG, LogAndContinueExceptionHandler.class);
        settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
        settings.put(StreamsConfig.producerPrefix(ProducerConfig.BATCH_SIZE_CONFIG), BATCH_BYTES);
        return settings;
    }
}
