"""What handlers stand on: the index, the policies, the worker, and time. And how they answer."""

from dataclasses import dataclass
from datetime import UTC
from typing import Any, Final

import msgspec
from aiohttp import web

from streams.console.published import PublishedPolicies
from streams.console.refused import later
from streams.console.worker import WorkerAsked
from streams.history.follower import Follower
from streams.history.queries import Queries
from streams.kafka.wall_clock import wall_ms
from streams.settings import Settings
from streams.values.calendar import Calendar

_encode = msgspec.json.Encoder().encode
SHARED: Final = "private, no-cache"
"""Of answers without customers: a browser may keep them, and asks again whether they still hold."""


@dataclass(frozen=True, slots=True)
class Asked:
    """All that handlers ask."""

    settings: Settings
    queries: Queries
    policies: PublishedPolicies
    worker: WorkerAsked
    follower: Follower

    def check_built(self) -> None:
        """Checks that the index has what there was when it began.

        Raises:
            RefusedError: It is being made; an answer would leave out what is not read yet.
        """
        progress = self.follower.progress
        if not progress.built:
            raise later(f"The history is being read from the topics: {progress.in_words}.", 2)

    async def now_ms(self) -> int:
        """Gives the time by the workers' clock; on the event clock that of the newest decision."""
        if self.settings.clock == "wall":
            return wall_ms()
        newest_ms = await self.queries.newest_ms()
        return wall_ms() if newest_ms is None else newest_ms + 1

    async def calendar(self) -> Calendar:
        """Gives the days of the policy in force; those of UTC where none is."""
        in_force = await self.policies.in_force()
        return Calendar(UTC) if in_force is None else in_force.compiled.policy.calendar


def answer(of: Any, *, status: int = 200, shared: bool = False) -> web.Response:
    """Gives a struct as an answer. shared: it has no customers."""
    headers = {"Cache-Control": SHARED if shared else "no-store"}
    return web.Response(status=status, body=_encode(of), content_type="application/json", headers=headers)
