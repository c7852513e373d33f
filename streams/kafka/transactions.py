"""One transaction a batch, for one partition: outputs, state, dead letters, order and offsets together, or nothing.

Two transactional producers take turns: after a commit the broker still writes markers and would put the next
transaction of the same id off by 20 ms. Taking over starts both, which fences every former owner. Two may take over at
once; the one that was started first then goes first, so that whoever was overtaken in between is refused at once: had
it the other id still, both could commit.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import IllegalOperation, KafkaError
from aiokafka.structs import RecordMetadata

from streams.contracts.packing import LANE_KEY, pack_lane
from streams.kafka.partitioner import candidate_partition
from streams.outgoing import Message
from streams.partition import Work

TRANSACTION_TIMEOUT_MS = 10_000
# Below the timeout: past it the broker aborts, and an outcome that is not known is a failure.
DEADLINE_S = 8.0
START_WITHIN_S = 30.0
STOP_WITHIN_S = 3.0
BATCH_BYTES = 900_000

# aiokafka asserts inside after a fatal error, and calls the next step of a failed transaction illegal; none of these
# says what became of the transaction.
_FAILURES = (KafkaError, IllegalOperation, TimeoutError, AssertionError, ValueError)

OutRecord = tuple[bytes | None, bytes | None, Sequence[tuple[str, bytes]]]
Sent = tuple[asyncio.Future[RecordMetadata], int]


class TransactionFailedError(Exception):
    """The transaction failed, or its outcome is not known. The partition is to be taken over again."""


class OutputTopics(NamedTuple):
    """Where a Work goes."""

    changes: str
    current: str
    campaigns: str
    risk: str
    dead_letters: str
    order: str
    changelog: str
    candidates: str
    inputs: Sequence[str]


class Transactions:
    """The transactions of one partition, under ids of its own."""

    def __init__(self, client_options: dict[str, Any], app_id: str, partition: int, topics: OutputTopics) -> None:
        self._options = client_options
        self._app_id = app_id
        self._partition = partition
        self._topics = topics
        self._producers: list[AIOKafkaProducer] = []
        self._turn = 1  # the first commit turns it to the producer that was started first

    async def start(self) -> None:
        """Fences the former owner's producers and ends their transactions. TransactionFailedError: try again."""
        try:
            async with asyncio.timeout(START_WITHIN_S):
                for name in "ab":
                    await self._start_producer(name)
        except (KafkaError, TimeoutError, OSError) as error:
            raise TransactionFailedError(f"partition {self._partition}: {type(error).__name__}: {error}") from error

    async def stop(self) -> None:
        """Closes the producers; an open transaction is left to the next owner's fencing."""
        producers, self._producers = self._producers, []
        await asyncio.gather(*map(_close, producers))

    async def abort_leftovers(self) -> None:
        """Aborts what is open of our ids in any topic: one more transaction of each, aborted, ends it."""
        topics = self._topics
        own = [topic for name, topic in topics._asdict().items() if name not in ("inputs", "candidates")]
        nothing = {TopicPartition(topic, self._partition): 0 for topic in topics.inputs}
        try:
            async with asyncio.timeout(DEADLINE_S):
                for producer in self._producers:
                    await producer.begin_transaction()
                    places = [(topic, self._partition) for topic in own]
                    places += [(topics.candidates, number) for number in await _partitions(producer, topics.candidates)]
                    for topic, number in places:
                        await producer.send_and_wait(topic, b"", key=LANE_KEY, partition=number)
                    await producer.send_offsets_to_transaction(nothing, self._app_id)
                    await producer.abort_transaction()
        except _FAILURES as error:
            raise TransactionFailedError(f"partition {self._partition}: {type(error).__name__}: {error}") from error

    async def commit(self, work: Work) -> int:
        """Commits the work; the changelog's end offset after it. TransactionFailedError: take over again."""
        self._turn ^= 1
        producer = self._producers[self._turn]
        try:
            async with asyncio.timeout(DEADLINE_S):
                return await self._commit(producer, work)
        except _FAILURES as error:
            raise TransactionFailedError(f"partition {self._partition}: {type(error).__name__}: {error}") from error

    async def _start_producer(self, name: str) -> None:
        producer = AIOKafkaProducer(
            **self._options,
            transactional_id=f"{self._app_id}-{self._partition}-{name}",
            transaction_timeout_ms=TRANSACTION_TIMEOUT_MS,
            acks="all",
            linger_ms=0,
            max_batch_size=BATCH_BYTES,
            retry_backoff_ms=5,
        )
        self._producers.append(producer)
        await producer.start()

    async def _commit(self, producer: AIOKafkaProducer, work: Work) -> int:
        topics = self._topics
        await producer.begin_transaction()
        states: list[OutRecord] = [(key, value, []) for key, value in work.states.items()]
        sent = [
            *await self._send(producer, topics.changes, work.changes),
            *await self._send(producer, topics.current, ((k, v, h) for k, (v, h) in work.current.items())),
            *await self._send(producer, topics.campaigns, work.campaigns),
            *await self._send(producer, topics.risk, work.risks),
            *await self._send_candidates(producer, work.candidates),
            *await self._send(producer, topics.dead_letters, ((k, v, []) for k, v in work.dead_letters)),
            *await self._send(producer, topics.order, [(None, work.order, [])]),
            *await self._send(producer, topics.changelog, [*states, (LANE_KEY, pack_lane(work.lane), [])]),
        ]
        # aiokafka would commit although a batch was refused: every answer is awaited first.
        answers: list[RecordMetadata] = await asyncio.gather(*(future for future, _ in sent))
        await producer.send_offsets_to_transaction(
            {
                TopicPartition(topic, self._partition): offset
                for topic, offset in zip(topics.inputs, work.lane.next_offsets, strict=True)
            },
            self._app_id,
        )
        await producer.commit_transaction()
        lane_record_offset = int(answers[-1].offset) + sent[-1][1] - 1
        return lane_record_offset + 2  # the record and the commit marker

    async def _send_candidates(self, producer: AIOKafkaProducer, candidates: Sequence[Message]) -> list[Sent]:
        """Sends each to the partition of its campaign: there is one place where a budget is spent."""
        if not candidates:
            return []
        topic, by_partition = self._topics.candidates, defaultdict[int, list[OutRecord]](list)
        partitions = len(await _partitions(producer, topic))
        for candidate in candidates:
            by_partition[candidate_partition(candidate.key, partitions)].append(candidate)
        return [
            sent for number, some in by_partition.items() for sent in await self._send(producer, topic, some, number)
        ]

    async def _send(
        self, producer: AIOKafkaProducer, topic: str, records: Iterable[OutRecord], partition: int | None = None
    ) -> list[Sent]:
        batch = producer.create_batch()
        batches = [batch]
        for key, value, headers in records:
            if batch.append(timestamp=None, key=key, value=value, headers=headers) is None:
                batch = producer.create_batch()
                batches.append(batch)
                batch.append(timestamp=None, key=key, value=value, headers=headers)
        sent = []
        for batch in batches:
            if batch.record_count():
                future = await producer.send_batch(
                    batch, topic, partition=self._partition if partition is None else partition
                )
                future.add_done_callback(_heard)
                sent.append((future, batch.record_count()))
        return sent


async def _partitions(producer: AIOKafkaProducer, topic: str) -> list[int]:
    return sorted(await producer.partitions_for(topic))


def _heard(answer: asyncio.Future[RecordMetadata]) -> None:
    """Where a later step fails first, nobody else asks for this answer, and asyncio would complain."""
    if not answer.cancelled():
        answer.exception()


async def _close(producer: AIOKafkaProducer) -> None:
    try:
        async with asyncio.timeout(STOP_WITHIN_S):
            await producer.stop()
    except _FAILURES:
        # It is discarded with what it was about to send: without connections it can do nothing any more.
        await producer.client.close()
