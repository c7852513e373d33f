"""Which partition a customer or a campaign is in."""

from dataclasses import dataclass
from functools import partial

from streams.kafka.partitioner import partition_of
from streams.settings import Settings
from streams.stages.stage import Place


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


def place_of_customers(settings: Settings) -> Place:
    """Places customers as the producers of the inputs do."""
    return partial(partition_of, partitioner=settings.partitioner)


def place_of_campaigns() -> Place:
    """Places campaigns by murmur2, whatever the inputs' partitioner: only tierflow writes candidates."""
    return partial(partition_of, partitioner="murmur2")
