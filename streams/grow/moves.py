"""Moves states to the partitions where their keys belong now: each is in one place or the other, in any moment."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from aiokafka import TopicPartition

from streams.contracts.kept import MOVED_TO, Growing
from streams.contracts.sealed import STATE
from streams.errors import UsageError
from streams.grow.ground import OPEN_FOR_S, Ground
from streams.grow.marks import marker, write
from streams.kafka.changelog import read_changelog, read_keys
from streams.kafka.offsets import Offsets
from streams.kafka.producers import OutRecord
from streams.kafka.tape import Tape
from streams.kafka.transactional import TransactionalProducer
from streams.sealing.cipher import SEALED, Cipher, SealError
from streams.stages.moving import to_move
from streams.stages.stage import Stage
from streams.values.calendar import NEVER_MS

CUSTOMERS_AT_ONCE = 500
BYTES_AT_ONCE = 4 << 20

Records = defaultdict[TopicPartition, list[OutRecord]]


class Current(NamedTuple):
    """The newest record of a customer on `tier.current`."""

    value: bytes
    headers: Sequence[tuple[str, bytes]]


class Move(NamedTuple):
    """One key that goes from a partition to another."""

    key: bytes
    number: int
    target: int
    packed: bytes


async def move_customers(ground: Ground, producer: TransactionalProducer) -> int:
    """Moves the customers of all partitions that there were before; gives how many were moved now."""
    stage, moved = ground.customers, 0
    clocks_ms = {place.number: place.growing.clock_ms for place in ground.places[stage.name] if place.growing}
    for number in range(ground.before):
        if ground.is_finished(number):
            continue
        leaving, clock_ms = await _leaving(ground, stage, number)
        keys = await _keys(ground, number)
        current = await _current(ground, number, {move.key for move in leaving})
        for moves in _chunks(leaving):
            records = _moved(stage, moves, _ciphers(ground, moves, keys))
            _move_keys(ground, records, moves, keys)
            _move_current(records, ground.settings.output_topic("current"), moves, current)
            for target in {move.target for move in moves}:
                clocks_ms[target] = max(clocks_ms.get(target, NEVER_MS), clock_ms)
                kept = marker(Growing(ground.before, ground.after, clocks_ms[target]))
                records[TopicPartition(stage.changelog, target)].append(kept)
            await write(producer, records)
        moved += len(leaving)
    return moved


async def move_budgets(ground: Ground, producer: TransactionalProducer) -> int:
    """Moves what campaigns have spent; gives how many records were moved now."""
    stage, moved = ground.budgets, 0
    for number in range(ground.before):
        leaving, _ = await _leaving(ground, stage, number)
        for moves in _chunks(leaving):
            await write(producer, _moved(stage, moves))
        moved += len(leaving)
    return moved


def _moved(stage: Stage, moves: Iterable[Move], keys: Mapping[bytes, Cipher] = MappingProxyType({})) -> Records:
    """Gives the changelog records that move states. keys: of customers whose states are sealed."""
    records: Records = defaultdict(list)
    for key, number, target, packed in moves:
        cipher = keys.get(key)
        if cipher is None:
            moved = stage.moved(packed, number)
        else:
            moved = cipher.seal(STATE, stage.moved(cipher.unseal(STATE, packed), number))
        records[TopicPartition(stage.changelog, target)].append((key, moved, []))
        records[TopicPartition(stage.changelog, number)].append((key, None, []))
    return records


def _move_keys(ground: Ground, records: Records, moves: Iterable[Move], wrapped: Mapping[bytes, bytes]) -> None:
    """Adds the records that move the customers' keys, where there are some. wrapped: by customer."""
    topic = ground.settings.keys_topic
    for key, number, target, _ in moves:
        if key in wrapped:
            records[TopicPartition(topic, target)].append((key, wrapped[key], []))
            records[TopicPartition(topic, number)].append((key, None, []))


async def _keys(ground: Ground, number: int) -> Mapping[bytes, bytes]:
    """Gives the wrapped keys of a partition's customers; none where nothing is sealed."""
    settings = ground.settings
    if not settings.keys.are_on:
        return {}
    return await read_keys(settings.client_options(), settings.keys_topic, number, OPEN_FOR_S)


def _ciphers(ground: Ground, moves: Iterable[Move], wrapped: Mapping[bytes, bytes]) -> dict[bytes, Cipher]:
    """Gives what opens, and seals again, the states that are sealed.

    Raises:
        UsageError: A key is missing, or cannot be used.
    """
    sealed = [move.key for move in moves if move.packed[:1] == SEALED]
    try:
        return {key: Cipher(ground.settings.keys.master().unwrap(key, wrapped[key])) for key in sealed}
    except (KeyError, SealError) as error:
        why = str(error) if isinstance(error, SealError) else "a state is sealed, and its customer has no key"
        raise UsageError(f"states cannot be moved: {why}; restore {ground.settings.keys_topic}") from error


def _move_current(records: Records, topic: str, moves: Iterable[Move], current: Mapping[bytes, Current]) -> None:
    """Adds the records that move the newest tier changes, where there are some."""
    for key, number, target, _ in moves:
        if key in current:
            records[TopicPartition(topic, target)].append((key, *current[key]))
            records[TopicPartition(topic, number)].append((key, None, [(MOVED_TO, str(target).encode())]))


async def _leaving(ground: Ground, stage: Stage, number: int) -> tuple[list[Move], int]:
    """Gives what has to leave a partition, and the partition's clock."""
    recovered = await read_changelog(ground.settings.client_options(), stage.changelog, number, OPEN_FOR_S)
    targets = to_move(stage, recovered.packed, number, ground.after)
    moves = [Move(key, number, target, recovered.packed[key]) for key, target in targets.items()]
    return moves, NEVER_MS if recovered.lane is None else recovered.lane.clock_ms


async def _current(ground: Ground, number: int, wanted: Collection[bytes]) -> dict[bytes, Current]:
    """Gives the newest records of some customers in a partition of `tier.current`, without tombstones."""
    options, tp = ground.settings.client_options(), TopicPartition(ground.settings.output_topic("current"), number)
    async with Offsets(options) as offsets:
        [begins_at], [end] = await offsets.beginnings([tp]), await offsets.decided_ends([tp])

    def is_wanted(record: Any) -> bool:
        return record.key in wanted

    tape = Tape(options, tp, begins_at, end, is_wanted)
    newest: dict[bytes, Current] = {}
    try:
        while (record := await tape.next()) is not None:
            if record.value is None:
                newest.pop(record.key, None)
            else:
                newest[record.key] = Current(record.value, list(record.headers))
    finally:
        await tape.close()
    return newest


def _chunks(moves: Iterable[Move]) -> Iterator[list[Move]]:
    """Gives the moves in parts that one transaction takes."""
    chunk: list[Move] = []
    size = 0
    for move in moves:
        if chunk and (len(chunk) >= CUSTOMERS_AT_ONCE or size > BYTES_AT_ONCE):
            yield chunk
            chunk, size = [], 0
        chunk.append(move)
        size += len(move.packed)
    if chunk:
        yield chunk
