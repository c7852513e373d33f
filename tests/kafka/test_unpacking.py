"""Compressed batches are unpacked up to a limit. Of larger ones the records before it are read, the others are told."""

import os
from hashlib import sha256
from types import SimpleNamespace
from typing import Any

import cramjam
import pytest
from aiokafka.consumer import fetcher
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.legacy_records import LegacyRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords

from streams.kafka import unpacking
from streams.kafka.packed_sizes import UNKNOWN, lz4_at_most, snappy_blocks, zstd_at_most
from streams.kafka.unpacking import BatchTooLargeError, read_in_part
from streams.partition.entries import LargeRecord

GZIP, SNAPPY, LZ4, ZSTD = 1, 2, 3, 4
CODECS = pytest.mark.parametrize("codec", [GZIP, SNAPPY, LZ4, ZSTD])
LIMIT = 300_000
SMALL = [(b"C1", b"{}"), (None, None), (b"C2", b"y" * 9_000)]


@pytest.fixture(autouse=True)
def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "UNPACKED_BYTES", LIMIT)
    monkeypatch.setattr(unpacking, "FETCH_BYTES", 100_000)
    monkeypatch.setattr(unpacking, "_READ_IN_PART", set())


def batch(codec: int, records: list[tuple[bytes | None, bytes | None]], base_offset: int = 0) -> bytes:
    """A record batch of format 2, as a broker gives it."""
    builder = DefaultRecordBatchBuilder(2, codec, 0, -1, -1, -1, 100 << 20)
    for number, (key, value) in enumerate(records):
        builder.append(number, 1_000 + number, key, value, [("h", b"x")])
    built = bytearray(builder.build())
    built[:8] = base_offset.to_bytes(8, "big")
    return bytes(built)


def fetched(*batches: bytes, topic: str = "bank.loans", begins_at: int = 0) -> tuple[list[Any], int]:
    """The records of one fetch, and where the next one begins."""
    records = MemoryRecords(b"".join(batches))
    found = fetcher.PartitionRecords(
        SimpleNamespace(topic=topic, partition=0),
        records,
        [],
        begins_at,
        None,
        None,
        check_crcs=True,
        isolation_level=1,
    )
    return list(found), found.next_fetch_offset


@CODECS
def test_what_is_within_the_limit_is_read_as_ever(codec: int) -> None:
    records, end = fetched(batch(codec, SMALL))
    assert [(each.offset, each.key, each.value) for each in records] == [(n, *each) for n, each in enumerate(SMALL)]
    assert (records[0].topic, records[0].headers, end) == ("bank.loans", (("h", b"x"),), 3)


@CODECS
def test_a_batch_beyond_the_limit_is_read_up_to_it_and_the_rest_is_told(codec: int) -> None:
    read_in_part(["bank.loans"])
    large = [*SMALL, (b"C3", b" " * 2_000_000), (b"C4", b"{}")]
    records, end = fetched(batch(codec, large, base_offset=7), begins_at=7)
    assert all(isinstance(record, LargeRecord) for record in records)
    assert ([record.offset for record in records], end) == ([7, 8, 9, 10, 11], 12)
    assert [(record.key, record.value) for record in records[:3]] == SMALL
    assert [record.clipped for record in records[:3]] == [None] * 3
    assert (records[3].key, records[3].value, records[3].timestamp) == (b"C3", None, 1_003)
    assert records[3].clipped == (b" " * 1_024, 2_000_000, sha256(b" " * 2_000_000).hexdigest())
    assert (records[4].key, records[4].clipped) == (b"C4", (b"{}", 2, sha256(b"{}").hexdigest()))


@CODECS
def test_past_what_is_measured_nothing_is_told(codec: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The size stands before a value: it is told, and the digest is not."""
    monkeypatch.setattr(unpacking, "MEASURED_BYTES", 1_500_000)
    read_in_part(["bank.loans"])
    records, end = fetched(batch(codec, [*SMALL, (b"C3", b" " * 4_000_000), (b"C4", b"{}")]))
    assert [record.clipped for record in records[3:]] == [(b" " * 1_024, 4_000_000, None), (b"", None, None)]
    assert end == 5


@CODECS
def test_topics_that_only_tierflow_writes_are_not_read_in_part(codec: int) -> None:
    read_in_part(["bank.loans"])
    with pytest.raises(BatchTooLargeError, match="larger than 0 MiB when it is unpacked"):
        fetched(batch(codec, [(b"C", b" " * 2_000_000)]), topic="app-customers-changelog")


@pytest.mark.parametrize("codec", [GZIP, LZ4])
def test_batches_of_former_formats_are_bounded_too(codec: int) -> None:
    builder = LegacyRecordBatchBuilder(1, codec, 100 << 20)
    builder.append(0, 1_000, b"C", b" " * 2_000_000)
    read_in_part(["bank.loans"])
    with pytest.raises(BatchTooLargeError):
        fetched(bytes(builder.build()))


@CODECS
def test_a_fetch_ends_where_enough_was_unpacked_and_goes_on_there(codec: int) -> None:
    batches = [batch(codec, [(b"C", b"x" * 90_000)], number) for number in range(5)]
    records, end = fetched(*batches)
    assert ([record.offset for record in records], end) == ([0, 1], 2)
    records, end = fetched(*batches[end:], begins_at=end)
    assert ([record.offset for record in records], end) == ([2, 3], 4)


@pytest.mark.parametrize("size", [0, 1, 100, 70_000, 299_000])
@pytest.mark.parametrize("is_random", [False, True])
def test_frames_tell_no_less_than_they_hold(size: int, is_random: bool) -> None:  # noqa: FBT001 - a row of the table
    content = os.urandom(size) if is_random else b"7" * size
    zstd, lz4 = bytes(cramjam.zstd.compress(content)), bytes(cramjam.lz4.compress(content))
    raw = bytes(cramjam.snappy.compress_raw(content))
    assert size <= zstd_at_most(zstd) <= size + (128 << 10)
    assert size <= lz4_at_most(lz4) <= size + (4 << 20)
    assert [told for _, told in snappy_blocks(raw)] == [size]
    assert zstd_at_most(zstd[:-1]) == lz4_at_most(lz4[:-1]) == zstd_at_most(b"other") == UNKNOWN
