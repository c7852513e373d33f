"""Who reads while faults happen: everything that was ever seen, by offset, and what customers were shown over HTTP."""

import asyncio
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from random import Random
from typing import Any, NamedTuple

import aiohttp
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

_ASK_WITHIN_S, _ASK_EVERY_S = 3.0, 0.1


class Seen(NamedTuple):
    """A record as a reader got it. at_s: when, by time.monotonic."""

    offset: int
    key: bytes | None
    value: bytes | None
    at_s: float


class Shown(NamedTuple):
    """What GET /customers/{id} answered: the number of the newest change."""

    customer: str
    sequence: int
    worker: str


class Reader:
    """A read_committed consumer of some topics from their beginnings on; `seen` has what came, in the order it came.

    at_ease: it need not hear of each record at once. Brokers that answer each of them do little else.
    """

    def __init__(self, servers: str, topics: Iterable[str], partitions: int, *, at_ease: bool = False) -> None:
        self._at_ease = at_ease
        self.seen: dict[TopicPartition, list[Seen]] = {
            TopicPartition(topic, number): [] for topic in topics for number in range(partitions)
        }
        self._servers = servers

    async def follow(self) -> None:
        """Reads until it is cancelled."""
        while True:
            with suppress(KafkaError, OSError):
                await self._read(lambda _: False)

    async def read_to(self, ends: dict[TopicPartition, int]) -> None:
        """Reads anew, from the beginnings to these ends."""
        for records in self.seen.values():
            records.clear()

        def is_there(positions: dict[TopicPartition, int]) -> bool:
            return all(positions[tp] >= end for tp, end in ends.items())

        await self._read(is_there)

    async def _read(self, is_over: Callable[[dict[TopicPartition, int]], bool]) -> None:
        reader = consumer(self._servers, at_ease=self._at_ease)
        await reader.start()
        try:
            reader.assign(list(self.seen))
            for tp, records in self.seen.items():
                reader.seek(tp, records[-1].offset + 1 if records else 0)
            positions = dict.fromkeys(self.seen, 0)
            while not is_over(positions):
                for tp, records in (await reader.getmany(timeout_ms=100)).items():
                    self._note(tp, records)
                positions = {tp: await reader.position(tp) for tp in self.seen}
        finally:
            await reader.stop()

    def _note(self, tp: TopicPartition, records: list[ConsumerRecord]) -> None:
        now_s = time.monotonic()
        self.seen[tp] += [Seen(record.offset, record.key, record.value, now_s) for record in records]


def consumer(servers: str, isolation: str = "read_committed", *, at_ease: bool = False) -> AIOKafkaConsumer:
    """A consumer that is assigned by hand."""
    return AIOKafkaConsumer(
        bootstrap_servers=servers,
        isolation_level=isolation,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=250 if at_ease else 50,
        fetch_min_bytes=100_000 if at_ease else 1,
    )


async def ends_of(servers: str, topics: Iterable[str], partitions: int, isolation: str) -> dict[TopicPartition, int]:
    """The ends of all partitions of these topics."""
    reader = consumer(servers, isolation)
    await reader.start()
    try:
        tps = [TopicPartition(topic, number) for topic in topics for number in range(partitions)]
        return dict(await reader.end_offsets(tps))
    finally:
        await reader.stop()


class Poller:
    """Asks one worker after the other for customers; each question is answered before the next is asked.

    urls: gives by worker where those are that run.
    """

    def __init__(self, urls: Callable[[], dict[str, str]], customers: list[str], random: Random) -> None:
        self.shown: list[Shown] = []
        self._urls = urls
        self._customers = customers
        self._random = random

    async def poll(self) -> None:
        """Asks until it is cancelled."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_ASK_WITHIN_S)) as session:
            while True:
                urls = self._urls()
                if urls:
                    worker = self._random.choice(sorted(urls))
                    await self._ask(session, worker, urls[worker], self._random.choice(self._customers))
                await asyncio.sleep(_ASK_EVERY_S)

    async def _ask(self, session: aiohttp.ClientSession, worker: str, url: str, customer: str) -> None:
        with suppress(aiohttp.ClientError, TimeoutError, OSError):
            async with session.get(f"{url}/customers/{customer}") as answer:
                if answer.status == 200:
                    body: Any = await answer.json(content_type=None)
                    if body.get("sequence") is not None:
                        self.shown.append(Shown(customer, body["sequence"], worker))
