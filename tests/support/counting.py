"""A third stage, as its author would write it: how often each customer's tier has changed."""

from collections.abc import Iterable

from streams.contracts.kept import LaneRecord
from streams.partition.entries import Entry, Record
from streams.partition.partition import Partition
from streams.settings import Settings
from streams.stages.placing import place_of_customers
from streams.stages.stage import Output, Stage
from streams.values.calendar import NEVER_MS

COUNTS = "counts"


class Counts(Partition):
    """Counts the records of each key."""

    def decode(self, topic: int, records: Iterable[Record]) -> list[Entry]:
        return [Entry(NEVER_MS, topic, record.offset, None, record) for record in records]

    def work_entry(self, entry: Entry) -> bool:
        key = entry.record.key or b""
        count = b"%d" % (int(self.get(key) or 0) + 1)
        self.put(key, count)
        self.tell(COUNTS, key, count)
        return True


def counting_stage(settings: Settings) -> Stage:
    """Counts tier changes by customer into the topic `counts`."""

    def open_partition(_: int, packed: dict[bytes, bytes], lane: LaneRecord) -> Counts:
        return Counts(1, packed, lane)

    return Stage(
        name="counting",
        title="counts",
        group=settings.app_id,
        ids_prefix=f"{settings.app_id}-counts-",
        inputs=(settings.output_topic("changes"),),
        outputs={COUNTS: Output(settings.output_topic(COUNTS), place_of_customers(settings))},
        changelog=f"{settings.app_id}-counts-changelog",
        open=open_partition,
        witnesses=(COUNTS,),
    )
