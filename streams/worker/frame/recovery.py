"""Faust's table recovery, replaced: after an assignment the lanes take their partitions over, then streams resume.

    assigned -> take up what stays -> resume, start -> take over what comes -> start

Where nothing stays, as at the start, streams resume once all is taken over. A large state that is read holds nobody up
but its own partition.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from faust.tables.manager import TableManager
from faust.tables.recovery import RebalanceAgain, Recovery, ServiceStopped
from faust.types import TP
from mode import Service

from streams.logs import FAUST


class LaneRecovery(Recovery):  # type: ignore[misc]
    """The recovery that has the app's lanes take over the assigned partitions before any input is read."""

    logger = FAUST

    _revocations = 0  # how many there had been when the newest assignment was made
    _assigned: frozenset[TP] = frozenset()  # by the newest assignment

    async def on_rebalance(
        self, assigned: set[TP], revoked: set[TP], newly_assigned: set[TP], generation_id: int = 0
    ) -> None:
        """Notes an assignment, and how many revocations came before it. Called by Faust."""
        revocations = self.app.revocations
        await super().on_rebalance(assigned, revoked, newly_assigned, generation_id)
        if self.signal_recovery_start.is_set():  # Faust passes over an assignment that is out of date
            self._revocations = revocations
            self._assigned = frozenset(self.app.assignor.assigned_actives())
            self.app.on_partitions_given()

    @Service.task  # type: ignore[untyped-decorator]
    async def _restart_recovery(self) -> None:
        while not self.should_stop:
            if await self.wait_for_stopped(self.signal_recovery_start):
                return
            self.signal_recovery_start.clear()
            generation, revocations = self._generation_id, self._revocations
            # If partitions were revoked meanwhile, nothing is ours until the next assignment, which will come.
            try:
                await self._recover(partial(self._is_newest, generation, revocations), generation)
            except RebalanceAgain:
                continue
            except ServiceStopped:
                return

    async def _recover(self, is_newest: Callable[[], bool], generation: int) -> None:
        """Takes partitions up and over, and starts their lanes; ends early once the assignment is out of date."""
        if not is_newest():
            return
        await self.app.take_up(self._assigned)
        if not is_newest():
            return
        goes_on = self.app.goes_on
        if goes_on:
            await self._resume_streams(generation)
            if not is_newest():
                return
            self.app.start_lanes()
        await self.app.take_over()
        if not is_newest():
            return
        await (self.app.resume_lanes() if goes_on else self._resume_streams(generation))
        if is_newest():
            self.app.start_lanes()

    def _is_newest(self, generation: int, revocations: int) -> bool:
        """Says whether an assignment still holds: no later one has come, and nothing was revoked after it."""
        return (
            self.app.consumer_generation_id == generation
            and self.app.revocations == revocations
            and not self.signal_recovery_start.is_set()
        )

    @Service.task  # type: ignore[untyped-decorator]
    async def _slurp_changelogs(self) -> None:
        """Does nothing: the lanes read their changelogs themselves."""


class LaneTables(TableManager):  # type: ignore[misc]
    """Faust's table manager with LaneRecovery as its recovery."""

    logger = FAUST
    _recovery: LaneRecovery | None = None

    @property
    def recovery(self) -> Any:
        """Gives the recovery, made at first use."""
        if self._recovery is None:
            self._recovery = LaneRecovery(self.app, self, beacon=self.beacon, loop=self.loop)
        return self._recovery
