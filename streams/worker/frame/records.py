"""Records as the broker's batch holds them, without a copy of each into aiokafka's ConsumerRecord.

A worker reads nothing but offset, key, value and timestamp; making a ConsumerRecord of eleven fields of every record
costs as much as decoding the event in it. tests/kafka/test_faust_assumptions.py watches what this stands on.
"""

from collections.abc import Iterator
from typing import Any

from aiokafka.consumer.fetcher import PartitionRecords


def read_bare_records() -> None:
    """From now on all consumers of this process hand on the records of the batch as they are."""
    PartitionRecords._consumer_record = _bare  # noqa: SLF001 - there is no other way to say so
    PartitionRecords.__iter__ = _unwrapped


def _bare(_self: PartitionRecords, _tp: Any, record: Any) -> Any:
    return record


def _unwrapped(records: PartitionRecords) -> Iterator[Any]:
    """The generator itself, without a call of __next__ around each of its steps; it goes on where it stopped."""
    iterator: Iterator[Any] | None = records._records_iterator  # noqa: SLF001 - as above
    return iter(()) if iterator is None else iterator
