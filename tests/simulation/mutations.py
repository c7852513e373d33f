"""The product, made wrong on purpose: the oracle has to see each of these."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from itertools import count
from typing import Any, NamedTuple
from unittest.mock import patch

from aiokafka.errors import ProducerFenced
from aiokafka.protocol.transaction import EndTxnRequest

from streams.contracts.kept import LaneRecord
from streams.kafka import changelog, transactional
from streams.kafka.epochs import RaiseRequest
from streams.kafka.lost_ends import WORKS_MS, Look, LostEnds, _Start
from streams.kafka.producers import ProducersInTurn, Sent, TransactionFailedError
from streams.kafka.protocol_2 import in_protocol_2
from streams.kafka.transactional import TransactionalProducer
from streams.partition.work import Work
from streams.worker.inbox import Inbox
from streams.worker.lane import Lane
from streams.worker.owned import Owned
from streams.worker.transactions import Transactions

_own_ids = count(1)


def without_fencing() -> AbstractContextManager[Any]:
    """Each owner has transactional ids of its own."""
    real = ProducersInTurn.__init__

    def init(self: Any, options: Any, ids: str, *more: Any) -> None:
        real(self, options, f"{ids}-{next(_own_ids)}", *more)

    return patch.object(ProducersInTurn, "__init__", init)


def b_commits_first() -> AbstractContextManager[Any]:
    """The first commit after a start is that of the producer that started last."""
    real = ProducersInTurn.__init__

    def init(self: Any, *arguments: Any) -> None:
        real(self, *arguments)
        self._turn = 0

    return patch.object(ProducersInTurn, "__init__", init)


def state_kept_after_a_failed_commit() -> AbstractContextManager[Any]:
    """A failed transaction counts as committed."""
    real = Transactions.commit

    async def commit(self: Any, work: Work, after: int = 0) -> int:
        try:
            return await real(self, work, after)
        except TransactionFailedError:
            await self.stop()
            await self.start()
            return after

    return patch.object(Transactions, "commit", commit)


def answers_not_awaited() -> AbstractContextManager[Any]:
    """A commit does not look whether all records were taken."""

    async def answered(sent: Iterable[Sent]) -> list[Any]:
        found = []
        for each in sent:
            try:
                found.append(await each.answer)
            except Exception:  # noqa: BLE001, S112 - that is the fault
                continue
        return found or [await each.answer for each in sent]

    return patch("streams.worker.transactions.answered", answered)


def late_ends_not_minded() -> AbstractContextManager[Any]:
    """The epoch is not raised after an end that was not answered."""
    return patch.object(TransactionalProducer, "_may_end_late", property(lambda _: False, lambda *_: None), create=True)


def offsets_of_the_group_believed() -> AbstractContextManager[Any]:
    """A take-over goes on where the group's offsets say, which it read before."""
    real = Owned._lane_record

    async def lane_record(
        self: Any, lane: LaneRecord | None, committed: Sequence[int | None], newest: int | None
    ) -> LaneRecord:
        found = await real(self, lane, committed, newest)
        return LaneRecord(
            tuple(offset or 0 for offset in committed), found.counter, found.clock_ms, topics=found.topics
        )

    return patch.object(Owned, "_lane_record", lane_record)


def gaps_not_seen() -> AbstractContextManager[Any]:
    """A fetch that begins behind a gap is taken in."""
    real = Inbox.put

    def put(self: Any, topic: int, fetched: Any) -> bool:
        return real(self, topic, fetched._replace(begins_at=min(fetched.begins_at, self.received[topic])))

    return patch.object(Inbox, "put", put)


def what_arrived_before_taken_again() -> AbstractContextManager[Any]:
    """A fetch is taken in whole, though some of it has arrived before."""
    real = Inbox.put

    def put(self: Any, topic: int, fetched: Any) -> bool:
        self.received[topic] = min(self.received[topic], fetched.begins_at)
        return real(self, topic, fetched)

    return patch.object(Inbox, "put", put)


def queues_kept_over_a_take_over() -> AbstractContextManager[Any]:
    """What had arrived before a take-over is worked after it."""

    def drop(self: Any) -> None:
        if self.partition is not None:
            self.is_placed = True
            if not len(self._inbox):
                self._inbox.received = list(self.partition.next_offsets)

    return patch.object(Lane, "_drop_queues", drop)


def parked_states_believed() -> AbstractContextManager[Any]:
    """A partition that comes back is gone on with, though another worker has written to it meanwhile."""

    async def is_unchanged(self: Any) -> bool:
        return self.partition is not None

    return patch.object(Owned, "is_unchanged", is_unchanged)


def kept_before_the_commit() -> AbstractContextManager[Any]:
    """The new state is shown before it is committed."""
    real = Owned.commit

    async def commit(self: Any, work: Work) -> None:
        self.known.keep(work)
        await real(self, work)

    return patch.object(Owned, "commit", commit)


def open_transactions_read_past() -> AbstractContextManager[Any]:
    """A take-over reads the changelog as far as it can be read, though an open transaction hides what is behind."""

    async def as_far_as_seen(options: Any, consumer: Any, tp: Any, deadline_s: float) -> int:
        del options, deadline_s
        return int((await consumer.end_offsets([tp]))[tp])

    return patch.object(changelog, "_stable_end", as_far_as_seen)


def state_outside_the_transaction() -> AbstractContextManager[Any]:
    """The lane record is committed a transaction late: what is in it is that of the batch before."""
    real = Transactions._by_partition

    async def by_partition(self: Any, work: Work, producer: Any) -> Any:
        self.newest, before = work.lane, getattr(self, "newest", work.lane)
        return await real(self, work._replace(lane=before), producer)

    return patch.object(Transactions, "_by_partition", by_partition)


def fenced_goes_on() -> AbstractContextManager[Any]:
    """A producer that was fenced starts anew and goes on with the state it has."""
    real = Owned.commit

    async def commit(self: Any, work: Work) -> None:
        kept = self.partition
        try:
            await real(self, work)
        except TransactionFailedError as error:
            if not isinstance(error.__cause__, ProducerFenced):
                raise
            await self._transactions.stop()
            self._transactions = self._new_transactions()
            await self._transactions.start()
            self.partition = kept
            await real(self, work)

    return patch.object(Owned, "commit", commit)


def leftovers_always_aborted() -> AbstractContextManager[Any]:
    """What the broker has left open is aborted, however it was decided."""

    return patch.object(Look, "outcome", property(lambda _: "abort"))


def decisions_not_remembered() -> AbstractContextManager[Any]:
    """What is to be committed is committed after a start that makes the broker forget that it is to be."""

    async def forget(self: Any, client: Any, node: int, look: Any) -> None:
        own = _Start(self._id, WORKS_MS, look.described.producer_id, look.described.epoch)
        if await self._asked(client, node, RaiseRequest(own)):
            began = look._replace(described=look.described._replace(epoch=own.producer_epoch + 1))
            if await self._add(client, node, began):
                await self._commit(client, node, began)

    return patch.object(LostEnds, "_have_it_remembered", forget)


def own_aborts_not_looked_for() -> AbstractContextManager[Any]:
    """What a take-over's own fence has left open stays so."""

    async def end_leftovers(_: Any) -> Mapping[Any, Any]:
        return {}

    return patch.object(ProducersInTurn, "end_leftovers", end_leftovers)


def restarts_not_minded() -> AbstractContextManager[Any]:
    """A lane goes on after its broker has restarted, and does not look whether ends were lost."""

    async def see_none(*_: Any) -> None:
        return None

    return patch.object(LostEnds, "see_none", see_none)


def ends_of_protocol_1_in_the_second() -> AbstractContextManager[Any]:
    """Transactions of protocol 2 end by the request of the first one, as if the epoch rose by itself all the same."""

    def in_part(request: Any) -> Any:
        return request if isinstance(request, EndTxnRequest) else in_protocol_2(request)

    stack = ExitStack()
    stack.enter_context(patch.object(transactional, "in_protocol_2", in_part))
    may_end_late = property(lambda self: self.ends_late and not self._has_protocol_2, _note_late_end)
    stack.enter_context(patch.object(TransactionalProducer, "_may_end_late", may_end_late, create=True))
    return stack


def _note_late_end(producer: Any, ends_late: bool) -> None:  # noqa: FBT001 - a property's
    producer.ends_late = ends_late


class Mutation(NamedTuple):
    """A way of making the product wrong. kinds: the anomalies that it leads to; another does not count."""

    mutated: Callable[[], AbstractContextManager[Any]]
    kinds: frozenset[str]


def _of(mutated: Callable[[], AbstractContextManager[Any]], *kinds: str) -> tuple[str, Mutation]:
    return mutated.__name__.replace("_", " "), Mutation(mutated, frozenset(kinds))


MUTATIONS: Mapping[str, Mutation] = dict(
    (
        _of(without_fencing, "lost write", "duplicate"),
        _of(b_commits_first, "lost write", "duplicate"),
        _of(state_kept_after_a_failed_commit, "lost write", "duplicate"),
        _of(answers_not_awaited, "lost write"),
        _of(late_ends_not_minded, "lost write", "torn transaction"),
        _of(offsets_of_the_group_believed, "duplicate"),
        _of(gaps_not_seen, "lost write"),
        _of(what_arrived_before_taken_again, "duplicate"),
        _of(queues_kept_over_a_take_over, "lost write"),
        _of(kept_before_the_commit, "dirty read"),
        _of(open_transactions_read_past, "false alarm"),  # its own checks stop it before it commits
        _of(parked_states_believed, "stale state"),  # its first commit is refused: its producers are fenced
        _of(state_outside_the_transaction, "inconsistent offsets"),
        _of(fenced_goes_on, "lost write"),
        _of(leftovers_always_aborted, "torn transaction"),
        _of(decisions_not_remembered, "torn transaction"),
        _of(own_aborts_not_looked_for, "torn transaction"),
        _of(restarts_not_minded, "torn transaction"),
        _of(ends_of_protocol_1_in_the_second, "lost write", "torn transaction", "duplicate"),
    )
)
