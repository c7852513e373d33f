import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Sends bookings to tierflow from an outbox: the core writes a row in the transaction that books, this program sends it
 * and then marks it as sent. To copy: put your database in the place of SQLite, and your columns into the two events.
 */
public final class Producer {
    private static final String OUTBOX = """
        CREATE TABLE IF NOT EXISTS bookings (id INTEGER PRIMARY KEY, customer_id TEXT, account_id TEXT, type TEXT,
            amount TEXT, balance TEXT, currency TEXT, booked_at TEXT, sent INTEGER NOT NULL DEFAULT 0)
        """;
    // In the order in which they were booked. Fewer than the 64 events of a customer that tierflow remembers at least:
    // what a crash brings once more is known there, and changes nothing.
    private static final String NEXT = "SELECT * FROM bookings WHERE sent = 0 ORDER BY id LIMIT 50";
    private static final String SENT = "UPDATE bookings SET sent = 1 WHERE id = ?";
    private static final long PAUSE_MS = 200;
    private static final ObjectMapper JSON = new ObjectMapper();
    private static volatile boolean isAsked; // to end

    public static void main(String[] arguments) throws Exception {
        try (Connection outbox = DriverManager.getConnection("jdbc:sqlite:" + setting("PRODUCER_OUTBOX", "core.db"));
                KafkaProducer<String, String> producer = new KafkaProducer<>(settings())) {
            outbox.createStatement().execute("PRAGMA busy_timeout = 30000");
            outbox.createStatement().execute(OUTBOX);
            outbox.setAutoCommit(false);
            Thread sending = Thread.currentThread();
            Runtime.getRuntime().addShutdownHook(new Thread(() -> {
                isAsked = true;
                try {
                    sending.join();
                } catch (InterruptedException ended) {
                    Thread.currentThread().interrupt();
                }
            }));
            while (!isAsked) {
                if (!send(outbox, producer)) {
                    Thread.sleep(PAUSE_MS);
                }
            }
        }
    }

    /** Sends the next bookings; says whether there were any. An exception ends the program: nothing is marked then. */
    private static boolean send(Connection outbox, KafkaProducer<String, String> producer)
            throws SQLException, ExecutionException, InterruptedException {
        List<Long> ids = new ArrayList<>();
        List<Future<?>> acknowledged = new ArrayList<>();
        try (ResultSet row = outbox.createStatement().executeQuery(NEXT)) {
            while (row.next()) {
                ids.add(row.getLong("id"));
                acknowledged.add(producer.send(record("transactions", row, transaction(row))));
                acknowledged.add(producer.send(record("balances", row, balance(row))));
            }
        }
        for (Future<?> one : acknowledged) {
            one.get(); // the broker has it
        }
        try (PreparedStatement sent = outbox.prepareStatement(SENT)) {
            for (long id : ids) {
                sent.setLong(1, id);
                sent.executeUpdate();
            }
        }
        outbox.commit(); // only then it is marked
        return !ids.isEmpty();
    }

    /** The key is the customer: so all events of a customer are in one partition, in their order. */
    private static ProducerRecord<String, String> record(String topic, ResultSet row, ObjectNode event)
            throws SQLException {
        String name = setting("TIERFLOW_INPUT_PREFIX", "bank.") + topic;
        return new ProducerRecord<>(name, row.getString("customer_id"), event.toString());
    }

    private static ObjectNode transaction(ResultSet row) throws SQLException {
        return event(row)
            .put("type", row.getString("type"))
            .put("amount", row.getString("amount")) // a string, at most 4 decimals; never a double
            .put("occurred_at", row.getString("booked_at")); // RFC 3339 with an offset, or epoch milliseconds
    }

    private static ObjectNode balance(ResultSet row) throws SQLException {
        return event(row)
            .put("balance", row.getString("balance")) // after the booking
            .put("as_of", row.getString("booked_at")); // of an account the newest wins
    }

    private static ObjectNode event(ResultSet row) throws SQLException {
        return JSON.createObjectNode()
            .put("event_id", "core-" + row.getLong("id")) // of the booking: the same whenever it is sent
            .put("customer_id", row.getString("customer_id"))
            .put("account_id", row.getString("account_id"))
            .put("currency", row.getString("currency"));
    }

    private static Properties settings() {
        Properties settings = new Properties();
        settings.put("bootstrap.servers", setting("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9092"));
        settings.put("acks", "all");
        settings.put("enable.idempotence", "true"); // a retry neither doubles a record nor changes the order
        settings.put("compression.type", "zstd");
        settings.put("linger.ms", "5");
        // The partitioner is the default one, murmur2 of the key: TIERFLOW_PARTITIONER=murmur2.
        settings.put("key.serializer", StringSerializer.class);
        settings.put("value.serializer", StringSerializer.class);
        return settings;
    }

    private static String setting(String name, String otherwise) {
        return System.getenv().getOrDefault(name, otherwise);
    }
}
