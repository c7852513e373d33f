"""Records that are held back: what they wait for, what they do not wait for, and that the order can be worked again."""

import sys
from collections import deque
from collections.abc import Sequence
from typing import Any, cast

import pytest
from aiokafka.errors import KafkaConnectionError
from hypothesis import given
from hypothesis import strategies as st

from streams.partition.entries import Entry
from streams.partition.heads import merge_heads
from streams.partition.partition import Partition
from streams.partition.work import NO_LIMIT_MS
from streams.worker import held as module
from streams.worker.frame.transport import FetchedRecords
from streams.worker.held import HeldBack
from streams.worker.inbox import Inbox
from tests.support.batches import Line

BALANCES, TRANSACTIONS, LOANS = 0, 1, 3
TOPICS = 5
A, B = b"A", b"B"


class Decoder(Partition):
    """A record's value is its event time."""

    def __init__(self) -> None:
        super().__init__(TOPICS)

    def decode(self, topic: int, records: Any) -> list[Entry]:
        return [Entry(int(record.value), topic, record.offset, None, record) for record in records]


class Stand:
    """An inbox whose waits end when the test says so, on a broker that has what the test puts there."""

    def __init__(self) -> None:
        self.ends = [0] * TOPICS
        self.news = 0
        self.held = HeldBack(LOANS, 0, self._ends, self._on_news)
        self.inbox = Inbox(TOPICS, lambda *_: None, self.held)
        self.log: list[list[Line]] = [[] for _ in range(TOPICS)]

    async def _ends(self) -> Sequence[int]:
        return [len(records) for records in self.log]

    def _on_news(self) -> None:
        self.news += 1

    def put(self, topic: int, key: bytes, at_ms: int) -> None:
        """A record is there on the broker."""
        self.log[topic].append(Line(len(self.log[topic]), key, str(at_ms).encode()))

    def fetch(self, topic: int, until: int = sys.maxsize) -> None:
        """The records before an offset arrive."""
        received = self.inbox.received[topic]
        records = cast("list[Any]", self.log[topic][received:until])
        assert self.inbox.put(topic, FetchedRecords(records, received, received + len(records)))
        for _ in self.inbox.decoding(Decoder()):
            pass

    async def wait(self) -> None:
        """The wait of all that has arrived is over."""
        if self.held.over_in_s == 0:
            await self.held.ask()

    def end(self, topic: int) -> int:
        return len(self.log[topic])

    def take(self, limit: int = sys.maxsize) -> list[Entry]:
        return self.inbox.take(frozenset(), limit, NO_LIMIT_MS)


def names(entries: Sequence[Entry]) -> list[tuple[int, int]]:
    return [(entry.topic, entry.offset) for entry in entries]


async def test_a_record_waits_and_nobody_waits_for_it() -> None:
    stand = Stand()
    stand.put(LOANS, A, 12)
    stand.put(BALANCES, B, 20)
    stand.fetch(LOANS)
    stand.fetch(BALANCES)
    assert names(stand.take()) == [(BALANCES, 0)]
    assert stand.take() == []
    assert stand.inbox.positions()[LOANS] == 0
    await stand.wait()
    assert names(stand.take()) == [(LOANS, 0)]


async def test_what_has_come_by_then_goes_first_by_event_time() -> None:
    stand = Stand()
    stand.put(LOANS, A, 12)
    stand.fetch(LOANS)
    stand.put(BALANCES, A, 9)
    stand.put(BALANCES, A, 15)
    await stand.wait()
    assert stand.take() == []  # the broker has more than has arrived
    stand.fetch(BALANCES)
    assert names(stand.take()) == [(BALANCES, 0), (LOANS, 0), (BALANCES, 1)]


@pytest.mark.parametrize(
    ("balances", "arrived", "outcome"),
    [
        ([], 0, "goes"),
        ([(A, 9)], 1, "goes"),  # it goes first, in the same batch
        ([(A, 9), (A, 10)], 1, "is held"),
        ([(A, 12), (A, 12)], 1, "is held"),  # at equal times the balance goes first
        ([(B, 9), (B, 10)], 1, "is held"),  # a backlog: the customer's may be in it
        ([(B, 13), (A, 14)], 1, "goes"),  # the backlog is past the loan
        ([(B, 13), (A, 9)], 2, "is held"),  # the customer's balance is late in its topic
        ([(B, 13), (B, 9)], 2, "goes"),  # somebody else's is
        ([(A, 13), (A, 14)], 2, "goes"),
        ([(NO_LIMIT_MS + 1), (A, 9)], 1, "is held"),  # a time that will be refused tells nothing
    ],
)
async def test_what_holds_a_record(balances: list[Any], arrived: int, outcome: str) -> None:
    stand = Stand()
    for balance in balances:
        stand.put(BALANCES, *(balance if isinstance(balance, tuple) else (B, balance)))
    stand.put(LOANS, A, 12)
    stand.fetch(BALANCES, arrived)
    stand.fetch(LOANS)
    await stand.wait()
    assert ((LOANS, 0) in names(stand.take())) == (outcome == "goes")
    while stand.inbox.received[BALANCES] < len(balances) or len(stand.inbox):  # and in the end it goes
        stand.fetch(BALANCES, stand.inbox.received[BALANCES] + 1)
        stand.take()


async def test_what_comes_later_is_not_waited_for() -> None:
    stand = Stand()
    stand.put(LOANS, A, 12)
    stand.fetch(LOANS)
    await stand.wait()
    for _ in range(3):
        stand.put(BALANCES, B, 20)
        stand.put(BALANCES, A, 9)
    stand.fetch(BALANCES, 2)
    assert (LOANS, 0) in names(stand.take())


async def test_what_is_dropped_waits_anew() -> None:
    stand = Stand()
    stand.put(LOANS, A, 12)
    stand.fetch(LOANS)
    asking = stand.held.ask()
    stand.inbox.drop()
    await asking  # an answer from before
    stand.inbox.received = [0] * TOPICS
    stand.fetch(LOANS)
    assert stand.take() == []
    await stand.wait()
    assert names(stand.take()) == [(LOANS, 0)]


async def test_a_broker_that_does_not_answer_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ASK_AGAIN_S", 0.0)
    stand = Stand()

    async def away() -> Sequence[int]:
        raise KafkaConnectionError("away")

    stand.held = stand.inbox._held = HeldBack(LOANS, 0, away, stand._on_news)
    stand.put(LOANS, A, 12)
    stand.fetch(LOANS)
    await stand.held.ask()
    assert stand.take() == []
    assert stand.held.over_in_s == 0
    stand.held._ends = stand._ends
    await stand.held.ask()
    assert names(stand.take()) == [(LOANS, 0)]


EVENT = st.tuples(st.sampled_from([BALANCES, TRANSACTIONS, LOANS]), st.sampled_from([A, B]), st.integers(0, 9))
FETCH = st.tuples(st.just("fetch"), st.sampled_from([BALANCES, TRANSACTIONS, LOANS, LOANS]), st.integers(1, 4))
STEP = EVENT | FETCH | st.tuples(st.just("take"), st.integers(1, 4)) | st.just(("wait",))


ALL_COMES = [*[("fetch", topic, 99) for topic in (BALANCES, TRANSACTIONS, LOANS)], ("wait",)]


class History:
    """What comes, in any order, and the batches that come of it."""

    def __init__(self, order: str) -> None:
        self.stand = Stand()
        self.batches: list[list[Entry]] = []
        self.had_come: dict[int, list[int]] = {}  # by offset of a loan: the ends when its wait was over
        self._is_in_order = order == "in order"
        self._clock = 0

    async def step(self, step: Any) -> None:
        stand = self.stand
        match step:
            case ("fetch", topic, count):
                stand.fetch(topic, stand.inbox.received[topic] + count)
            case ("take", limit):
                self.batches.append(stand.take(limit))
            case ("wait",):
                await stand.wait()
                for offset in range(stand.inbox.received[LOANS]):
                    self.had_come.setdefault(offset, list(map(len, stand.log)))
            case (topic, key, at_ms):
                self._clock = at_ms + (self._clock if self._is_in_order else 0)
                stand.put(topic, key, self._clock)


@pytest.mark.parametrize("order", ["in order", "in any order"])
@given(steps=st.lists(STEP, min_size=15, max_size=60))
async def test_no_record_is_worked_before_what_had_come_for_it(order: str, steps: list[Any]) -> None:
    """And each batch, merged again by the audit, gives the same order."""
    history = History(order)
    stand = history.stand
    for step in [*steps, *ALL_COMES]:
        await history.step(step)
    while len(stand.inbox):
        await history.step(("take", 99))
    for batch in history.batches:
        queues = [deque(entry for entry in batch if entry.topic == topic) for topic in range(TOPICS)]
        assert merge_heads(queues, frozenset(), sys.maxsize) == batch
    worked = [entry for batch in history.batches for entry in batch]
    assert sorted(names(worked)) == [(topic, offset) for topic in range(TOPICS) for offset in range(stand.end(topic))]
    for place, loan in enumerate(worked):
        if loan.topic == LOANS and order == "in order":
            ends = history.had_come[loan.offset]
            behind = [entry for entry in worked[place:] if entry.topic != LOANS and entry.offset < ends[entry.topic]]
            assert not [entry for entry in behind if entry.at_ms < loan.at_ms]
