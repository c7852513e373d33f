package peer;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsOptions;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsSpec;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;

/** What is asked of the broker beside reading and writing. */
final class Topics {
    private static final int PARTITIONS = 4;

    private Topics() {}

    /** Makes the topics that are not there. */
    static void make(Admin admin, List<String> topics) throws Exception {
        var there = admin.listTopics().names().get();
        var missing = topics.stream().filter(topic -> !there.contains(topic))
                .map(topic -> new NewTopic(topic, Optional.of(PARTITIONS), Optional.empty())
                        .configs(Map.of("retention.ms", "-1")))
                .toList();
        admin.createTopics(missing).all().get();
    }

    /** Input records whose offsets the group has committed (topics begin at offset 0, written without transactions). */
    static long committed(Admin admin, String group, List<String> topics) throws Exception {
        Map<TopicPartition, OffsetAndMetadata> offsets = admin.listConsumerGroupOffsets(
                        Map.of(group, new ListConsumerGroupOffsetsSpec()),
                        new ListConsumerGroupOffsetsOptions().requireStable(true))
                .partitionsToOffsetAndMetadata(group).get();
        long sum = 0;
        for (Map.Entry<TopicPartition, OffsetAndMetadata> each : offsets.entrySet())
            if (each.getValue() != null && topics.contains(each.getKey().topic())) sum += each.getValue().offset();
        return sum;
    }

    /** Records of a topic that a read_committed reader cannot see yet. */
    static long open(Admin admin, String topic) throws Exception {
        return end(admin, topic, IsolationLevel.READ_UNCOMMITTED) - end(admin, topic, IsolationLevel.READ_COMMITTED);
    }

    private static long end(Admin admin, String topic, IsolationLevel isolation) throws Exception {
        Map<TopicPartition, OffsetSpec> asked = new HashMap<>();
        admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions()
                .forEach(each -> asked.put(new TopicPartition(topic, each.partition()), OffsetSpec.latest()));
        long sum = 0;
        for (ListOffsetsResultInfo each : admin.listOffsets(asked, new ListOffsetsOptions(isolation)).all().get().values())
            sum += each.offset();
        return sum;
    }
}
