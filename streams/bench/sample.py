"""States for benchmarks: events worked without a broker, and a changelog filled with the states that come of them.

The states of a sample of customers are repeated under other keys until the changelog is as large as it is to be.
"""

from collections.abc import Iterable, Sequence
from itertools import cycle, islice
from typing import NamedTuple

from streams.bench.feed import Feed
from streams.bench.reading import refuse_dead_letters
from streams.bench.stand import Stand
from streams.bench.workload import InputRecord
from streams.contracts.kept import LaneRecord
from streams.contracts.log import decode_dead_letter
from streams.contracts.packing import LANE_KEY, pack_lane
from streams.kafka.wall_clock import wall_ms
from streams.partition.customers import Customers
from streams.partition.outputs import sent_to
from streams.partition.work import DEAD_LETTERS, Work
from streams.policy.policy import Policy
from streams.settings import Settings
from streams.stages.customers import partition_setup
from streams.values.events import TOPICS


class SampleRecord(NamedTuple):
    """A record as a partition decodes it, without a broker."""

    offset: int
    key: bytes
    value: bytes


def empty_partition(settings: Settings, policy: Policy) -> Customers:
    """Makes a partition that owns every customer."""
    return Customers(partition_setup(settings, policy, partition=0, partitions=1))


def work_records(partition: Customers, records: Iterable[InputRecord]) -> None:
    """Works the records as one batch.

    Raises:
        UsageError: A record becomes a dead letter.
    """
    offset = first = max(partition.next_offsets)
    entries = []
    for offset, (topic, key, value) in enumerate(records, first):
        entries += partition.decode(topic, [SampleRecord(offset, key, value)])
    work = partition.work(entries, [offset + 1] * len(TOPICS), wall_ms())
    refuse_letters_of(work)
    partition.keep(work)


def refuse_letters_of(work: Work) -> None:
    """Refuses the dead letters of a batch.

    Raises:
        UsageError: There is a dead letter.
    """
    refuse_dead_letters([decode_dead_letter(letter.value or b"") for letter in sent_to(work, DEAD_LETTERS)])


async def fill_changelog(on: Stand, sample: Sequence[bytes], records: int) -> None:
    """Writes the sample to the changelog until it has so many records, each under a key of its own.

    Every partition ends with a lane record, as transactions leave it. sample: packed states.
    """
    topic = on.settings.changelog_topic
    async with Feed(on.settings, on.partitions) as feed:
        for number, packed in enumerate(islice(cycle(sample), records)):
            key = b"C%09d" % number
            await feed.put(topic, feed.partition(key), key, packed)
        for partition in range(on.partitions):
            lane = LaneRecord((0,) * len(TOPICS), counter=1, clock_ms=wall_ms())
            await feed.put(topic, partition, LANE_KEY, pack_lane(lane))
