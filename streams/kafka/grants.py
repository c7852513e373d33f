"""A grant lane: the one place where the budgets of its campaigns are spent, so that nothing is spent twice.

It takes candidates in the order of their partition, grants what the budgets hold, and commits one transaction:
triggers, what is spent, and how far it has come. Whoever owns a partition of the inputs owns that of the candidates.
Until there is a first candidate nothing is taken over: where no campaign has a budget it is one long poll.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence

from streams.budgets import Budgets, CandidateRecord, Grants, NoCandidateError
from streams.kafka.around import GrantSurroundings
from streams.kafka.producers import TransactionFailedError
from streams.kafka.standing import LaneError, check_standing, pause_s, persistently
from streams.metrics import Metrics

# Brokers restart and coordinators move; what has not mended itself by then needs somebody.
TAKE_OVER_WITHIN_S = 60.0
FAILURES_LIMIT = 10
_log = logging.getLogger(__name__)


class GrantLane:
    """One partition of the candidates, from start to parking; each start takes over anew."""

    def __init__(
        self, number: int, around: GrantSurroundings, metrics: Metrics, on_failure: Callable[[BaseException], None]
    ) -> None:
        self.number = number
        self.progress = 0
        self._around = around
        self._metrics = metrics
        self._on_failure = on_failure
        self._transactions = around.transactions(number)
        self._reader = around.reader(number)
        self._budgets = Budgets()
        self._failures = 0  # transactions in a row
        self._committing = False
        self._parking = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins to work."""
        self._parking = False
        self._task = asyncio.create_task(self._run(), name=f"grants {self.number}")
        self._task.add_done_callback(self._ended)

    async def park(self) -> None:
        """Finishes the transaction in hand, drops everything else, and stops."""
        self._parking = True
        task, self._task = self._task, None
        if task is not None:
            if not self._committing:
                task.cancel()
            await asyncio.wait([task])

    async def _run(self) -> None:
        try:
            await self._persistently(self._look)
            candidates: Sequence[CandidateRecord] = []
            while not candidates and not self._parking:
                candidates = await self._reader.read()
            await self._persistently(self._take_over)
            while not self._parking:
                candidates = await self._reader.read()
                if candidates:
                    await self._work(candidates)
        finally:
            await asyncio.gather(self._reader.stop(), self._transactions.stop())

    async def _persistently(self, attempt: Callable[[], Awaitable[None]]) -> None:
        await persistently(attempt, f"grants of {self.number}", TAKE_OVER_WITHIN_S, lambda: self._parking)

    async def _look(self) -> None:
        await self._read_from((await self._around.span(self.number)).beginning)

    async def _read_from(self, offset: int) -> None:
        """By a new reader: one that is sought would end its long poll first."""
        await self._reader.stop()
        self._reader = self._around.reader(self.number)
        await self._reader.start(offset)

    async def _take_over(self) -> None:
        """Fences the former owner, reads what is spent, and stands where that ends."""
        number, around, began = self.number, self._around, time.monotonic()
        await self._transactions.stop()
        self._transactions = around.transactions(number)
        await self._transactions.start()
        await around.end_leftovers(number, self._transactions)
        # The group is asked before the changelog is read: were we overtaken in between, it would seem to be ahead.
        committed = await around.committed(number)
        recovered = await around.recover(number)
        span, lane = await around.span(number), recovered.lane
        check_standing(number, [around.topic], lane, [span], [committed])
        self._budgets = Budgets(recovered.packed, lane.counter if lane else 0)
        await self._read_from(lane.next_offsets[0] if lane else span.beginning)
        seconds = time.monotonic() - began
        _log.info("grants of %d taken over: %d records in %.3f s", number, recovered.records, seconds)

    async def _work(self, candidates: Sequence[CandidateRecord]) -> None:
        try:
            grants = self._budgets.work(candidates)
        except NoCandidateError as error:
            where = f"{self._around.topic} partition {self.number}, from offset {candidates[0].offset} on"
            raise LaneError(f"{where}: a record was not written by tierflow, or by a newer release: {error}") from error
        failure = await self._commit(grants)
        if failure is None:
            self._tell(grants)
        elif not self._parking:
            await self._failed(failure)

    async def _commit(self, grants: Grants) -> TransactionFailedError | None:
        self._committing = True
        try:
            await self._transactions.commit(grants)
        except TransactionFailedError as error:
            return error
        finally:
            self._committing = False
        return None

    def _tell(self, grants: Grants) -> None:
        self._failures = 0
        self.progress += 1
        self._metrics.record_grants(grants.granted, grants.refused)
        for campaign, period in grants.spent:
            _log.warning("campaign %s: the budget of %s is spent", campaign, period or "all time")

    async def _failed(self, error: TransactionFailedError) -> None:
        self._metrics.transaction_failed(self.number)
        self._failures += 1
        if self._failures >= FAILURES_LIMIT:
            raise LaneError(f"{self._failures} transactions of grants in a row have failed") from error
        _log.warning("%s; taking over again", error)
        await asyncio.sleep(pause_s(self._failures))  # a worker that has lost the partition is told so meanwhile
        await self._persistently(self._take_over)

    def _ended(self, task: asyncio.Task[None]) -> None:
        # Parking cancels. Nobody else does; but a future of the client that it awaits may be.
        error = LaneError(f"grants of {self.number} were cancelled") if task.cancelled() else task.exception()
        if error is not None and not (task.cancelled() and self._parking):
            self._on_failure(error)
