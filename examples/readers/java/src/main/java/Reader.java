import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.StringDeserializer;

/** Acts on tierflow's tier changes, each once. To copy: put your database in the place of SQLite, and your work into act. */
public final class Reader {
    private static final String TABLES = """
        CREATE TABLE IF NOT EXISTS tiers (customer_id TEXT PRIMARY KEY, sequence INTEGER, tier TEXT);
        CREATE TABLE IF NOT EXISTS letters (change_id TEXT PRIMARY KEY, text TEXT);
        """;
    // Ever forward: a change that comes again moves nothing.
    private static final String MOVE = """
        INSERT INTO tiers VALUES (?, ?, ?) ON CONFLICT (customer_id) DO UPDATE
        SET sequence = excluded.sequence, tier = excluded.tier WHERE excluded.sequence > tiers.sequence
        """;

    public static void main(String[] arguments) throws Exception {
        try (Connection store = DriverManager.getConnection("jdbc:sqlite:" + setting("READER_STORE", "tiers.db"));
                KafkaConsumer<String, String> consumer = new KafkaConsumer<>(settings())) {
            for (String table : TABLES.split(";\n")) {
                store.createStatement().execute(table);
            }
            store.setAutoCommit(false);
            Thread reading = Thread.currentThread();
            Runtime.getRuntime().addShutdownHook(new Thread(() -> {
                consumer.wakeup();
                try {
                    reading.join();
                } catch (InterruptedException ended) {
                    Thread.currentThread().interrupt();
                }
            }));
            read(store, consumer);
        } catch (WakeupException asked) {
            // SIGTERM or SIGINT: what was committed is done, the rest comes again.
        }
    }

    private static void read(Connection store, KafkaConsumer<String, String> consumer) throws Exception {
        ObjectMapper json = new ObjectMapper();
        consumer.subscribe(List.of(setting("TIERFLOW_OUTPUT_PREFIX", "tier.") + "changes"));
        while (true) {
            for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(500))) {
                act(store, json.readTree(record.value()));
            }
            store.commit(); // the work, and the note that it is done: both or neither
            consumer.commitSync(); // only then the position
        }
    }

    private static void act(Connection store, JsonNode change) throws SQLException {
        try (PreparedStatement move = store.prepareStatement(MOVE)) {
            move.setString(1, change.get("customer_id").asText());
            move.setLong(2, change.get("sequence").asLong());
            move.setString(3, change.get("tier").asText());
            if (move.executeUpdate() == 0 || change.get("backfill").asBoolean()) {
                return; // seen before; or history, by which nobody has done anything now
            }
        }
        try (PreparedStatement letter = store.prepareStatement("INSERT INTO letters VALUES (?, ?)")) {
            letter.setString(1, change.get("id").asText());
            letter.setString(2, "Your tier is now " + change.get("tier").asText());
            letter.executeUpdate();
        }
    }

    private static Properties settings() {
        Properties settings = new Properties();
        settings.put("bootstrap.servers", setting("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9092"));
        settings.put("group.id", setting("READER_GROUP", "letters"));
        settings.put("isolation.level", "read_committed"); // not the default: else you act on what is taken back
        settings.put("enable.auto.commit", "false"); // by hand, after the work
        settings.put("auto.offset.reset", "earliest"); // a new group misses nothing
        settings.put("key.deserializer", StringDeserializer.class);
        settings.put("value.deserializer", StringDeserializer.class);
        return settings;
    }

    private static String setting(String name, String otherwise) {
        return System.getenv().getOrDefault(name, otherwise);
    }
}
