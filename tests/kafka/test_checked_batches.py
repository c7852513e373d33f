"""The checksums of fetched batches are checked, but not by aiokafka. Fails after an upgrade of either."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.legacy_records import LegacyRecordBatchBuilder

from streams.kafka.checked_batches import IS_FAST, CheckedBatches


def batch(first: int, count: int, codec: int = 0) -> bytes:
    builder = DefaultRecordBatchBuilder(2, codec, 0, -1, -1, -1, 1 << 20)
    for number in range(count):
        builder.append(number, 1_000, b"C%d" % (first + number), b"x" * 900, [])
    return first.to_bytes(8, "big") + bytes(builder.build())[8:]


def read(fetched: bytes) -> Iterator[Any]:
    records = fetcher.MemoryRecords(fetched)
    assert isinstance(records, CheckedBatches), "aiokafka takes its own: batches are checked slowly"
    place = SimpleNamespace(topic="bank.loans", partition=0)
    found = fetcher.PartitionRecords(place, records, [], 0, None, None, check_crcs=True, isolation_level=1)
    return (record.key for record in found)


def test_the_instruction_is_there() -> None:
    assert IS_FAST, "google-crc32c has no compiled part here: aiokafka's own checks"


def test_batches_are_read_one_after_another_and_the_beginning_of_one_is_left() -> None:
    fetched = batch(0, 3) + batch(3, 40, codec=1) + batch(43, 1)
    keys = [b"C%d" % number for number in range(44)]
    assert list(read(fetched)) == keys
    assert list(read(fetched + batch(44, 5)[:500])) == keys


@pytest.mark.parametrize("damaged", [17, 20, 21, 40, 60, 500, -1])
def test_a_damaged_batch_is_refused_and_what_is_before_it_is_given(damaged: int) -> None:
    second = bytearray(batch(3, 5))
    second[damaged] ^= 1
    keys = read(batch(0, 3) + bytes(second))
    assert [next(keys), next(keys), next(keys)] == [b"C0", b"C1", b"C2"]
    with pytest.raises(CorruptRecordException, match=r"bank\.loans, partition 0"):
        next(keys)


def test_batches_of_older_formats_have_another_checksum_which_is_checked_too() -> None:
    builder = LegacyRecordBatchBuilder(1, 0, 1 << 20)
    for number in range(3):
        builder.append(number, timestamp=1_000, key=b"C%d" % number, value=b"x" * 900)
    fetched = bytearray(builder.build())
    assert list(read(bytes(fetched))) == [b"C0", b"C1", b"C2"]
    fetched[-1] ^= 1
    with pytest.raises(CorruptRecordException):
        list(read(bytes(fetched)))
