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
_LOG_APPEND_TIME = 1


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

    async def wrong(self) -> str | None:
        """Says by how much this machine's clock differs from the broker's, if by more than LIMIT_MS.

        Raises:
            KafkaError: The broker does not answer.
            UsageError: The topic was made with other settings.
        """
        sent_ms = self._now_ms()
        stamped = await self._producer.send_and_wait(self._topic, b"{}", key=CLOCK_KEY, partition=0)
        if stamped.timestamp_type != _LOG_APPEND_TIME:
            raise UsageError(not_stamped(self._settings, self._topic))
        return difference(sent_ms, stamped.timestamp, self._now_ms())


def difference(sent_ms: int, broker_ms: int, answered_ms: int) -> str | None:
    """Says by how much a clock differs for certain from the broker's, which told its time between the two others."""
    ahead_ms, behind_ms = sent_ms - broker_ms, broker_ms - answered_ms
    if max(ahead_ms, behind_ms) <= LIMIT_MS:
        return None
    by_s = max(ahead_ms, behind_ms) / 1000
    which = "ahead of" if ahead_ms > 0 else "behind"
    return (
        f"this machine's clock is {by_s:.0f} s {which} the broker's; what it decides would be decided at a wrong time: "
        "set the wrong one of the two right (NTP)"
    )
