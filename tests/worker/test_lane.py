"""A lane with a hand-made broker: what it takes in, what it drops, when it reads again, when it stops."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError, ProducerFenced

from streams.contracts.kept import KnownTopic, LaneRecord
from streams.kafka.changelog import ChangelogError, Recovered
from streams.kafka.offsets import Span
from streams.kafka.producers import TransactionFailedError
from streams.metrics import Metrics
from streams.partition.customers import Customers
from streams.partition.outputs import sent_to
from streams.partition.partition import STEP
from streams.partition.setup import PartitionSetup
from streams.partition.work import CHANGES, Work
from streams.policy.policy import Policy
from streams.stages.stage import Stage, Wait
from streams.values.calendar import NEVER_MS, Clock
from streams.values.events import TOPICS
from streams.worker import lane as module
from streams.worker import takeover, turns
from streams.worker.frame.transport import FetchedRecords
from streams.worker.inbox import QUEUE_HIGH_BYTES, RECORD_BYTES
from streams.worker.lane import Lane
from streams.worker.takeover import LaneError
from tests.support.batches import ASSETS_ONLY, AT_MS, CUSTOMER, NUMBER, OTHER, OTHERS, Line, line
from tests.support.patience import stretched
from tests.support.works import counted

INPUTS = tuple(f"bank.{topic}" for topic in TOPICS)
BALANCES, TRANSACTIONS, LOANS = 0, 1, 3
FULL = QUEUE_HIGH_BYTES // RECORD_BYTES  # small records that fill a queue


class Log:
    """Transactions and broker at once: a changelog in memory, and whatever is to go wrong next."""

    def __init__(self) -> None:
        self.works: list[Work] = []
        self.starts = 0
        self.may_start = asyncio.Event()
        self.may_start.set()
        self.no_broker = False
        self.round_trips: dict[str, float] = {}
        self.failures: list[Exception] = []  # of the next commits
        self.troubles: list[Exception] = []  # of the next take-overs
        self.left_open: list[Exception] = []  # found by the next looks
        self.seeks: list[list[int]] = []
        self.flows: list[tuple[int, bool]] = []
        self.span = Span(0, 1_000_000)
        self.now = {topic: KnownTopic("first", 4) for topic in (*INPUTS, "changelog")}
        self.newest: int | None = None  # the number of the newest transaction in the order of work
        self.group: list[int | None] = [None] * len(TOPICS)
        self.end = 0
        self.input_ends = [0] * len(TOPICS)
        self.committing = asyncio.Event()
        self.go_on = asyncio.Event()
        self.go_on.set()
        self.asked = asyncio.Event()  # for the ends of the inputs
        self.answering = asyncio.Event()
        self.answering.set()

    def transactions(self, partition: int, _: Callable[[], None]) -> "Log":
        assert partition == NUMBER
        return self

    async def are_away(self) -> bool:
        return self.no_broker

    async def start(self) -> None:
        self.starts += 1
        await self.may_start.wait()
        if self.troubles:
            raise self.troubles.pop(0)

    async def stop(self) -> None:
        return

    async def topics(self) -> dict[str, KnownTopic]:
        return self.now

    async def newest_transaction(self, _: int) -> int | None:
        return self.newest

    async def commit(self, work: Work, _: int = 0) -> int:
        self.committing.set()
        await self.go_on.wait()
        if self.failures:
            raise self.failures.pop(0)
        self.works.append(work)
        self.end += len(work.states) + 2
        return self.end

    async def end_leftovers(self, _: int, transactions: "Log") -> None:
        assert transactions is self

    async def abort_leftovers(self) -> None:
        raise AssertionError

    async def see_none_left_open(self) -> None:
        if self.left_open:
            raise self.left_open.pop(0)

    async def recover(self, _: int) -> Recovered:
        packed: dict[bytes, bytes] = {}
        for work in self.works:
            packed.update(work.states)
        return Recovered(packed, self.works[-1].lane if self.works else None, self.end, len(packed))

    async def changelog_end(self, _: int) -> int:
        return self.end

    async def spans(self, _: int) -> Sequence[Span]:
        return [self.span] * len(TOPICS)

    async def committed(self, _: int) -> Sequence[int | None]:
        return self.group

    async def ends(self, _: int) -> Sequence[int]:
        self.asked.set()
        await self.answering.wait()
        return self.input_ends

    async def seek(self, _: int, offsets: Sequence[int]) -> None:
        self.seeks.append(list(offsets))

    def flow(self, _: int, topic: int, *, on: bool) -> None:
        self.flows.append((topic, on))

    def highwater(self, _: int, topic: int) -> int | None:
        return None if topic else self.span.end

    @property
    def changes(self) -> list[Any]:
        return [json.loads(value)["id"] for work in self.works for _, value, _ in sent_to(work, CHANGES)]


def stage_of(policy: Policy, clock: Clock = "wall", wait: Wait | None = None, *, backfill: bool = False) -> Stage:
    """Customers without Kafka around them."""

    def open_partition(number: int, packed: dict[bytes, bytes], lane: LaneRecord) -> Customers:
        return Customers(PartitionSetup(number, policy, clock, INPUTS, "/tierflow/test", lambda _: True), packed, lane)

    stage = Stage("customers", "partition", "test", "test-", INPUTS, {}, "changelog", open_partition)
    return stage._replace(wait=wait, backfill=backfill)


class Stand:
    """A lane, and how it ended."""

    def __init__(self, log: Log, clock: Clock = "wall", wait: Wait | None = None, *, backfill: bool = False) -> None:
        self.failed: list[BaseException] = []
        self.log = log
        stage = stage_of(ASSETS_ONLY, clock, wait, backfill=backfill)
        self.lane = Lane(stage, NUMBER, log, Metrics(), lambda: AT_MS, self.failed.append)

    async def start(self) -> None:
        await self.lane.take_up()
        await self.lane.get_ready()
        self.lane.start()

    async def until(self, reached: Callable[[], Any]) -> None:
        async with asyncio.timeout(stretched(10)):
            while not reached():  # noqa: ASYNC110 - a lane has no event for what a test waits for
                await asyncio.sleep(0.001)


@asynccontextmanager
async def running(
    log: Log, clock: Clock = "wall", wait: Wait | None = None, *, backfill: bool = False
) -> AsyncIterator[Stand]:
    stand = Stand(log, clock, wait, backfill=backfill)
    await stand.start()
    yield stand
    await stand.lane.release()


def fetch(*lines: Line, begins_at: int | None = None, ends_at: int | None = None) -> FetchedRecords:
    first = lines[0].offset if begins_at is None else begins_at
    return FetchedRecords(list(lines), first, lines[-1].offset + 1 if ends_at is None else ends_at)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(takeover, "PAUSE_LIMIT_S", 0.001)


async def test_what_has_arrived_is_one_batch_and_what_arrives_meanwhile_the_next() -> None:
    log = Log()
    log.go_on.clear()
    async with running(log) as stand:
        stand.lane.offer(BALANCES, fetch(line(0)))
        await log.committing.wait()
        stand.lane.offer(BALANCES, fetch(line(1, OTHER), line(2)))
        stand.lane.offer(BALANCES, fetch(line(3, OTHER)))
        log.go_on.set()
        await stand.until(lambda: len(log.works) == 2)
    assert [work.lane.next_offsets[BALANCES] for work in log.works] == [1, 4]


async def test_the_oldest_record_is_that_of_the_batch_in_hand_or_of_those_that_wait() -> None:
    log = Log()
    log.span = Span(0, 0)  # nothing is there that has not arrived
    log.go_on.clear()
    async with running(log) as stand:
        assert stand.lane.behind_s(AT_MS) == 0
        stand.lane.offer(BALANCES, fetch(line(0)))
        await log.committing.wait()
        stand.lane.offer(BALANCES, fetch(line(1, OTHER)._replace(timestamp=AT_MS - 9_000)))
        assert stand.lane.behind_s(AT_MS + 2_000) == 11
        assert stand.lane.committed_at_s is None
        log.go_on.set()
        await stand.until(lambda: len(log.works) == 2)
        assert stand.lane.committed_at_s == AT_MS / 1000
        await stand.until(lambda: stand.lane.behind_s(AT_MS + 2_000) == 0)


async def test_nothing_is_shown_before_its_commit() -> None:
    log = Log()
    log.go_on.clear()
    async with running(log) as stand:
        stand.lane.offer(BALANCES, fetch(line(0)))
        await log.committing.wait()
        assert stand.lane.partition is not None
        assert not stand.lane.partition.packed
        log.go_on.set()
        await stand.until(lambda: log.works)
        await stand.until(lambda: stand.lane.progress == 1)
        assert CUSTOMER.encode() in stand.lane.partition.packed


@pytest.mark.parametrize("failures", [0, 1])
async def test_whoever_asks_during_a_commit_waits_for_its_outcome(failures: int) -> None:
    log = Log()
    log.failures = [TransactionFailedError("not known")] * failures
    log.go_on.clear()
    async with running(log) as stand:
        await stand.lane.committed(CUSTOMER.encode())  # nothing is under way
        stand.lane.offer(BALANCES, fetch(line(0)))
        await log.committing.wait()
        await stand.lane.committed(OTHER.encode())
        asked = asyncio.create_task(stand.lane.committed(CUSTOMER.encode()))
        await asyncio.sleep(0)
        assert not asked.done()
        log.may_start.clear()  # else it could be served again by now
        log.go_on.set()
        await asked
        # It is kept, or nobody is served.
        assert stand.lane.serving == (not failures)
        assert failures or CUSTOMER.encode() in stand.lane.partition.packed  # type: ignore[union-attr]
        log.may_start.set()


async def test_a_gap_makes_the_lane_read_again_from_where_it_was() -> None:
    log = Log()
    async with running(log) as stand:
        stand.lane.offer(BALANCES, fetch(line(0)))
        stand.lane.offer(BALANCES, fetch(line(2, OTHER)))
        await stand.until(lambda: log.seeks)
        assert log.seeks == [[1, 0, 0, 0, 0]]
        stand.lane.offer(BALANCES, fetch(line(1), line(2, OTHER)))
        await stand.until(lambda: len(log.changes) == 2)


@pytest.mark.parametrize("troubles", [1, 3])
async def test_on_the_event_clock_a_broker_that_is_away_is_asked_again(troubles: int) -> None:
    class Away(Log):
        async def ends(self, number: int) -> Sequence[int]:
            nonlocal troubles
            troubles -= 1
            if troubles >= 0:
                raise KafkaConnectionError
            return await super().ends(number)

    log = Away()
    async with running(log, "event") as stand:
        stand.lane.offer(BALANCES, fetch(line(0)))
        await stand.until(lambda: log.works)
    assert not stand.failed


async def test_a_lane_that_parks_while_the_broker_is_away_works_nothing_out_of_order() -> None:
    class Away(Log):
        async def ends(self, _: int) -> Sequence[int]:
            self.committing.set()
            raise KafkaConnectionError

    log = Away()
    async with running(log, "event") as stand:
        stand.lane.offer(BALANCES, fetch(line(0)))
        await log.committing.wait()
        await stand.lane.park()
    assert not log.works
    assert not stand.failed


async def test_control_records_alone_are_no_work() -> None:
    """An aborted transaction on an input leaves nothing to read; no batch passes over it."""
    log = Log()
    log.span = Span(0, 5)
    async with running(log) as stand:
        await stand.until(lambda: stand.lane.is_busy)
        stand.lane.offer(BALANCES, FetchedRecords([], 0, 5))
        await stand.until(lambda: not stand.lane.is_busy)
        assert stand.lane.progress == 0


async def test_control_records_alone_wake_nobody() -> None:
    """Without that a sleeping lane would look as if it had work and did not get on."""
    log = Log()
    log.span = Span(0, 5)
    stand = Stand(log)
    stand.lane = Lane(
        stage_of(ASSETS_ONLY)._replace(sleeps=True), NUMBER, log, Metrics(), lambda: AT_MS, stand.failed.append
    )
    await stand.start()
    await stand.until(lambda: stand.lane.is_busy)
    stand.lane.offer(BALANCES, FetchedRecords([], 0, 5))
    await stand.until(lambda: not stand.lane.is_busy)
    assert log.starts == 0
    stand.lane.offer(BALANCES, fetch(line(5)))
    await stand.until(lambda: log.starts == 1)
    await stand.lane.release()


async def test_a_batch_in_hand_is_work_though_nothing_waits() -> None:
    log = Log()
    log.span = Span(0, 1)
    log.go_on.clear()
    async with running(log) as stand:
        stand.lane.offer(BALANCES, fetch(line(0)))
        await log.committing.wait()
        assert stand.lane.is_busy
        log.go_on.set()
        await stand.until(lambda: not stand.lane.is_busy)


async def test_records_below_the_next_offset_are_dropped() -> None:
    log = Log()
    async with running(log) as stand:
        stand.lane.offer(BALANCES, fetch(line(0), line(1, OTHER)))
        stand.lane.offer(BALANCES, fetch(line(0), line(1, OTHER), line(2)))
        stand.lane.offer(BALANCES, fetch(line(0)))
        await stand.until(lambda: log.works and log.works[-1].lane.next_offsets[BALANCES] == 3)
    assert sum(counted(work, "events").total() for work in log.works) == 3


async def test_control_records_alone_move_a_topic_on() -> None:
    log = Log()
    async with running(log) as stand:
        stand.lane.offer(TRANSACTIONS, FetchedRecords([], 0, 2))
        stand.lane.offer(BALANCES, fetch(line(0)))
        await stand.until(lambda: log.works)
    assert log.works[-1].lane.next_offsets[:2] == (1, 2)


async def test_a_failed_transaction_is_worked_again_after_a_take_over() -> None:
    log = Log()
    log.failures = [TransactionFailedError("fenced")]
    async with running(log) as stand:
        stand.lane.offer(BALANCES, fetch(line(0), line(1, OTHER)))
        await stand.until(lambda: log.seeks)
        assert log.seeks == [[0, 0, 0, 0, 0]]
        stand.lane.offer(BALANCES, fetch(line(0), line(1, OTHER)))
        await stand.until(lambda: log.works)
    assert log.starts == 2
    assert sorted(log.changes) == sorted([f"{CUSTOMER}:1", f"{OTHER}:1"])


async def test_an_idle_lane_takes_over_again_where_its_broker_has_lost_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "IDLE_S", 0.001)
    log = Log()
    async with running(log) as stand:
        log.left_open = [TransactionFailedError("left open")]
        await stand.until(lambda: log.seeks)
        stand.lane.offer(BALANCES, fetch(line(0)))
        await stand.until(lambda: log.works)
    assert log.starts == 2


async def test_transient_troubles_of_a_take_over_are_tried_again() -> None:
    log = Log()
    log.troubles = [KafkaConnectionError(), ProducerFenced(), TimeoutError(), OSError(), TransactionFailedError()]
    async with running(log) as stand:
        assert stand.lane.serving
    assert log.starts == 6


async def test_a_take_over_that_never_succeeds_ends_with_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(takeover, "TAKE_OVER_WITHIN_S", 0.05)
    log = Log()
    log.troubles = [KafkaConnectionError("away")] * 1_000
    with pytest.raises(LaneError, match=r"could not be taken over for 0 s: KafkaConnectionError: .*away"):
        await Stand(log).start()


async def test_brokers_that_are_all_away_are_waited_for_in_silence(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(takeover, "TAKE_OVER_WITHIN_S", 0.0)
    monkeypatch.setattr(takeover, "PAUSE_LIMIT_S", 0.001)
    log = Log()
    log.no_broker = True
    log.troubles = [KafkaConnectionError("away")] * 20
    async with running(log) as stand:
        assert stand.lane.serving
    assert log.starts == 21
    assert not warnings_of(caplog)


async def test_the_same_trouble_is_told_once(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(takeover, "PAUSE_LIMIT_S", 0.001)
    log = Log()
    log.troubles = [*[KafkaConnectionError("refused")] * 5, *[TransactionFailedError("fenced")] * 5]
    async with running(log):
        pass
    assert [message.rpartition(": ")[2] for message in warnings_of(caplog)] == ["refused", "fenced"]


def warnings_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    ours = [record for record in caplog.records if record.name.startswith("streams.")]  # and none of other tests' rest
    return [record.getMessage() for record in ours if record.levelno >= logging.WARNING]


async def test_what_a_restart_cannot_mend_is_not_tried_again() -> None:
    log = Log()
    log.troubles = [ChangelogError("hidden")]
    with pytest.raises(ChangelogError):
        await Stand(log).start()
    assert log.starts == 1


async def test_losing_the_partition_in_the_middle_of_a_take_over_ends_the_trying() -> None:
    log = Log()
    log.troubles = [KafkaConnectionError()] * 1_000_000
    stand = Stand(log)
    await stand.lane.take_up()
    taking_over = asyncio.create_task(stand.lane.get_ready())
    await stand.until(lambda: log.starts > 1)
    await stand.lane.park()
    await taking_over
    assert not stand.lane.serving
    assert not stand.failed


async def test_a_batch_that_is_refused_again_and_again_ends_with_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FAILURES_LIMIT", 3)
    log = Log()
    log.failures = [TransactionFailedError("MessageSizeTooLarge")] * 3
    async with running(log) as stand:
        for seeks in range(3):
            await stand.until(lambda n=seeks: len(log.seeks) == n)
            stand.lane.offer(BALANCES, fetch(line(0)))
        await stand.until(lambda: stand.failed)
    assert str(stand.failed[0]) == "partition 1: 3 transactions in a row have failed"
    assert str(stand.failed[0].__cause__) == "MessageSizeTooLarge"


async def test_a_cancelled_future_of_the_client_does_not_stop_a_lane_in_silence() -> None:
    log = Log()
    log.failures = [asyncio.CancelledError()]  # type: ignore[list-item]
    async with running(log) as stand:
        stand.lane.offer(BALANCES, fetch(line(0)))
        await stand.until(lambda: stand.failed)
    assert str(stand.failed[0]) == f"the lane of partition {NUMBER} was cancelled"


async def test_a_lane_that_runs_is_not_started_a_second_time() -> None:
    async with running(Log()) as stand:
        with pytest.raises(LaneError, match="runs already"):
            stand.lane.start()
        assert stand.lane.serving


async def test_a_lane_that_runs_is_parked_before_it_is_taken_up() -> None:
    log = Log()
    async with running(log) as stand:
        await stand.lane.take_up()
        assert not stand.lane.serving
        await stand.lane.get_ready()
        stand.lane.start()
        stand.lane.offer(BALANCES, fetch(line(0)))
        await stand.until(lambda: len(log.works) == 1)


async def test_a_parked_lane_goes_on_when_the_changelog_ends_with_its_own_record() -> None:
    log = Log()
    async with running(log) as stand:
        stand.lane.offer(BALANCES, fetch(line(0)))
        await stand.until(lambda: stand.lane.progress == 1)
        await stand.lane.park()
        stand.lane.offer(BALANCES, fetch(line(1)))  # of the assignment before: it comes again
        await stand.start()
        assert log.starts == 1
        stand.lane.offer(BALANCES, fetch(line(1, OTHER)))
        await stand.until(lambda: len(log.changes) == 2)


async def test_a_parked_lane_is_taken_over_anew_when_somebody_else_has_written() -> None:
    log = Log()
    async with running(log) as stand:
        stand.lane.offer(BALANCES, fetch(line(0)))
        await stand.until(lambda: stand.lane.progress == 1)
        await stand.lane.park()
        log.end += 1
        await stand.start()
        assert log.starts == 2


async def test_parking_finishes_the_transaction_in_hand() -> None:
    log = Log()
    log.go_on.clear()
    async with running(log) as stand:
        stand.lane.offer(BALANCES, fetch(line(0)))
        await log.committing.wait()
        parking = asyncio.create_task(stand.lane.park())
        await asyncio.sleep(0.01)
        assert not parking.done()
        log.go_on.set()
        await parking
        assert log.changes == [f"{CUSTOMER}:1"]


async def test_a_full_queue_holds_its_topic_back_until_it_is_half_empty() -> None:
    log = Log()
    log.go_on.clear()
    async with running(log) as stand:
        stand.lane.offer(BALANCES, fetch(line(0)))
        await log.committing.wait()
        many = [Line(offset, b"x", b"{") for offset in range(1, FULL + 2)]
        stand.lane.offer(BALANCES, fetch(*many))
        assert log.flows == [(BALANCES, False)]
        log.go_on.set()
        await stand.until(lambda: not stand.lane.queued)
        assert log.flows == [(BALANCES, False), (BALANCES, True)]


async def test_what_is_held_back_flows_again_after_a_take_over() -> None:
    log = Log()
    log.go_on.clear()
    log.failures = [TransactionFailedError("fenced")]
    async with running(log) as stand:
        stand.lane.offer(BALANCES, fetch(line(0)))
        await log.committing.wait()
        stand.lane.offer(BALANCES, fetch(*[Line(offset, b"x", b"{") for offset in range(1, FULL + 2)]))
        log.go_on.set()
        await stand.until(lambda: log.seeks)
        assert log.flows == [(BALANCES, False), (BALANCES, True)]


async def test_on_the_event_clock_a_topic_with_more_to_come_is_waited_for() -> None:
    log = Log()
    log.input_ends = [1, 2, 0, 0, 0]
    async with running(log, "event") as stand:
        stand.lane.offer(BALANCES, fetch(line(0)))
        stand.lane.offer(TRANSACTIONS, FetchedRecords([], 0, 1))
        await asyncio.sleep(0.05)
        assert not log.works
        stand.lane.offer(TRANSACTIONS, FetchedRecords([], 1, 2))  # a marker: nothing more is to come
        await stand.until(lambda: log.works)


async def test_the_end_of_history_is_written_where_nothing_ever_came() -> None:
    log = Log()
    async with running(log, backfill=True) as stand:
        await stand.until(lambda: log.works)
        assert [work.lane.backfill for work in log.works] == [False]
        stand.lane.offer(BALANCES, fetch(line(0)))
        await stand.until(lambda: log.changes)
        assert marks(log) == {f"{CUSTOMER}:1": False}


async def test_what_comes_behind_the_ends_of_the_start_is_no_history() -> None:
    log = Log()
    log.input_ends = [2, 0, 0, 0, 0]
    async with running(log, backfill=True) as stand:
        stand.lane.offer(BALANCES, fetch(line(0), line(1, OTHER, at_ms=AT_MS + 9), line(2, OTHERS[0], at_ms=AT_MS)))
        await stand.until(lambda: len(log.changes) == 3)
        assert marks(log) == {f"{CUSTOMER}:1": True, f"{OTHER}:1": True, f"{OTHERS[0]}:1": False}
        assert [work.lane.next_offsets[BALANCES] for work in log.works] == [2, 3]
        assert not log.works[0].lane.backfill


def marks(log: Log) -> dict[str, bool]:
    told = [json.loads(value) for work in log.works for _, value, _ in sent_to(work, CHANGES)]
    return {change["id"]: change["backfill"] for change in told}


async def test_a_lane_that_parks_ends_its_batch_with_what_is_worked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "SLICE_S", 0.0)  # each step is a slice
    log = Log()
    async with running(log) as stand:
        stand.lane.offer(BALANCES, fetch(*[line(offset, customer) for offset, customer in enumerate(OTHERS)]))
        partition = stand.lane.partition
        assert partition is not None
        while partition.next_offsets[BALANCES] <= 3:  # noqa: ASYNC110 - looked at after each step of its work
            await asyncio.sleep(0)
        assert not partition.packed  # nobody reads what is not kept
        await stand.lane.park()
        worked = log.works[-1].lane.next_offsets[BALANCES]
        assert 3 < worked < len(OTHERS)
        assert log.changes == [f"{customer}:1" for customer in OTHERS[:worked]]
        await stand.start()
        stand.lane.offer(BALANCES, fetch(*[line(n, customer) for n, customer in enumerate(OTHERS) if n >= worked]))
        await stand.until(lambda: len(log.changes) == len(OTHERS))
    assert len(log.works) == 2


def steps(order: list[str], name: str) -> Iterator[int]:
    """Three steps of a lane's work, each noted in the order in which they come."""
    for number in range(3):
        order.append(name)
        yield number


async def rounds(order: list[str], number: int) -> None:
    """What else the loop has to do, noted once a round."""
    for _ in range(number):
        order.append("loop")
        await asyncio.sleep(0)


async def test_lanes_take_turns_and_the_loop_is_free_between(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "SLICE_S", 0.0)
    shared, order = turns.Turns(), list[str]()
    done = await asyncio.gather(
        shared.work(steps(order, "a")), shared.work(steps(order, "b"), until=lambda: True), rounds(order, 9)
    )
    assert [last for last, _ in done[:2]] == [2, 0]
    computed = [(one, other) for one, other in pairwise(order) if "loop" not in {one, other}]
    assert not computed, "two slices in one round of the loop"
    assert [name for name in order if name != "loop"] == ["a", "b", "a", "a"]


async def test_the_loop_goes_round_within_a_turn_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "SLICE_S", 3_600.0)
    monkeypatch.setattr(turns, "BREATH_S", 0.0)
    shared, order = turns.Turns(), list[str]()
    done = await asyncio.gather(shared.work(steps(order, "a")), shared.work(steps(order, "b")), rounds(order, 3))
    assert [last for last, _ in done[:2]] == [2, 2]
    assert [name for name in order if name != "loop"] == ["a", "a", "a", "b", "b", "b"]
    assert order[:5] == ["a", "loop", "a", "loop", "a"]


async def test_one_lane_at_a_time_is_in_the_middle_of_a_large_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "LARGE_BATCH", 1)
    log, shared = Log(), turns.Turns()
    async with running(log) as stand:
        stand.lane._batches._turns = shared
        async with shared.large(2):
            stand.lane.offer(BALANCES, fetch(line(0)))
            await stand.until(lambda: log.works)  # a small one waits for nobody
            stand.lane.offer(BALANCES, fetch(line(1), line(2)))
            await stand.until(lambda: not stand.lane.queued)
            assert not stand.lane.is_busy, "it is the other lane that has to get on"
        await stand.until(lambda: len(log.works) == 2)


async def test_a_batch_that_takes_many_slices_is_progress_and_one_that_hangs_is_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(turns, "SLICE_S", 0.0)
    log = Log()
    log.go_on.clear()  # no commit is answered
    async with running(log) as stand:
        stand.lane.offer(BALANCES, fetch(*map(line, range(9 * STEP))))
        await log.committing.wait()
        got_on = stand.lane.progress
        assert got_on >= 9
        await asyncio.sleep(0.02)
        assert (stand.lane.is_busy, stand.lane.progress, log.works) == (True, got_on, [])
        log.go_on.set()
        await stand.until(lambda: log.works)


async def test_a_lane_that_only_waits_with_records_at_hand_makes_no_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "IDLE_S", 0.001)
    log = Log()
    log.input_ends = [1, 1, 0, 0, 0]
    async with running(log, "event") as stand:
        stand.lane.offer(BALANCES, fetch(line(0)))  # the transaction before it does not come
        await stand.until(lambda: stand.lane.queued)
        await asyncio.sleep(0.02)
        assert (stand.lane.is_busy, stand.lane.progress, log.works) == (True, 0, [])


def loan(offset: int) -> Line:
    """An application for a loan, later than every balance of these tests."""
    fields = {"event_id": f"l{offset}", "customer_id": CUSTOMER, "loan_id": f"L{offset}", "amount": "1"}
    value = {**fields, "currency": "TWD", "applied_at": AT_MS + 60_000}
    return Line(offset, CUSTOMER.encode(), json.dumps(value).encode())


async def test_a_loan_waits_for_what_the_broker_has_when_its_wait_is_over() -> None:
    log = Log()
    log.input_ends = [1, 0, 0, 1, 0]
    async with running(log, wait=Wait(LOANS, 1)) as stand:
        stand.lane.offer(LOANS, fetch(loan(0)))
        await asyncio.sleep(0.05)
        assert not log.works  # a balance is still to come
        stand.lane.offer(BALANCES, fetch(line(0)))
        await stand.until(lambda: log.works and log.works[-1].lane.next_offsets[LOANS] == 1)
        assert log.works[0].lane.next_offsets[BALANCES] == 1
        assert not stand.failed


async def test_a_lane_is_idle_while_it_waits_for_its_inputs_alone() -> None:
    log = Log()
    log.go_on.clear()
    async with running(log) as stand:
        await stand.until(lambda: stand.lane.is_idle)
        stand.lane.offer(BALANCES, fetch(line(0)))
        assert not stand.lane.is_idle
        await log.committing.wait()
        assert not stand.lane.is_idle
        log.go_on.set()
        await stand.until(lambda: stand.lane.is_idle)
    assert not stand.lane.is_idle


async def test_a_question_for_a_loan_that_is_cancelled_with_the_process_is_no_failure() -> None:
    log = Log()
    log.answering.clear()
    async with running(log, wait=Wait(LOANS, 1)) as stand:
        stand.lane.offer(LOANS, fetch(loan(0)))
        async with asyncio.timeout(stretched(10)):
            await log.asked.wait()
    [question] = asyncio.all_tasks() - {asyncio.current_task()}
    question.cancel()
    await asyncio.wait([question])
    assert question.cancelled()
    assert not stand.failed


async def test_a_loan_waits_anew_after_a_take_over_and_after_parking() -> None:
    log = Log()
    log.failures = [TransactionFailedError("fenced")]
    async with running(log, wait=Wait(LOANS, 60_000)) as stand:
        stand.lane.offer(LOANS, fetch(loan(0)))
        stand.lane.offer(BALANCES, fetch(line(0)))
        await stand.until(lambda: log.seeks)
        assert log.seeks == [[0, 0, 0, 0, 0]]
        stand.lane.offer(BALANCES, fetch(line(0)))
        stand.lane.offer(LOANS, fetch(loan(0)))
        await stand.until(lambda: log.works)
        assert (log.works[-1].lane.next_offsets[LOANS], stand.lane.queued) == (0, 1)
        await stand.lane.park()
        assert stand.lane.queued == 0
        assert stand.lane.next_offsets == [1, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("lane_offset", "span", "group", "says"),
    [
        (5, Span(6, 9), 5, "the state stands at offset 5, the topic holds 6 to 9"),
        (5, Span(0, 4), 5, "the state stands at offset 5, the topic holds 0 to 4"),
        (5, Span(0, 9), 6, "the group's offset 6 is ahead of the state's 5"),
        (None, Span(0, 9), 3, "the group has offsets but the changelog is empty"),
    ],
)
async def test_a_state_that_does_not_fit_the_inputs_stops_the_worker(
    lane_offset: int | None, span: Span, group: int, says: str
) -> None:
    log = Log()
    log.span, log.group = span, [group, 0, 0, 0, 0]
    log.recover = recovering(lane_offset)  # type: ignore[method-assign]
    with pytest.raises(LaneError, match=says):
        await Stand(log).start()


@pytest.mark.parametrize(
    ("lane_offset", "span", "group", "next_offset"),
    [
        (5, Span(0, 9), 4, 5),  # behind: ignored
        (5, Span(5, 5), None, 5),  # expired: ignored
        (None, Span(3, 9), None, 3),  # new: from the beginning
        (None, Span(0, 9), 0, 0),
    ],
)
async def test_the_lane_record_says_where_to_read(
    lane_offset: int | None, span: Span, group: int | None, next_offset: int
) -> None:
    log = Log()
    log.span, log.group = span, [group] * len(TOPICS)
    log.recover = recovering(lane_offset)  # type: ignore[method-assign]
    async with running(log) as stand:
        assert stand.lane.next_offsets == [next_offset] * len(TOPICS)


async def test_a_partition_lost_while_it_is_taken_over_is_no_lost_changelog() -> None:
    """The new owner commits between our reading of the changelog and whatever we ask next."""
    log = Log()
    recover = recovering(5)

    async def overtaken(number: int) -> Recovered:
        found = await recover(number)
        log.group = [9] * len(TOPICS)
        return found  # type: ignore[no-any-return]

    log.recover = overtaken  # type: ignore[method-assign]
    async with running(log) as stand:
        assert stand.lane.next_offsets == [5] * len(TOPICS)


def recovering(offset: int | None) -> Callable[[int], Any]:
    lane = None if offset is None else LaneRecord((offset,) * len(TOPICS), 1, NEVER_MS)

    async def recover(_: int) -> Recovered:
        return Recovered({}, lane, 0, 0)

    return recover


async def test_lag_is_what_can_be_read_and_was_not() -> None:
    log = Log()
    log.span = Span(0, 7)
    async with running(log) as stand:
        stand.lane.offer(BALANCES, fetch(line(0)))
        await stand.until(lambda: stand.lane.progress == 1)
        assert stand.lane.lags() == [6, None, None, None, None]
