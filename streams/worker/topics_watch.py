"""Whether the topics stay those that the state was made with, while a worker runs.

aiokafka looks at partition counts every five minutes, and never at ids: a worker would read half of the partitions, or
pass over what was written to a topic that was made anew.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from typing import NamedTuple

from aiokafka.errors import KafkaError

from streams.contracts.kept import KnownTopic, LaneRecord
from streams.kafka.unchanged import TopicsChangedError, confirmed, difference

# With the time that a difference has to last (unchanged.CONFIRMED_FOR_S), within 30 s.
LOOK_EVERY_S = 10.0


class Watched(NamedTuple):
    """A lane record, and the topics that its stage works with."""

    lane: LaneRecord
    names: Collection[str]


async def end_when_changed(
    ask: Callable[[], Awaitable[Mapping[str, KnownTopic]]],
    watched: Callable[[], Iterable[Watched]],
    given_up: Callable[[], bool],
    on_suspicion: Callable[[str | None], None],
    on_failure: Callable[[BaseException], None],
) -> None:
    """Looks at the topics again and again; calls on_failure once a difference has lasted.

    ask: gives the topics that are there. watched: what they are held against. given_up: asked before each look; once it
    gives True, this returns. on_suspicion: called with what each look finds, None for nothing.
    """

    async def look() -> str | None:
        try:
            now = await ask()
        except (KafkaError, OSError, TimeoutError):
            return None  # brokers that are away come back
        said = next(filter(None, (difference(lane, names, now) for lane, names in watched())), None)
        on_suspicion(said)
        return said

    while not given_up():
        await asyncio.sleep(LOOK_EVERY_S)
        said = await confirmed(look)
        if said is not None:
            on_failure(TopicsChangedError(said))
