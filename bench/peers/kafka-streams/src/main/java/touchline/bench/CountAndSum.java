package touchline.bench;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.ContextualFixedKeyProcessor;
import org.apache.kafka.streams.processor.api.FixedKeyProcessorContext;
import org.apache.kafka.streams.processor.api.FixedKeyRecord;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * Count and sum per customer with the Streams DSL: RocksDB store, changelog on, cache on (all defaults).
 *
 * <p>Arguments as {@code --name value}: bootstrap, topic, group, events, state-dir, threads, guarantee
 * ({@code at_least_once} or {@code exactly_once_v2}), commit-ms (0: the default of the guarantee).
 * Prints one line of JSON once the committed offsets add up to {@code events}.
 */
public final class CountAndSum {
    private static final String STORE = "totals";
    private static final Duration PROBE_EVERY = Duration.ofMillis(10);
    private static final long COMMIT_POLL_MILLIS = 5;
    private static final AtomicLong FIRST_NANOS = new AtomicLong();
    private static final AtomicLong SEEN = new AtomicLong();

    private CountAndSum() {}

    /** What the job needs of an event; a typed bean is the fastest form of Jackson's databind. */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public static final class Transaction {
        public String customer_id;
        public double amount;
    }

    /** What is kept of one customer; 16 bytes in the store and the changelog. */
    record Totals(long count, double sum) {
        byte[] toBytes() {
            return ByteBuffer.allocate(16).putLong(count).putDouble(sum).array();
        }

        static Totals fromBytes(byte[] bytes) {
            ByteBuffer buffer = ByteBuffer.wrap(bytes);
            return new Totals(buffer.getLong(), buffer.getDouble());
        }
    }

    /**
     * Notes the first record and the number seen. At the last one it asks for a commit, so that a
     * long commit interval (30 s by default at least once) does not count against the engine.
     */
    private static final class Probe extends ContextualFixedKeyProcessor<String, Transaction, Transaction> {
        private final long events;

        Probe(long events) {
            this.events = events;
        }

        @Override
        public void init(FixedKeyProcessorContext<String, Transaction> context) {
            super.init(context);
            context.schedule(PROBE_EVERY, PunctuationType.WALL_CLOCK_TIME, now -> {
                if (SEEN.get() >= events) {
                    context.commit();
                }
            });
        }

        @Override
        public void process(FixedKeyRecord<String, Transaction> record) {
            if (FIRST_NANOS.get() == 0) {
                FIRST_NANOS.compareAndSet(0, System.nanoTime());
            }
            SEEN.incrementAndGet();
            context().forward(record);
        }
    }

    static Topology topology(String topic, long events) {
        StreamsBuilder builder = new StreamsBuilder();
        builder.stream(topic, Consumed.with(Serdes.String(), transactionSerde()))
            .processValues(() -> new Probe(events))
            .groupByKey()
            .aggregate(
                () -> new Totals(0, 0.0),
                (key, value, kept) -> new Totals(kept.count() + 1, kept.sum() + value.amount),
                Materialized.<String, Totals, KeyValueStore<Bytes, byte[]>>as(STORE)
                    .withKeySerde(Serdes.String())
                    .withValueSerde(totalsSerde()));
        return builder.build();
    }

    private static Serde<Transaction> transactionSerde() {
        ObjectReader reader = new ObjectMapper().readerFor(Transaction.class);
        Deserializer<Transaction> deserializer = (topic, bytes) -> {
            try {
                return reader.readValue(bytes);
            } catch (IOException error) {
                throw new UncheckedIOException(error);
            }
        };
        Serializer<Transaction> serializer = (topic, value) -> {
            throw new IllegalStateException("transactions are only read");
        };
        return Serdes.serdeFrom(serializer, deserializer);
    }

    private static Serde<Totals> totalsSerde() {
        Serializer<Totals> serializer = (topic, totals) -> totals == null ? null : totals.toBytes();
        Deserializer<Totals> deserializer = (topic, bytes) -> bytes == null ? null : Totals.fromBytes(bytes);
        return Serdes.serdeFrom(serializer, deserializer);
    }

    private static Properties settings(Map<String, String> options) {
        Properties settings = new Properties();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, options.get("group"));
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, options.get("bootstrap"));
        settings.put(StreamsConfig.STATE_DIR_CONFIG, options.get("state-dir"));
        settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, options.get("threads"));
        settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, options.get("guarantee"));
        settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        if (!options.get("commit-ms").equals("0")) {
            settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, options.get("commit-ms"));
        }
        return settings;
    }

    private static long committed(Admin admin, String group) throws Exception {
        long sum = 0;
        for (OffsetAndMetadata offset : admin.listConsumerGroupOffsets(group)
                .partitionsToOffsetAndMetadata().get().values()) {
            sum += offset == null ? 0 : offset.offset();
        }
        return sum;
    }

    private static Map<String, String> parse(String[] arguments) {
        Map<String, String> options = new HashMap<>(Map.of(
            "threads", "1", "guarantee", "at_least_once", "commit-ms", "0"));
        for (int index = 0; index + 1 < arguments.length; index += 2) {
            options.put(arguments[index].substring(2), arguments[index + 1]);
        }
        return options;
    }

    public static void main(String[] arguments) throws Exception {
        Map<String, String> options = parse(arguments);
        long events = Long.parseLong(options.get("events"));
        String group = options.get("group");
        KafkaStreams streams = new KafkaStreams(topology(options.get("topic"), events), settings(options));
        streams.setUncaughtExceptionHandler(error -> {
            error.printStackTrace();
            Runtime.getRuntime().halt(1);
            return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
        Properties admins = new Properties();
        admins.put(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, options.get("bootstrap"));
        try (Admin admin = Admin.create(admins)) {
            streams.start();
            while (SEEN.get() < events || committed(admin, group) < events) {
                Thread.sleep(COMMIT_POLL_MILLIS);
            }
            double seconds = (System.nanoTime() - FIRST_NANOS.get()) / 1e9;
            System.out.printf("{\"events\": %d, \"seconds\": %.6f}%n", SEEN.get(), seconds);
            System.out.flush();
        }
        streams.close(Duration.ofSeconds(10));
    }
}
