"""A reader of whole batches gets the records that aiokafka would have given one by one."""

from types import SimpleNamespace
from typing import Any, NamedTuple

import google_crc32c
from aiokafka.consumer import fetcher
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from hypothesis import given
from hypothesis import strategies as st

from streams.kafka.unpacking import WHOLE_BATCHES
from tests.support.laws import laws

ABORT, COMMIT = b"\x00\x00\x00\x00", b"\x00\x00\x00\x01"
CHECKSUM_AT, CHECKED_FROM, CONTROL = 17, 21, 0x20


class Batch(NamedTuple):
    """A batch of a log. producer: None outside of transactions. marker: the key of a control batch's record."""

    records: int
    producer: int | None
    marker: bytes | None
    codec: int


batches = st.builds(
    Batch,
    st.integers(1, 4),
    st.sampled_from([None, 7, 8]),
    st.sampled_from([None, None, None, ABORT, COMMIT]),
    st.sampled_from([0, 0, 1]),
)


def packed(first: int, batch: Batch) -> bytes:
    producer = -1 if batch.producer is None else batch.producer
    codec = batch.codec if batch.marker is None else 0  # brokers pack no markers
    builder = DefaultRecordBatchBuilder(2, codec, batch.producer is not None, producer, 0, 0, 1 << 20)
    for number in range(batch.records):
        builder.append(number, 1_000, batch.marker or b"C%d" % (first + number), b"x" * 90, [])
    made = bytearray(first.to_bytes(8, "big") + bytes(builder.build())[8:])
    if batch.marker is not None:
        made[CHECKED_FROM + 1] |= CONTROL
    made[CHECKSUM_AT:CHECKED_FROM] = google_crc32c.value(bytes(made[CHECKED_FROM:])).to_bytes(4, "big")
    return bytes(made)


def read(fetched: bytes, aborted: list[tuple[int, int]], begins_at: int, key_deserializer: Any) -> tuple[Any, int]:
    place = SimpleNamespace(topic="bank.loans", partition=0)
    found = fetcher.PartitionRecords(
        place,
        fetcher.MemoryRecords(fetched),
        aborted,
        begins_at,
        key_deserializer,
        None,
        check_crcs=True,
        isolation_level=1,
    )
    given_ = list(found)
    if key_deserializer is not None:
        given_ = [record for batch in given_ for record in batch]
    return [(record.offset, record.key, record.value) for record in given_], found.next_fetch_offset


@laws(200)
@given(st.lists(batches, max_size=8), st.integers(0, 6), st.sampled_from([(), (7,), (7, 8)]))
def test_whole_batches_hold_the_records_that_are_committed(
    log: list[Batch], begins_at: int, failing: tuple[int, ...]
) -> None:
    fetched, aborted, first = b"", list[tuple[int, int]](), 0
    for batch in log:
        fetched += packed(first, batch)
        if batch.producer in failing and batch.marker is None:
            aborted.append((batch.producer or 0, first))
        first += batch.records
    expected = read(fetched, list(aborted), begins_at, None)
    assert read(fetched, list(aborted), begins_at, WHOLE_BATCHES) == expected
