"""Points of the product that a run counts: the real functions, with a note when they are come to."""

from contextlib import AbstractContextManager, ExitStack
from typing import Any
from unittest.mock import patch

from streams.kafka.lost_ends import LeftOpenError, LostEnds
from streams.kafka.producers import ProducersInTurn
from streams.worker.lane import Lane
from streams.worker.owned import Owned
from tests.simulation.checks import Anomaly
from tests.simulation.loop import PROCESS

ENDED = {"commit": "committed", "abort": "aborted"}


def met(what: str) -> None:
    """Counts a point."""
    PROCESS.get().world.faults.met_once(what)  # type: ignore[union-attr]


def points_noted() -> AbstractContextManager[Any]:
    """Has the product's functions note that they were come to."""
    is_unchanged, spawn_seek = Owned.is_unchanged, Lane._spawn_seek
    end_leftovers, see_none = ProducersInTurn.end_leftovers, LostEnds.see_none

    async def unchanged(self: Any) -> bool:
        worker: Any = PROCESS.get()
        committed = worker.world.committed_counter(self.stage, self.number)
        found = await is_unchanged(self)
        if found:
            met("taken up where it was parked")
            if self.known.lane.counter < committed:
                worker.world.anomalies.append(
                    Anomaly("stale state", f"{self.title} goes on with {self.known.lane.counter} of {committed}")
                )
        return found

    def seek(self: Any) -> None:
        met("gap in the fetches")
        spawn_seek(self)

    async def ended(self: Any) -> Any:
        found = await end_leftovers(self)
        for outcome in set((found or {}).values()):
            met(f"left open: {ENDED[outcome]}")
        return found

    async def seen(self: Any, *arguments: Any) -> Any:
        try:
            return await see_none(self, *arguments)
        except LeftOpenError:
            met("left open: seen while worked")
            raise

    stack = ExitStack()
    stack.enter_context(patch.object(Owned, "is_unchanged", unchanged))
    stack.enter_context(patch.object(Lane, "_spawn_seek", seek))
    stack.enter_context(patch.object(ProducersInTurn, "end_leftovers", ended))
    stack.enter_context(patch.object(LostEnds, "see_none", seen))
    for name in ("_have_it_remembered", "_add", "_commit"):
        stack.enter_context(patch.object(LostEnds, name, _ending(getattr(LostEnds, name))))
    return stack


def _ending(request: Any) -> Any:
    """Has a worker be struck there often."""

    async def asked(*arguments: Any) -> Any:
        worker: Any = PROCESS.get()
        worker.ends_what_was_left += 1
        try:
            return await request(*arguments)
        finally:
            worker.ends_what_was_left -= 1

    return asked
