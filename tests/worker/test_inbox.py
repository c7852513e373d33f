"""What waits is bounded in bytes, too: a topic is held back, and a batch is cut."""

import asyncio

from streams.partition.partition import Partition
from streams.partition.work import NO_LIMIT_MS
from streams.values.events import LOANS
from streams.worker.frame.transport import FetchedRecords
from streams.worker.held import HeldBack
from streams.worker.inbox import BATCH_BYTES, HELD_HIGH_BYTES, QUEUE_HIGH_BYTES, RECORD_BYTES, Inbox
from tests.support.histories import Bench, Line

MIB = 1 << 20


def filled(flow: list[tuple[int, bool]]) -> tuple[Inbox, Partition]:
    """Forty records of a MiB each."""
    inbox, partition = Inbox(5, lambda topic, on: flow.append((topic, on))), Bench().partition
    value = b"x" * MIB
    assert inbox.put(0, FetchedRecords([Line(n, b"C", value) for n in range(40)], 0, 40))
    list(inbox.decoding(partition))
    return inbox, partition


def test_a_topic_whose_records_are_large_is_held_back_until_there_is_room() -> None:
    flow: list[tuple[int, bool]] = []
    inbox, _ = filled(flow)
    assert flow == [(0, False)]
    inbox.take(frozenset(), 10_000, NO_LIMIT_MS)
    inbox.take(frozenset(), 10_000, NO_LIMIT_MS)
    assert flow == [(0, False)]  # 8 MiB wait
    assert 8 * MIB > QUEUE_HIGH_BYTES // 2 > MIB
    inbox.take(frozenset(), 7, NO_LIMIT_MS)
    assert flow == [(0, False), (0, True)]


def test_records_without_a_value_take_memory_too() -> None:
    flow: list[tuple[int, bool]] = []
    inbox = Inbox(5, lambda topic, on: flow.append((topic, on)))
    many = QUEUE_HIGH_BYTES // RECORD_BYTES
    inbox.put(1, FetchedRecords([Line(n, b"C", None) for n in range(many)], 0, many))
    assert not flow
    inbox.put(1, FetchedRecords([Line(many, b"C", None)], many, many + 1))
    assert flow == [(1, False)]
    list(inbox.decoding(Bench().partition))
    inbox.take(frozenset(), many // 2, NO_LIMIT_MS)
    assert flow == [(1, False)]
    inbox.take(frozenset(), 2, NO_LIMIT_MS)
    assert flow == [(1, False), (1, True)]


def test_a_topic_whose_records_wait_for_a_time_may_have_more_of_them() -> None:
    flow: list[tuple[int, bool]] = []
    held = HeldBack(LOANS, 1_000, lambda: asyncio.sleep(0, [0] * 5), lambda: None)
    inbox = Inbox(5, lambda topic, on: flow.append((topic, on)), held)
    many = HELD_HIGH_BYTES // RECORD_BYTES
    inbox.put(LOANS, FetchedRecords([Line(n, b"C", None) for n in range(many)], 0, many))
    assert not flow
    inbox.put(LOANS, FetchedRecords([Line(many, b"C", None)], many, many + 1))
    assert flow == [(LOANS, False)]


def test_a_batch_is_cut_by_bytes_and_goes_on_where_it_was_cut() -> None:
    inbox, _ = filled([])
    first, second, third = (inbox.take(frozenset(), 10_000, NO_LIMIT_MS) for _ in range(3))
    assert [len(first), len(second), len(third)] == [BATCH_BYTES // MIB, 16, 8]
    assert [entry.offset for entry in first + second + third] == list(range(40))


def test_entries_that_are_put_back_count_again() -> None:
    flow: list[tuple[int, bool]] = []
    inbox, _ = filled(flow)
    for _ in range(5):
        inbox.put_back(inbox.take(frozenset(), 10_000, NO_LIMIT_MS))
    assert (len(inbox), flow) == (40, [(0, False)])
    while inbox.take(frozenset(), 10_000, NO_LIMIT_MS):
        pass
    assert flow == [(0, False), (0, True)]
