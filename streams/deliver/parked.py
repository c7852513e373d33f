"""Events that were given up: on `{app id}-deliver-parked`, whole, with headers that say where from, why and when.

To send one again a copy goes to `{app id}-deliver-resend`, which the endpoint's own queue reads; so the copy is also
the mark that it was sent again (see resend.py).
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime
from typing import NamedTuple

from aiokafka import ConsumerRecord, TopicPartition

from streams.deliver.request import event_id
from streams.kafka.offsets import Offsets
from streams.kafka.tape import Tape
from streams.kafka.topics import partition_count
from streams.settings import Settings

ENDPOINT = "deliver_endpoint"
_PREFIX = "deliver_"
_OF = "deliver_parked"  # on a copy: partition and offset of the parked event

Headers = list[tuple[str, bytes]]
Position = tuple[int, int]


class Parked(NamedTuple):
    """A parked event: its record there, and what the headers tell; topic, partition and offset of the queued one."""

    record: ConsumerRecord
    endpoint: str
    id: str
    topic: str
    partition: int
    offset: int
    reason: str
    tries: int
    at: str

    @property
    def position(self) -> Position:
        """Where it stands on the topic of parked events."""
        return self.record.partition, self.record.offset

    @property
    def source(self) -> tuple[str, str, int, int]:
        """The same for two records that a crash made of one event."""
        return self.endpoint, self.topic, self.partition, self.offset


def parked_headers(record: ConsumerRecord, endpoint: str, reason: str, tries: int, now_s: float) -> Headers:
    """The headers with which the record is parked: its own, and why it is there."""
    told = {
        "endpoint": endpoint,
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "reason": reason,
        "tries": tries,
        "at": datetime.fromtimestamp(now_s, UTC).isoformat(timespec="milliseconds"),
    }
    return [*original_headers(record), *((_PREFIX + name, str(value).encode()) for name, value in told.items())]


def copy_headers(parked: Parked) -> Headers:
    """The headers of the copy that is sent again."""
    partition, offset = parked.position
    told = [(ENDPOINT, parked.endpoint.encode()), (_OF, f"{partition}:{offset}".encode())]
    return [*original_headers(parked.record), *told]


def original_headers(record: ConsumerRecord) -> Headers:
    """The headers that the event had when it was decided."""
    return [(name, value) for name, value in record.headers if not name.startswith(_PREFIX)]


def addressee(record: ConsumerRecord) -> str:
    """The name of the endpoint that a copy is for."""
    return _texts(record).get(ENDPOINT, "")


async def read_parked(settings: Settings) -> list[Parked]:
    """All parked events by the time of parking, each once. UsageError where Kafka or the topic is not there."""
    found: dict[tuple[str, str, int, int], Parked] = {}
    async with aclosing(_records(settings, settings.parked_topic)) as records:
        async for record in records:
            parked = _parked(record)
            if parked is not None:
                found.setdefault(parked.source, parked)
    return sorted(found.values(), key=lambda parked: (parked.record.timestamp, parked.position))


async def sent_again(settings: Settings) -> set[Position]:
    """The parked events of which there is a copy, by where they stand."""
    found = set()
    async with aclosing(_records(settings, settings.resend_topic)) as records:
        async for record in records:
            partition, colon, offset = _texts(record).get(_OF, "").partition(":")
            if colon and partition.isdigit() and offset.isdigit():
                found.add((int(partition), int(offset)))
    return found


async def _records(settings: Settings, topic: str) -> AsyncGenerator[ConsumerRecord, None]:
    tps = [TopicPartition(topic, number) for number in range(await partition_count(settings, topic))]
    async with Offsets(settings.client_options()) as offsets:
        # The ends of what is written: also a copy that another command is committing must be seen.
        spans = zip(tps, await offsets.beginnings(tps), await offsets.written_ends(tps), strict=True)
    for tp, begins_at, end in spans:
        tape = Tape(settings.client_options(), tp, begins_at, end)
        try:
            while (record := await tape.next()) is not None:
                yield record
        finally:
            await tape.close()


def _texts(record: ConsumerRecord) -> dict[str, str]:
    return {name: value.decode(errors="replace") for name, value in record.headers}


def _parked(record: ConsumerRecord) -> Parked | None:
    """None where somebody else wrote the record."""
    texts = _texts(record)
    try:
        return Parked(
            record,
            texts[_PREFIX + "endpoint"],
            event_id(record.headers),
            texts[_PREFIX + "topic"],
            int(texts[_PREFIX + "partition"]),
            int(texts[_PREFIX + "offset"]),
            texts[_PREFIX + "reason"],
            int(texts[_PREFIX + "tries"]),
            texts[_PREFIX + "at"],
        )
    except (KeyError, ValueError):
        return None
