"""How long Kafka is waited for: nothing without end, and what was waited for is said."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka import TopicPartition
from aiokafka.errors import KafkaTimeoutError

# An open transaction hides what comes after it. Those of tierflow end after their timeout of 10 s at the latest.
PATIENCE_S = 30.0


class Patience:
    """The patience of one read; it is had anew with every step forward."""

    def __init__(self, tp: TopicPartition, end: int) -> None:
        """Begins now. end: the offset up to which is read."""
        self._tp = tp
        self._end = end
        self._position = -1
        self._since = time.monotonic()

    def is_not_at_end(self, position: int) -> bool:
        """Says whether there is more to read. position: the offset to read next.

        Raises:
            KafkaTimeoutError: Nothing could be read for PATIENCE_S; a later try may succeed.
        """
        if position > self._position:
            self._position, self._since = position, time.monotonic()
        elif time.monotonic() - self._since > PATIENCE_S:
            raise KafkaTimeoutError(
                f"{self._tp.topic} partition {self._tp.partition}: nothing has come for {PATIENCE_S:.0f} s, though "
                f"there is more to read, from offset {position} to {self._end}"
            )
        return position < self._end


@asynccontextmanager
async def answered_within(seconds: float, what: str) -> AsyncIterator[None]:
    """Ends what takes longer within its block. what: what is not so, in a sentence to which the time is added.

    Raises:
        KafkaTimeoutError: The time is over.
    """
    try:
        async with asyncio.timeout(seconds) as limit:
            yield
    except TimeoutError as error:
        if not limit.expired():
            raise
        raise KafkaTimeoutError(f"{what} within {seconds:g} s") from error
