"""The run of an export: what is new on the topics goes into files, what was erased out of them."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from datetime import date
from typing import Any, Final, NamedTuple

import msgspec
from aiokafka import TopicPartition

from streams.errors import UsageError
from streams.export.columns import TABLES, Table
from streams.export.customers import write_customers
from streams.export.erased import take_out
from streams.export.files import Folder, Part
from streams.kafka.erasures import Erasures, read_erasures
from streams.kafka.keys import Keys
from streams.kafka.offsets import Offsets, Span
from streams.kafka.permitted import check_rights
from streams.kafka.rights.programs import reader
from streams.kafka.topic_ids import ask_for_topics
from streams.kafka.topics import partition_count
from streams.kafka.whole_topic import records_between
from streams.settings import Settings

RECORDS_OF_A_FILE: Final = 100_000

# Called with the name of a table, how many records are read, and how many there are.
Progress = Callable[[str, int, int], None]


class Exported(NamedTuple):
    """What a run did. rows: new ones, by table. foreign: records that are no messages of tierflow, by table.

    erased: rows that were taken out of older files. customers: how many there are, by day.
    """

    rows: dict[str, int]
    foreign: dict[str, int]
    erased: int
    customers: dict[date, int]


async def export(settings: Settings, folder: Folder, as_of: Sequence[date], progress: Progress) -> Exported:
    """Goes on with the export in a folder, up to what is committed now.

    Raises:
        UsageError: Kafka does not answer, a topic is missing, a right is, or the folder is not of these topics.
    """
    outputs = [table.output for table in TABLES.values()]
    await check_rights(settings, "reader", reader(settings, [*outputs, "erasures"]))
    with folder.alone():
        erasures = await read_erasures(settings)
        rows, foreign = dict[str, int](), dict[str, int]()
        async with Keys(settings) as keys:
            for name, table in TABLES.items():
                topic = await _Topic.ready(settings, folder, name, table)
                rows[name], foreign[name] = await topic.copy(erasures, keys, progress)
        return Exported(rows, foreign, _forget(folder, erasures), {day: write_customers(folder, day) for day in as_of})


def _forget(folder: Folder, erasures: Erasures) -> int:
    """Takes out what erases have made void that no run before knew of."""
    known = folder.erasures_read()
    now = {tp.partition: offset for tp, offset in erasures.next_offsets.items()}
    if now == known:
        return 0
    gone = take_out(folder, erasures.by_customer())
    folder.note_erasures(now)
    return gone


class _Topic:
    """One topic and its table."""

    def __init__(self, settings: Settings, folder: Folder, name: str, table: Table) -> None:
        self._settings = settings
        self._folder = folder
        self._name = name
        self._table = table
        self._topic = settings.output_topic(table.output)
        self._topic_id = ""
        self._spans: dict[TopicPartition, Span] = {}

    @classmethod
    async def ready(cls, settings: Settings, folder: Folder, name: str, table: Table) -> "_Topic":
        """Makes it, and finds out what is new on the topic."""
        made = cls(settings, folder, name, table)
        tps = [TopicPartition(made._topic, n) for n in range(await partition_count(settings, made._topic))]
        made._topic_id = (await ask_for_topics(settings.client_options(), [made._topic]))[made._topic].id
        parts = folder.parts(name)
        async with Offsets(settings.client_options()) as offsets:
            spans = zip(tps, await offsets.beginnings(tps), await offsets.decided_ends(tps), strict=True)
            made._spans = {
                tp: made._span(tp, beginning, end, parts.get(tp.partition, ())) for tp, beginning, end in spans
            }
        return made

    def _span(self, tp: TopicPartition, beginning: int, end: int, parts: Sequence[Part]) -> Span:
        """Gives what of a partition no file has. parts: its files."""
        if not parts:
            return Span(beginning, end)
        self._folder.check_topic(parts[-1], self._topic, self._topic_id)
        reached = parts[-1].next_offset
        if beginning > reached:
            raise UsageError(
                f"{self._topic} partition {tp.partition}: the records from {reached} to {beginning} were deleted "
                f"before they were exported to {self._folder.path}; keep what is there, and export into an empty folder"
            )
        return Span(reached, end)

    async def copy(self, erasures: Erasures, keys: Keys, progress: Progress) -> tuple[int, int]:
        """Writes what is new into files; gives how many rows that were, and how many records were foreign."""
        total, read, rows, foreign = sum(max(end - begin, 0) for begin, end in self._spans.values()), 0, 0, 0
        for tp, span in self._spans.items():
            begins_at = span.beginning
            async for next_offset, taken, passed in self._batches(tp, span, erasures, keys):
                part = self._folder.part(self._name, tp.partition, begins_at, next_offset)
                self._folder.write(part, self._table.schema, taken, self._topic_id)
                read, rows, foreign = read + next_offset - begins_at, rows + len(taken), foreign + passed
                begins_at = next_offset
                progress(self._name, read, total)
        return rows, foreign

    async def _batches(
        self, tp: TopicPartition, span: Span, erasures: Erasures, keys: Keys
    ) -> AsyncIterator[tuple[int, list[dict[str, Any]], int]]:
        """Yields the rows of a file, behind the offset after its last record, and how many records were foreign."""
        taken, read, foreign = list[dict[str, Any]](), 0, 0
        async with aclosing(records_between(self._settings, {tp: span})) as records:
            async for record in records:
                if read == RECORDS_OF_A_FILE:
                    yield record.offset, taken, foreign
                    taken, read, foreign = [], 0, 0
                read += 1
                value, is_erased = await keys.opened(record)
                if is_erased or erasures.void_output(record, value):
                    continue
                row = self._row(value, tp.partition, record.offset)
                if row is None:
                    foreign += 1
                else:
                    taken.append(row)
        if read:
            yield span.end, taken, foreign

    def _row(self, value: bytes | None, partition: int, offset: int) -> dict[str, Any] | None:
        """Gives the row of a record; None where it is no message of tierflow."""
        try:
            return self._table.row(msgspec.json.decode(value or b""), partition, offset)
        except (ValueError, TypeError, AttributeError, LookupError, ArithmeticError):
            return None
