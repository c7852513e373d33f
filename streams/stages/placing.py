"""Which partition a customer's or a campaign's key belongs to."""

from dataclasses import dataclass
from functools import partial

from streams.kafka.partitioner import partition_of
from streams.partition.budgets import campaign_of
from streams.settings import Settings
from streams.stages.stage import Place


@dataclass(frozen=True)
class Owns:
    """A predicate: does the partitioner put a key into this partition?"""

    partition: int
    partitions: int
    settings: Settings

    def __call__(self, key: bytes) -> bool:
        """Says whether the key belongs here. With TIERFLOW_PARTITIONER=none every partition owns every key."""
        partitioner = self.settings.partitioner
        return partitioner == "none" or partition_of(key, self.partitions, partitioner) == self.partition


def place_of_customers(settings: Settings) -> Place:
    """Gives the placing of customers: the partitioner that the producers of the inputs use."""
    return partial(partition_of, partitioner=settings.partitioner)


def place_of_budgets() -> Place:
    """Gives the placing of what is spent: where the campaign's candidates are."""
    campaigns = place_of_campaigns()
    return lambda key, partitions: campaigns(campaign_of(key), partitions)


def place_of_campaigns() -> Place:
    """Gives the placing of campaigns: murmur2, whatever the inputs' partitioner. Only tierflow writes candidates."""
    return partial(partition_of, partitioner="murmur2")
