"""What a partition works by, from the settings: the same for whoever works it, now or again."""

from dataclasses import dataclass

from streams.engine.policy import Policy
from streams.kafka.partitioner import partition_of
from streams.rules import Clock, PartitionRules
from streams.settings import Settings


@dataclass(frozen=True)
class Owns:
    """Whether the partitioner puts a key into this partition."""

    partition: int
    partitions: int
    settings: Settings

    def __call__(self, key: bytes) -> bool:
        """Where no partitioner is set, every one owns every key."""
        partitioner = self.settings.partitioner
        return partitioner == "none" or partition_of(key, self.partitions, partitioner) == self.partition


def partition_rules(
    settings: Settings, policy: Policy, partition: int, partitions: int, clock: Clock | None = None
) -> PartitionRules:
    """The rules of one partition of so many; clock: another than that of the settings."""
    return PartitionRules(
        partition=partition,
        policy=policy,
        clock=clock or settings.clock,
        topics=settings.input_topics(),
        source=f"/tierflow/{settings.app_id}",
        owns=Owns(partition, partitions, settings),
        backfill=settings.backfill,
    )
