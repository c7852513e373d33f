"""Faust's table recovery, replaced: after an assignment the lanes take their partitions over, then streams resume."""

from collections.abc import Awaitable, Callable
from typing import Any

from faust.tables.manager import TableManager
from faust.tables.recovery import Recovery
from mode import Service

from streams.logs import FAUST

TakeOver = Callable[[frozenset[int]], Awaitable[None]]


class LaneRecovery(Recovery):  # type: ignore[misc]
    """The recovery that has the app's lanes take over the assigned partition numbers before any input is read."""

    logger = FAUST

    @Service.task  # type: ignore[untyped-decorator]
    async def _restart_recovery(self) -> None:
        while not self.should_stop:
            if await self.wait_for_stopped(self.signal_recovery_start):
                return
            self.signal_recovery_start.clear()
            generation, revocations = self._generation_id, self.app.revocations
            await self.app.take_over(frozenset(tp.partition for tp in self.active_tps))
            if self.app.consumer_generation_id == generation and not self.signal_recovery_start.is_set():
                await self._resume_streams(generation)
                # If partitions were revoked meanwhile, nothing is ours until the next assignment, which will come.
                if self.app.revocations == revocations:
                    self.app.start_lanes()

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
