"""The follower: reads the output topics as they are committed, and keeps the index up with them, without end."""

import asyncio
import logging
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from typing import Final, NamedTuple, TypeVar

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from streams.contracts.kept import KnownTopic
from streams.contracts.sealed import CONTEXTS
from streams.errors import AwayError, UsageError, named
from streams.history.batch import FOLLOWED, Batches
from streams.history.index import Index, is_damaged
from streams.history.opened import in_the_clear
from streams.history.rows import ENTRY_TOPICS
from streams.kafka.erasures import read_erasures
from streams.kafka.keys import Keys, UnopenedError
from streams.kafka.tail import connected, reader
from streams.kafka.topic_ids import ask_for_topics
from streams.settings import Settings

RECORDS_LIMIT: Final = 2_000  # of one batch: some 50 ms of work
LOOK_EVERY_S: Final = 10.0
AGAIN_AFTER_S: Final = 1.0
_log = logging.getLogger(__name__)
_Given = TypeVar("_Given")


class Progress(NamedTuple):
    """How far the index is. built: it has once had all that was there when it began; else so much of it."""

    built: bool
    records_read: int
    records: int

    @property
    def in_words(self) -> str:
        """Says how much of the topics was read."""
        return f"{self.records_read:,} of {self.records:,} records are read"


class _TopicsChangedError(Exception):
    """A topic is another one, has other partitions, or does not hold what is to be read next: connect anew."""


class Follower:
    """Keeps an index up with the topics. Everything that takes time is done in one thread of its own."""

    def __init__(self, settings: Settings, index: Index, on_change: Callable[[], None]) -> None:
        """on_change: called in the event loop after each batch that wrote something."""
        self._settings = settings
        self._index = index
        self._on_change = on_change
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="history-writer")
        self.progress = Progress(built=False, records_read=0, records=0)
        self._is_unusable = False
        self.caught_up_at = 0.0
        """When the newest look found nothing more to read, by the monotonic clock."""

    @asynccontextmanager
    async def following(self) -> AsyncIterator[asyncio.Task[None]]:
        """Follows while the block lasts. Gives the task, which ends before only if something is wrong with us."""
        task = asyncio.create_task(self._run())
        try:
            yield task
        finally:
            # aiokafka may swallow a cancellation that comes at the same moment as an answer.
            while not task.done():
                task.cancel()
                await asyncio.wait([task], timeout=AGAIN_AFTER_S)

    async def _run(self) -> None:
        """Follows until it is cancelled. A Kafka that is away is waited for, an index that is damaged made anew.

        Raises:
            UnopenedError: The master key is missing, or another one than what is sealed was wrapped by.
        """
        try:
            while True:
                try:
                    await self._follow()
                except UnopenedError:  # no later try would show more: somebody has to give another master key
                    raise
                except _TopicsChangedError as error:
                    _log.warning("the history is read anew: %s", error)
                except (KafkaError, UsageError, TimeoutError, OSError) as error:
                    _log.warning("the history cannot be followed: %s; it is tried again", named(error))
                except sqlite3.Error as error:  # a disk that is full, say; its text holds no values
                    self._is_unusable |= is_damaged(error)
                    if not self._is_unusable:
                        _log.warning("the index cannot be written: %s; it is tried again", error)
                if self._is_unusable:
                    await self._make_anew()
                await asyncio.sleep(AGAIN_AFTER_S)
        finally:
            self._thread.shutdown()

    def make_anew(self) -> None:
        """Asks for an index in the place of one that is damaged. Until it is built, `progress` says so."""
        self._is_unusable = True

    async def _make_anew(self) -> None:
        _log.warning("the index is damaged, or gone; it is made anew from the topics")
        self.progress = Progress(built=False, records_read=0, records=0)
        try:
            await self._off_loop(self._index.make_anew)
        except (sqlite3.Error, OSError) as error:
            _log.warning("the index cannot be made: %s; it is tried again", error)
        else:
            self._is_unusable = False

    async def _off_loop(self, what: Callable[..., _Given], *given: object) -> _Given:
        return await asyncio.get_running_loop().run_in_executor(self._thread, what, *given)

    async def _follow(self) -> None:
        names = [self._settings.output_topic(name) for name in FOLLOWED]
        topics = await self._topics(names)
        ids = {name: topic.id for name, topic in topics.items()}
        if not await self._off_loop(self._index.is_of, ids):
            _log.info("the index of what was decided is made from the topics")
            await self._off_loop(self._index.begin_anew, ids)
        erasures = await read_erasures(self._settings)
        async with Keys(self._settings) as keys:
            consumer = await connected(lambda: reader(self._settings.client_options()), lambda: None, "the history")
            try:
                tps = [TopicPartition(name, number) for name in names for number in range(topics[name].partitions)]
                consumer.assign(tps)
                await self._seek(consumer, tps, ids)
                await self._read(consumer, keys, Batches(self._settings, self._index, erasures), topics)
            finally:
                await consumer.stop()

    async def _topics(self, names: list[str]) -> Mapping[str, KnownTopic]:
        found = await ask_for_topics(self._settings.client_options(), names)
        missing = [name for name in names if name not in found]
        if missing:
            raise UsageError(f"missing: {', '.join(missing)}; make the topics with: tierflow topics create")
        return found

    async def _seek(self, consumer: AIOKafkaConsumer, tps: list[TopicPartition], ids: Mapping[str, str]) -> None:
        """Goes where the index is. An index that the topics do not fit is emptied: it is made of what is there."""
        known = await self._off_loop(self._index.next_offsets)
        beginnings, ends = await consumer.beginning_offsets(tps), await consumer.end_offsets(tps)
        erasures = self._settings.output_topic("erasures")
        for tp in tps:
            at = known.get((tp.topic, tp.partition))
            if at is None:
                continue
            # Beyond the end: a topic that was restored from before. Of an erase nothing may be missed.
            if at > ends[tp] or (tp.topic == erasures and at < beginnings[tp]):
                await self._off_loop(self._index.begin_anew, ids)
                raise _TopicsChangedError(f"{tp.topic} does not hold what the index was to read next")
        for tp in tps:
            consumer.seek(tp, max(known.get((tp.topic, tp.partition), 0), beginnings[tp]))
        self._ends = ends
        self._began = {tp: max(known.get((tp.topic, tp.partition), 0), beginnings[tp]) for tp in tps}
        self._show(self._began)

    async def _read(
        self, consumer: AIOKafkaConsumer, keys: Keys, batches: Batches, topics: Mapping[str, KnownTopic]
    ) -> None:
        positions = dict(self._began)
        sealed = frozenset(map(self._settings.output_topic, CONTEXTS))
        looked_at = 0.0
        while True:
            if self._is_unusable:
                return
            if time.monotonic() - looked_at > LOOK_EVERY_S:
                await self._look(consumer, topics)
                with suppress(AwayError):
                    await keys.read_on()  # those that are deleted open nothing any more
                looked_at = time.monotonic()
            fetched = await consumer.getmany(timeout_ms=100, max_records=RECORDS_LIMIT)
            # By position: the last offsets of a partition may be markers, which no record shows.
            moved = {tp: at for tp in positions if (at := await consumer.position(tp)) != positions[tp]}
            if moved:
                offsets = {(tp.topic, tp.partition): at for tp, at in moved.items()}
                await self._off_loop(batches.apply, await in_the_clear(fetched, sealed, keys), offsets)
                positions.update(moved)
                self._show(positions)
            else:
                self.caught_up_at = time.monotonic()
            if fetched:
                self._on_change()

    def _show(self, positions: Mapping[TopicPartition, int]) -> None:
        if self.progress.built:
            return
        to_read = {tp: end - self._began[tp] for tp, end in self._ends.items()}
        done = {tp: min(positions[tp] - self._began[tp], to_read[tp]) for tp in to_read}
        left = sum(to_read.values()) - sum(done.values())
        self.progress = Progress(left <= 0, sum(done.values()), sum(to_read.values()))
        if self.progress.built:
            _log.info("the history is at the ends of the topics")

    async def _look(self, consumer: AIOKafkaConsumer, topics: Mapping[str, KnownTopic]) -> None:
        """Sees that the topics are those that were begun with, and forgets what they no longer have."""
        try:
            now = await ask_for_topics(self._settings.client_options(), list(topics))
        except KafkaError:
            return  # a broker that is away is waited for
        for name, topic in topics.items():
            found = now.get(name)
            if found is None or found.partitions != topic.partitions or (topic.id and found.id != topic.id):
                raise _TopicsChangedError(f"{name} was made anew, or has other partitions")
        tps = [tp for tp in consumer.assignment() if tp.topic in self._numbers or tp.topic == self._letters]
        for tp, beginning in (await consumer.beginning_offsets(tps)).items():
            if not beginning:
                continue
            if tp.topic == self._letters:
                await self._off_loop(self._index.forget_letters_before, tp.partition, beginning)
            else:
                await self._off_loop(self._index.forget_before, self._numbers[tp.topic], tp.partition, beginning)

    @property
    def _numbers(self) -> Mapping[str, int]:
        return {self._settings.output_topic(name): number for number, name in enumerate(ENTRY_TOPICS)}

    @property
    def _letters(self) -> str:
        return self._settings.output_topic("dead-letters")
