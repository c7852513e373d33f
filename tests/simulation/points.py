"""Points of the product that a run counts: the real functions, with a note when they are come to."""

from contextlib import AbstractContextManager, ExitStack
from typing import Any
from unittest.mock import patch

from streams.kafka.producers import ProducersInTurn
from streams.worker.lane import Lane
from streams.worker.owned import Owned
from tests.simulation.loop import PROCESS


def met(what: str) -> None:
    """Counts a point."""
    PROCESS.get().world.faults.met_once(what)  # type: ignore[union-attr]


def points_noted() -> AbstractContextManager[Any]:
    """Has the product's functions note that they were come to."""
    is_unchanged, spawn_seek = Owned.is_unchanged, Lane._spawn_seek
    end_leftovers = ProducersInTurn.end_leftovers

    async def unchanged(self: Any) -> bool:
        found = await is_unchanged(self)
        if found:
            met("taken up where it was parked")
        return found

    def seek(self: Any) -> None:
        met("gap in the fetches")
        spawn_seek(self)

    async def ended(self: Any, tps: Any) -> Any:
        found = await end_leftovers(self, tps)
        if found:
            met("leftover ended")
        return found

    stack = ExitStack()
    stack.enter_context(patch.object(Owned, "is_unchanged", unchanged))
    stack.enter_context(patch.object(Lane, "_spawn_seek", seek))
    stack.enter_context(patch.object(ProducersInTurn, "end_leftovers", ended))
    return stack
