"""Whether the topics stay those that the state was made with, and as they must be, while a worker runs.

aiokafka looks at partition counts every five minutes, and never at ids: a worker would read half of the partitions, or
pass over what was written to a topic that was made anew. A limit on records that was lowered would be met one day.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from typing import NamedTuple

from aiokafka.errors import KafkaError

from streams.contracts.kept import KnownTopic, LaneRecord
from streams.errors import UsageError
from streams.kafka.unchanged import TopicsChangedError, confirmed, difference

# With the time that a difference has to last (unchanged.CONFIRMED_FOR_S), within 30 s.
LOOK_EVERY_S = 10.0


class Watched(NamedTuple):
    """A lane record, and the topics that its stage works with."""

    lane: LaneRecord
    names: Collection[str]


def changed_from(watched: Iterable[Watched], now: Mapping[str, KnownTopic]) -> str | None:
    """Says what differs from what lanes know of the topics; None if nothing does. now: those that are there."""
    return next(filter(None, (difference(lane, names, now) for lane, names in watched)), None)


async def end_when_changed(
    look: Callable[[], Awaitable[str | None]],
    given_up: Callable[[], bool],
    on_failure: Callable[[BaseException], None],
) -> None:
    """Looks at the topics again and again; calls on_failure once one has been wrong for a while.

    look: says what is wrong, None where nothing is. given_up: asked before each look; once it gives True, this returns.
    """
    while not given_up():
        await asyncio.sleep(LOOK_EVERY_S)
        said = await lasting(look)
        if said is not None:
            on_failure(TopicsChangedError(said))


async def lasting(look: Callable[[], Awaitable[str | None]]) -> str | None:
    """Gives what `look` says is wrong, if it says so for a while; None where nothing is, or brokers do not answer."""

    async def patient_look() -> str | None:
        try:
            return await look()
        except (KafkaError, OSError, TimeoutError, UsageError):
            return None  # brokers that are away come back, and another watch says why one refuses us

    return await confirmed(patient_look)
