"""Two transactional producers that take turns, under ids of their own, for whoever works a partition alone.

After a commit the broker still writes markers and would put the next transaction of the same id off by 20 ms. Taking
over starts both, which fences every former owner. Two may take over at once; the one that was started first then goes
first, so that whoever was overtaken in between is refused at once: had it the other id still, both could commit.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, TypeVar

from aiokafka import AIOKafkaProducer
from aiokafka.errors import IllegalOperation, KafkaError
from aiokafka.structs import RecordMetadata

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
# What the broker will answer, and how many records the batch has.
Sent = tuple[asyncio.Future[RecordMetadata], int]
_Result = TypeVar("_Result")


class TransactionFailedError(Exception):
    """The transaction failed, or its outcome is not known. The partition is to be taken over again."""


class ProducersInTurn:
    """The two producers of one owner. where: what is said before a failure; ids: what their ids begin with."""

    def __init__(self, client_options: dict[str, Any], ids: str, where: str) -> None:
        self._options = client_options
        self._ids = ids
        self._where = where
        self._producers: list[AIOKafkaProducer] = []
        self._turn = 1  # the first commit turns it to the producer that was started first

    async def start(self) -> None:
        """Fences the former owner's producers and ends their transactions. TransactionFailedError: try again."""
        try:
            async with asyncio.timeout(START_WITHIN_S):
                for name in "ab":
                    await self.start_producer(name)
        except (KafkaError, TimeoutError, OSError) as error:
            raise self._failed(error) from error

    async def stop(self) -> None:
        """Closes the producers; an open transaction is left to the next owner's fencing."""
        producers, self._producers = self._producers, []
        await asyncio.gather(*map(_close, producers))

    async def commit(self, fill: Callable[[AIOKafkaProducer], Awaitable[_Result]]) -> _Result:
        """Commits what `fill` sends; its result. TransactionFailedError: take over again."""
        self._turn ^= 1
        producer = self._producers[self._turn]
        try:
            async with asyncio.timeout(DEADLINE_S):
                await producer.begin_transaction()
                result = await fill(producer)
                await producer.commit_transaction()
                return result
        except _FAILURES as error:
            raise self._failed(error) from error

    async def abort(self, fill: Callable[[AIOKafkaProducer], Awaitable[object]]) -> None:
        """Aborts what `fill` sends, once of each producer: that ends whatever is open of it in the same places."""
        try:
            async with asyncio.timeout(DEADLINE_S):
                for producer in self._producers:
                    await producer.begin_transaction()
                    await fill(producer)
                    await producer.abort_transaction()
        except _FAILURES as error:
            raise self._failed(error) from error

    async def start_producer(self, name: str) -> None:
        """Starts one of them."""
        producer = AIOKafkaProducer(
            **self._options,
            transactional_id=f"{self._ids}-{name}",
            transaction_timeout_ms=TRANSACTION_TIMEOUT_MS,
            acks="all",
            linger_ms=0,
            max_batch_size=BATCH_BYTES,
            retry_backoff_ms=5,
        )
        self._producers.append(producer)
        await producer.start()

    def _failed(self, error: Exception) -> TransactionFailedError:
        return TransactionFailedError(f"{self._where}: {type(error).__name__}: {error}")


async def send(producer: AIOKafkaProducer, topic: str, partition: int, records: Iterable[OutRecord]) -> list[Sent]:
    """Sends the records in as few batches as they need. Every answer is to be awaited before the commit."""
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
            future = await producer.send_batch(batch, topic, partition=partition)
            future.add_done_callback(_heard)
            sent.append((future, batch.record_count()))
    return sent


async def answered(sent: Iterable[Sent]) -> list[RecordMetadata]:
    """What the broker answers to all of it. aiokafka would commit although a batch was refused: this would raise."""
    return list(await asyncio.gather(*(future for future, _ in sent)))


async def partitions_of(producer: AIOKafkaProducer, topic: str) -> list[int]:
    """The numbers of the topic's partitions."""
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
