"""A log that a release wrote, put back into topics: every record at the offset that it had.

Between the records of transactions lie the markers of their ends, and offsets count them. So records are put back in
transactions, too, which end where the markers were.

    offsets   0  1  2  3  4  5  6  7
    kept      r  r  .  r  r  .  .  r      one transaction ended at 2; two of them at 5 and 6

How many markers follow the last record is said by where the partition ended.
"""

import base64
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from itertools import count
from typing import Any, NamedTuple

from aiokafka import AIOKafkaProducer

from streams.contracts.packing import LANE_KEY
from tests.support.markers import until_written

PLAIN = ("bank.", "tier.policies")  # what is written there is in no transaction
_numbers = count()


class Place(NamedTuple):
    """A partition of a topic."""

    topic: str
    partition: int


class Run(NamedTuple):
    """Records without a gap between them, and how many markers follow."""

    records: Sequence[Sequence[Any]]
    markers: int


async def restore(
    servers: str, records: Mapping[str, Sequence[Sequence[Any]]], ends: Mapping[str, Sequence[int]]
) -> None:
    """Puts the records of every topic back; the topics are there and empty.

    ends: where the partitions of a topic ended. Where that is not known, one marker follows the last record.
    """
    for topic, found in records.items():
        for partition in sorted({record[0] for record in found}):
            of_partition = [record for record in found if record[0] == partition]
            end = ends[topic][partition] if topic in ends else of_partition[-1][1] + 2
            await _restore(servers, Place(topic, partition), of_partition, end)


def of_these_topics(
    records: Mapping[str, Sequence[Sequence[Any]]], former: Mapping[str, str], now: Mapping[str, str]
) -> dict[str, list[list[Any]]]:
    """Gives the records as if the topics had been restored with their ids, which lane records name.

    former, now: the ids by topic. No byte of another kind is touched: an id is as long as any other.
    """
    renamed = {former[topic].encode(): now[topic].encode() for topic in former}
    return {
        topic: [[*record[:4], _renamed(record, renamed), *record[5:]] for record in found]
        for topic, found in records.items()
    }


def _renamed(record: Sequence[Any], renamed: Mapping[bytes, bytes]) -> str | None:
    value = _bytes(record[4])
    if value is None or _bytes(record[3]) != LANE_KEY:
        return record[4]
    for before, after in renamed.items():
        value = value.replace(before, after)
    return base64.b64encode(value).decode()


async def _restore(servers: str, place: Place, records: Sequence[Sequence[Any]], end: int) -> None:
    if place.topic.startswith(PLAIN):
        async with AIOKafkaProducer(bootstrap_servers=servers) as producer:
            await _send(producer, place, records)
        return
    runs = _runs(records, end)
    needed = _needed(runs)
    async with AsyncExitStack() as stack:
        idle = [await stack.enter_async_context(_producer(servers)) for _ in range(max(needed))]
        open_: list[AIOKafkaProducer] = []
        for run, count_ in zip(runs, needed, strict=True):
            rest = list(run.records)
            while len(open_) < count_:
                open_.append(idle.pop())
                await open_[-1].begin_transaction()
                await _send(open_[-1], place, [rest.pop(0)])
            await _send(open_[-1], place, rest)
            for _ in range(run.markers):
                idle.append(open_.pop(0))
                await idle[-1].commit_transaction()
                await until_written(idle[-1])


def _runs(records: Sequence[Sequence[Any]], end: int) -> list[Run]:
    runs: list[Run] = []
    begun = 0
    for number, record in enumerate(records):
        following = records[number + 1][1] if number + 1 < len(records) else end
        if following > record[1] + 1:
            runs.append(Run(records[begun : number + 1], following - record[1] - 1))
            begun = number + 1
    return runs


def _needed(runs: Sequence[Run]) -> list[int]:
    """How many transactions have to be open at the end of each run, for its markers and for later ones."""
    needed: list[int] = []
    later = 0
    for run in reversed(runs):
        needed.insert(0, run.markers + later)
        later = max(0, needed[0] - len(run.records))
    return needed


def _producer(servers: str) -> AIOKafkaProducer:
    return AIOKafkaProducer(
        bootstrap_servers=servers, transactional_id=f"restoring-{next(_numbers)}", retry_backoff_ms=5
    )


async def _send(producer: AIOKafkaProducer, place: Place, records: Sequence[Sequence[Any]]) -> None:
    """Sends the records in their order; each has to come to its offset."""
    sent = []
    for _, offset, timestamp_ms, key, value, headers in records:
        future = await producer.send(
            place.topic,
            _bytes(value),
            key=_bytes(key),
            partition=place.partition,
            timestamp_ms=timestamp_ms,
            headers=[(name, _bytes(text) or b"") for name, text in headers],
        )
        sent.append((offset, future))
    for offset, future in sent:
        assert (await future).offset == offset, (place, offset)


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text)
