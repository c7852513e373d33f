"""The product, made wrong on purpose: the oracle has to see each of these."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import count
from typing import Any
from unittest.mock import patch

from aiokafka.errors import ProducerFenced

from streams.contracts.kept import LaneRecord
from streams.kafka.open_transactions import Decision, decision_on
from streams.kafka.producers import ProducersInTurn, Sent, TransactionFailedError
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


def kept_before_the_commit() -> AbstractContextManager[Any]:
    """The new state is shown before it is committed."""
    real = Owned.commit

    async def commit(self: Any, work: Work) -> None:
        self.known.keep(work)
        await real(self, work)

    return patch.object(Owned, "commit", commit)


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

    async def decision_on(*_: Any) -> Decision:
        return Decision("abort")

    return patch("streams.kafka.producers.decision_on", decision_on)


def own_aborts_not_looked_for() -> AbstractContextManager[Any]:
    """What a take-over's own fence has left open in some outputs stays so."""

    async def decided_without_fence(*arguments: Any) -> Decision | None:
        found = await decision_on(*arguments)
        return None if found is None or found.partitions is not None else found

    return patch("streams.kafka.producers.decision_on", decided_without_fence)


MUTATIONS: Mapping[str, Callable[[], AbstractContextManager[Any]]] = {
    each.__name__.replace("_", " "): each
    for each in (
        without_fencing,
        b_commits_first,
        state_kept_after_a_failed_commit,
        answers_not_awaited,
        late_ends_not_minded,
        offsets_of_the_group_believed,
        gaps_not_seen,
        what_arrived_before_taken_again,
        queues_kept_over_a_take_over,
        kept_before_the_commit,
        state_outside_the_transaction,
        fenced_goes_on,
        leftovers_always_aborted,
        own_aborts_not_looked_for,
    )
}
