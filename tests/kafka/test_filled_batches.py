"""Batches that are filled past aiokafka's own `append`. Fails after an upgrade: read what changed before trusting it.

What would go wrong without a word: sequence numbers that do not fit the records, so that a broker refuses the next
batch; records that are lost where a batch is full.
"""

from typing import Any

import pytest
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords

from streams.kafka.producers import OutRecord, filled_batches

HEADERS = [("ce_id", b"C1:1"), ("content-type", b"application/json")]
RECORDS: list[OutRecord] = [(b"C1", b"{}", HEADERS), (b"C2", None, []), (None, b"x" * 9_000, [])]
LIMIT = 10_000


def filled(records: list[OutRecord]) -> list[BatchBuilder]:
    return list(filled_batches(lambda: BatchBuilder(LIMIT, 0, is_transactional=True), records))


def built(batch: BatchBuilder) -> Any:
    batch._set_producer_state(7, 3, 40)
    fetched = MemoryRecords(bytes(batch._build()))
    found = fetched.next_batch()
    assert not fetched.has_next()
    return found


def test_a_batch_is_what_aiokafkas_own_append_makes_of_the_records() -> None:
    [batch] = filled(RECORDS)
    ours = built(batch)
    own = BatchBuilder(LIMIT, 0, is_transactional=True)
    for key, value, headers in RECORDS:
        own.append(timestamp=ours.first_timestamp, key=key, value=value, headers=headers)
    assert (batch.record_count(), batch.closed()) == (own.record_count(), True)
    own._set_producer_state(7, 3, 40)
    assert bytes(batch._build()) == bytes(own._build())
    assert ours.validate_crc()
    assert (ours.is_transactional, ours.producer_id, ours.base_sequence, ours.next_offset) == (True, 7, 40, 3)
    assert [(record.offset, record.key, record.value, list(record.headers)) for record in ours] == [
        (number, *record) for number, record in enumerate(RECORDS)
    ]


@pytest.mark.parametrize("size", [0, 1, 700, 4_000, 2 * LIMIT])
def test_a_full_batch_is_followed_by_another_and_a_large_record_has_one_to_itself(size: int) -> None:
    records: list[OutRecord] = [(b"C%d" % number, b"x" * size, []) for number in range(50)]
    batches = filled(records)
    found = [built(batch) for batch in batches]
    assert [(record.key, record.value, []) for batch in found for record in batch] == records
    assert [batch.record_count() for batch in batches] == [batch.next_offset for batch in found]
    assert all(batch.size() <= LIMIT or batch.record_count() == 1 for batch in batches)
    assert len(batches) == {0: 1, 1: 1, 700: 4, 4_000: 25, 2 * LIMIT: 50}[size]


def test_no_records_are_no_batch() -> None:
    assert filled([]) == []


def test_the_builder_is_the_compiled_one() -> None:
    assert DefaultRecordBatchBuilder.__module__ == "aiokafka.record._crecords.default_records", "a hundred times slower"
