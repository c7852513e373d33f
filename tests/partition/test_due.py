import json
from collections import deque
from collections.abc import Iterator
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.log import decode_order
from streams.partition import by_itself as by_itself_module
from streams.partition import ordered as ordered_module
from streams.partition import partition as partition_module
from streams.partition.customers import Customers
from streams.partition.due import DueTimes
from streams.partition.heads import merge_heads
from streams.partition.ordered import InOrder
from streams.partition.outputs import sent_to
from streams.partition.setup import PartitionSetup
from streams.partition.work import CHANGES, Quota, Work
from streams.policy.compile.load import load_policy
from streams.values.calendar import Clock
from tests.support.histories import DOOMSDAY_MS, INPUTS, PARTITION, History
from tests.support.works import order_of

# Rated at every midnight of Taipei: all customers at once.
DAILY = load_policy(
    'name = "daily"\nversion = 1\ncurrency = "TWD"\ntiers = [{ id = "low" }, { id = "mid", at_least = "500" }]\n'
    '[rating]\nwhen = "daily"\n'
)
DAY_MS = 86_400_000
NOON = 1_795_492_800_000  # 2026-11-24T12:00+08:00


def popped(due: DueTimes) -> Iterator[tuple[int, bytes]]:
    while due.next_ms is not None:
        yield due.pop()


@given(st.lists(st.tuples(st.integers(0, 5), st.binary(max_size=2))))
def test_it_comes_out_by_due_time_then_by_customer(entries: list[tuple[int, bytes]]) -> None:
    due = DueTimes()
    for due_ms, key in entries:
        due.add(due_ms, key)
    assert list(popped(due)) == sorted(entries)


@given(st.lists(st.tuples(st.integers(0, 5), st.binary(max_size=2))), st.integers(-1, 6))
def test_what_is_due_is_counted(entries: list[tuple[int, bytes]], until_ms: int) -> None:
    due = DueTimes()
    for due_ms, key in entries:
        due.add(due_ms, key)
    assert due.count(until_ms) == sum(due_ms <= until_ms for due_ms, _ in entries)


def test_who_is_added_while_an_instant_is_worked_takes_the_place_in_order() -> None:
    due = DueTimes()
    for key in (b"a", b"c"):
        due.add(1, key)
    assert due.pop() == (1, b"a")
    due.add(1, b"b")
    due.add(0, b"z")
    assert list(popped(due)) == [(0, b"z"), (1, b"b"), (1, b"c")]


def test_nothing_is_due_where_nothing_was_added() -> None:
    assert DueTimes().next_ms is None


def partition(clock: Clock) -> Customers:
    return Customers(PartitionSetup(PARTITION, DAILY, clock, INPUTS, "/tierflow/test", lambda _: True))


def a_history() -> History:
    """Seven customers on one day, and an event two days later: two midnights, fourteen ratings."""
    history = History()
    for number in range(7):
        history.balance(f"C{number}", str(100 * number), NOON + number)
    history.balance("C3", "900", NOON + 2 * DAY_MS)
    return history


def worked(on: Customers, history: History, limit: int, wall_ms: int = DOOMSDAY_MS) -> list[Work]:
    """Batches as a lane works them: entries that wait go back to the front."""
    queues = [deque(on.decode(topic, lines)) for topic, lines in enumerate(history.topics)]
    works = []
    while any(queues) or (on.setup.clock == "wall" and (on.next_due_ms() or wall_ms + 1) <= wall_ms):
        entries = merge_heads(queues, frozenset(), 1_000)
        done = on.work_some(entries, wall_ms, Quota(limit, 0))
        for entry in reversed(entries[done:]):
            queues[entry.topic].appendleft(entry)
        works.append(on.pack([queue[0].offset if queue else len(history.topics[n]) for n, queue in enumerate(queues)]))
        on.keep(works[-1])
    return works


def changes(works: list[Work]) -> list[tuple[str, str, str]]:
    told = [json.loads(value) for work in works for _, value, _ in sent_to(work, CHANGES)]
    return [(change["id"], change["tier"], change["decided_at"]) for change in told]


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 100])
def test_on_the_event_clock_the_event_waits_for_all_that_is_due_before_it(limit: int) -> None:
    whole, cut = partition("event"), partition("event")
    assert changes(worked(cut, a_history(), limit)) == changes(worked(whole, a_history(), 1_000))
    assert cut.packed == whole.packed


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 100])
def test_no_batch_has_more_decisions_by_time_alone_than_its_limit(limit: int) -> None:
    works = worked(partition("event"), a_history(), limit)
    due = [decode_order(order_of(work)).due for work in works]
    assert sum(due) == 14
    assert max(due) <= limit


def test_on_the_wall_clock_live_events_go_on_while_others_are_due() -> None:
    on, history = partition("wall"), History()
    for number in range(7):
        history.balance(f"C{number}", "100", NOON)
    worked(on, history, 100, NOON)
    later = History()
    later.topics[0] = [*history.topics[0]]
    later.balance("C6", "900", NOON + DAY_MS)
    queues = [deque(on.decode(0, later.topics[0][7:])), *(deque() for _ in range(4))]
    done = on.work_some(merge_heads(queues, frozenset(), 10), NOON + DAY_MS, Quota(2, 0))
    work = on.pack([8, 0, 0, 0, 0])
    # Two whose turn it was, and the one with an event, whose rating came before the event.
    assert (done, set(work.states)) == (1, {b"C0", b"C1", b"C6"})
    assert decode_order(order_of(work)).due == 2


@pytest.mark.parametrize("clock", ["wall", "event"])
@pytest.mark.parametrize("limit", [1, 3, 100])
def test_a_replay_by_the_log_gives_the_same_batches(clock: Clock, limit: int) -> None:
    history, again = a_history(), partition(clock)
    works = worked(partition(clock), history, limit, NOON + 3 * DAY_MS)
    decoded = [again.decode(topic, lines) for topic, lines in enumerate(history.topics)]
    for work in works:
        order = decode_order(order_of(work))
        spans = [order.positions.get(topic, (0, 0)) for topic in INPUTS]
        queues = [deque(entries[first:after]) for entries, (first, after) in zip(decoded, spans, strict=True)]
        nexts = [after or before for (_, after), before in zip(spans, again.next_offsets, strict=True)]
        assert isinstance(order.wall_ms, int)
        replayed = again.replay(
            merge_heads(queues, frozenset(), 1_000), nexts, order.wall_ms, Quota(order.due, order.rerated)
        )
        again.keep(replayed)
        assert (order_of(replayed), replayed.states, sent_to(replayed, CHANGES)) == (
            order_of(work),
            work.states,
            sent_to(work, CHANGES),
        )


@pytest.mark.parametrize("clock", ["wall", "event"])
@pytest.mark.parametrize("steps", [1, 2, 3, 5, 8, 13])
def test_a_batch_that_is_left_after_any_step_is_replayed_as_it_was_worked(
    clock: Clock, steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(by_itself_module, "DUE_AT_ONCE", 1)
    monkeypatch.setattr(partition_module, "STEP", 1)
    on, again, history = partition(clock), partition(clock), a_history()
    for each in (on, again):
        each.keep(each.work(each.decode(0, history.topics[0][:7]), [7, 0, 0, 0, 0], NOON + 10))
    entries, now_ms = on.decode(0, history.topics[0][7:]), NOON + 3 * DAY_MS
    done = max(islice(on.working(entries, now_ms, Quota(100, 100)), steps), default=0)
    work = on.pack([7 + done, 0, 0, 0, 0])
    order = decode_order(order_of(work))
    replayed = again.replay(entries[:done], [7 + done, 0, 0, 0, 0], now_ms, Quota(order.due, order.rerated))
    assert (order_of(replayed), replayed.states) == (order_of(work), work.states)
    assert order.due <= steps


def test_keys_come_out_in_their_order_however_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ordered_module, "RUN", 3)
    keys = InOrder()
    for number in (5, 1, 9, 3, 7, 8, 2, 6):
        keys.add(bytes([number]))
    found = []
    while keys:
        found += keys.pop()
    assert found == [1, 2, 3, 5, 6, 7, 8, 9]
