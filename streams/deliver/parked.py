"""Parked events: those that were given up, whole, with headers that say where they are from, why and when.

They are on `{app id}-deliver-parked`. To send one again, a copy goes to `{app id}-deliver-resend`, which the endpoint's
own queue reads. The copy is also the mark that the event was sent again (resend.py).
"""

from contextlib import aclosing
from datetime import UTC, datetime
from typing import NamedTuple

from aiokafka import ConsumerRecord

from streams.deliver.request import event_id
from streams.kafka.erasures import Erasures
from streams.kafka.keys import Keys, Opened
from streams.kafka.whole_topic import records_of
from streams.settings import Settings

ENDPOINT = "deliver_endpoint"
_PREFIX = "deliver_"
_OF = "deliver_parked"  # on a copy: partition and offset of the parked event

Headers = list[tuple[str, bytes]]
Position = tuple[int, int]


class Parked(NamedTuple):
    """A parked event: its record on the topic of parked events, and what the record's headers say.

    topic, partition and offset are those of the record that could not be delivered.
    """

    record: ConsumerRecord
    endpoint: str
    id: str
    topic: str
    partition: int
    offset: int
    reason: str
    tries: int
    at: str
    opened: Opened  # its value in the clear

    def is_void(self, erasures: Erasures) -> bool:
        """Says whether its customer was erased after it: it is not to be shown, or sent, any more."""
        return self.opened.is_erased or erasures.void_output(self.record, self.opened.value)

    @property
    def position(self) -> Position:
        """Gives the partition and offset of the parked record."""
        return self.record.partition, self.record.offset

    @property
    def source(self) -> tuple[str, str, int, int]:
        """Gives what is equal for two parked records that a crash made of one event."""
        return self.endpoint, self.topic, self.partition, self.offset


def parked_headers(record: ConsumerRecord, endpoint: str, reason: str, tries: int, now_s: float) -> Headers:
    """Gives the headers of a parked record: the event's own, and why it is parked. now_s: epoch seconds."""
    reasons = {
        "endpoint": endpoint,
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "reason": reason,
        "tries": tries,
        "at": datetime.fromtimestamp(now_s, UTC).isoformat(timespec="milliseconds"),
    }
    return [*original_headers(record), *((_PREFIX + name, str(value).encode()) for name, value in reasons.items())]


def copy_headers(parked: Parked) -> Headers:
    """Gives the headers of the copy that is sent again."""
    partition, offset = parked.position
    own = [(ENDPOINT, parked.endpoint.encode()), (_OF, f"{partition}:{offset}".encode())]
    return [*original_headers(parked.record), *own]


def original_headers(record: ConsumerRecord) -> Headers:
    """Gives the headers that the event had on its output topic."""
    return [(name, value) for name, value in record.headers if not name.startswith(_PREFIX)]


def addressee(record: ConsumerRecord) -> str:
    """Gives the name of the endpoint that a copy is for; empty if it names none."""
    return _texts(record).get(ENDPOINT, "")


async def read_parked(settings: Settings) -> list[Parked]:
    """Reads all parked events, each once, by the time of parking.

    Raises:
        UsageError: Kafka does not answer, or the topic is missing.
    """
    found: dict[tuple[str, str, int, int], Parked] = {}
    parked_records = records_of(settings, settings.parked_topic, waits_for_open=True)
    async with Keys(settings) as keys, aclosing(parked_records) as records:
        async for record in records:
            parked = _parked(record, await keys.opened(record))
            if parked is not None:
                found.setdefault(parked.source, parked)
    return sorted(found.values(), key=lambda parked: (parked.record.timestamp, parked.position))


async def sent_again(settings: Settings) -> set[Position]:
    """Gives the positions of the parked events that have a copy, and so were sent again."""
    found = set()
    # A copy that another command is committing must be seen, too.
    async with aclosing(records_of(settings, settings.resend_topic, waits_for_open=True)) as records:
        async for record in records:
            partition, colon, offset = _texts(record).get(_OF, "").partition(":")
            if colon and partition.isdigit() and offset.isdigit():
                found.add((int(partition), int(offset)))
    return found


def _texts(record: ConsumerRecord) -> dict[str, str]:
    return {name: value.decode(errors="replace") for name, value in record.headers}


def _parked(record: ConsumerRecord, opened: Opened) -> Parked | None:
    """Reads a parked record; gives None if somebody else wrote it."""
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
            opened,
        )
    except (KeyError, ValueError):
        return None
