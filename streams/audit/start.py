"""Starting points: the states and positions of all partitions at rest, kept in a file. An audit may begin there.

A log whose beginning was deleted, or worked by another engine, can be audited from a starting point on. The file holds
customers' data. It ends with the SHA-256 of what stands before, which the audit names, so that it can be noted down.
"""

import asyncio
import hashlib
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
from aiokafka import TopicPartition

from streams.audit.opened import Opener
from streams.audit.states import read_states
from streams.contracts.kept import LaneRecord
from streams.errors import UsageError
from streams.kafka.offsets import Offsets
from streams.kafka.wall_clock import wall_ms
from streams.settings import Settings
from streams.values.calendar import NEVER_MS
from streams.values.events import TOPICS

WRITTEN = ("order", "changes", "campaigns", "risk", "erasures", "dead-letters", "current")
"""The outputs that begin at the starting point, by their names without prefix."""

# How long workers may take to come to rest, and transactions of those that were killed to end.
PATIENCE_S = 30.0
_TRIED_EVERY_S = 1.0
_MAGIC = b"tierflow starting point 1\n"
_DIGEST_BYTES = 32


class Begun(msgspec.Struct, frozen=True, array_like=True):
    """Where one partition begins: its states, how far its lanes were, and where what they wrote ended, by topic."""

    lane: LaneRecord
    packed: dict[bytes, bytes]
    budgets_lane: LaneRecord | None
    budgets_packed: dict[bytes, bytes]
    ends: dict[str, int]


class Start(msgspec.Struct, frozen=True, array_like=True):
    """A starting point. partitions: by number."""

    written_at_ms: int
    app_id: str
    partitions: Sequence[Begun]


class ReadStart(NamedTuple):
    """A starting point as it was read, and the SHA-256 of its file."""

    start: Start
    digest: str


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Start).decode


async def take_start(settings: Settings, offsets: Offsets, opener: Opener, partitions: int) -> Start:
    """Takes a starting point, as soon as nothing is written while it is taken. opener: gives states in the clear.

    Raises:
        UsageError: Workers write all the time, or a state cannot be read.
    """
    give_up_at = time.monotonic() + PATIENCE_S
    tps = _written_by_lanes(settings, partitions)
    while True:
        ends = await offsets.written_ends(tps)
        begun = [
            await _begun(settings, offsets, opener, number, dict(zip(tps, ends, strict=True)))
            for number in range(partitions)
        ]
        if await offsets.decided_ends(tps) == ends == await offsets.written_ends(tps):
            return Start(wall_ms(), settings.app_id, begun)
        if time.monotonic() > give_up_at:
            raise UsageError(
                f"a starting point needs rest, and for {PATIENCE_S:.0f} s workers have been writing; stop them, or "
                "wait until they have nothing to do, then write it again"
            )
        await asyncio.sleep(_TRIED_EVERY_S)


def _written_by_lanes(settings: Settings, partitions: int) -> list[TopicPartition]:
    topics = [settings.output_topic(name) for name in WRITTEN]
    topics += [settings.candidates_topic, settings.changelog_topic, settings.budgets_changelog_topic]
    return [TopicPartition(topic, number) for topic in topics for number in range(partitions)]


async def _begun(
    settings: Settings, offsets: Offsets, opener: Opener, number: int, ends: Mapping[TopicPartition, int]
) -> Begun:
    options = settings.client_options()
    customers = await read_states(options, offsets, settings.changelog_topic, number)
    budgets = await read_states(options, offsets, settings.budgets_changelog_topic, number)
    await opener.look()
    states = ((key, opener.state(key, packed)) for key, packed in customers.packed.items())
    return Begun(
        lane=customers.lane or LaneRecord((0,) * len(TOPICS), 0, NEVER_MS),
        packed={key: state for key, state in states if state is not None},
        budgets_lane=budgets.lane,
        budgets_packed=budgets.packed,
        ends={tp.topic: end for tp, end in ends.items() if tp.partition == number},
    )


def write_start(start: Start, file: Path) -> str:
    """Writes a starting point, readable for its owner alone; gives the SHA-256 that it ends with.

    Raises:
        UsageError: The file cannot be written.
    """
    content = _MAGIC + _encode(start)
    digest = hashlib.sha256(content)
    try:
        file.touch(0o600, exist_ok=False)
        file.write_bytes(content + digest.digest())
    except OSError as error:
        raise UsageError(f"{file} cannot be written ({error.strerror}); name a file that is not there yet") from error
    return digest.hexdigest()


def read_start(settings: Settings, partitions: int, file: Path) -> ReadStart:
    """Reads a starting point.

    Raises:
        UsageError: It cannot be read, was changed, or is of other topics.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file} cannot be read ({error.strerror})") from error
    body, digest = content[:-_DIGEST_BYTES], content[-_DIGEST_BYTES:]
    if not body.startswith(_MAGIC) or hashlib.sha256(body).digest() != digest:
        raise UsageError(f"{file} is no starting point, or was changed; write one: tierflow audit --write-start FILE")
    start = _decode(body[len(_MAGIC) :])
    topics = {tp.topic for tp in _written_by_lanes(settings, partitions)}
    known = [topics <= begun.ends.keys() for begun in start.partitions]
    if start.app_id != settings.app_id or len(known) != partitions or not all(known):
        raise UsageError(
            f"{file} is of app id {start.app_id} with {len(known)} partitions and topics of other names; set "
            "TIERFLOW_APP_ID and the prefixes as the workers have them, or write a new one"
        )
    return ReadStart(start, digest.hex())
