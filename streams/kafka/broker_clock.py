"""The clock of the brokers, held against this machine's: one wrong wall clock would decide years ahead for good.

A record on `tier.owner` tells the broker's time, since that topic stamps records as they are appended.
"""

from collections.abc import Callable
from typing import Self

from aiokafka import AIOKafkaProducer

from streams.errors import UsageError
from streams.kafka.owner import CLOCK_KEY
from streams.kafka.topic_specs import not_stamped
from streams.settings import Settings

LIMIT_MS = 5 * 60_000
NOTED_MS = 1_000
"""From here on a difference is worth a line of the log: what falls due is promised within a second."""
_LOG_APPEND_TIME = 1
_MEND = "set the wrong one of the two right (NTP)"


class BrokerClock:
    """A context manager that asks a broker for its time."""

    def __init__(self, settings: Settings, now_ms: Callable[[], int]) -> None:
        """Prepares it. now_ms: this machine's clock."""
        self._settings = settings
        self._topic = settings.owner_topic
        self._now_ms = now_ms
        self._producer = AIOKafkaProducer(**settings.client_options(), acks="all")

    async def __aenter__(self) -> Self:
        try:
            await self._producer.start()
        except BaseException:
            await self._producer.stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._producer.stop()

    async def ahead_ms(self) -> int:
        """Gives how far this machine's clock is ahead of the broker's for certain; below 0: behind.

        Raises:
            KafkaError: The broker does not answer.
            UsageError: The topic was made with other settings.
        """
        sent_ms = self._now_ms()
        stamped = await self._producer.send_and_wait(self._topic, b"{}", key=CLOCK_KEY, partition=0)
        if stamped.timestamp_type != _LOG_APPEND_TIME:
            raise UsageError(not_stamped(self._settings, self._topic))
        return certain_ms(sent_ms, stamped.timestamp, self._now_ms())

    async def wrong(self) -> str | None:
        """Says by how much this machine's clock differs from the broker's, if by more than LIMIT_MS.

        Raises:
            KafkaError: The broker does not answer.
            UsageError: The topic was made with other settings.
        """
        return wrong(await self.ahead_ms())


def certain_ms(sent_ms: int, broker_ms: int, answered_ms: int) -> int:
    """Gives how far a clock is ahead for certain of the broker's, which told its time between the two others."""
    return max(sent_ms - broker_ms, 0) or min(answered_ms - broker_ms, 0)


def wrong(ahead_ms: int) -> str | None:
    """Says what a difference of more than LIMIT_MS means."""
    if abs(ahead_ms) <= LIMIT_MS:
        return None
    return f"{apart(ahead_ms)}; what it decides would be decided at a wrong time: {_MEND}"


def noted(ahead_ms: int) -> str | None:
    """Says what a difference of more than NOTED_MS means, which is borne."""
    if abs(ahead_ms) <= NOTED_MS:
        return None
    when = "early" if ahead_ms > 0 else "late"
    return f"{apart(ahead_ms)}: what falls due by time alone is decided that much too {when}; {_MEND}"


def apart(ahead_ms: int) -> str:
    """Says by how much the two clocks differ."""
    return (
        f"this machine's clock is {abs(ahead_ms) / 1000:.0f} s {'ahead of' if ahead_ms > 0 else 'behind'} the broker's"
    )


def leapt(ms: int) -> str:
    """Says that this machine's clock was set while it was decided by. ms: by how much; below 0: back."""
    way = "ahead" if ms > 0 else "back"
    return (
        f"this machine's clock has leapt {abs(ms) / 1000:.0f} s {way}; nothing is decided by it "
        "before it is held against the broker's, at the next start"
    )
