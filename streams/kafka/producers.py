"""The two transactional producers of a partition, `a` and `b`, and how they keep two workers from both committing.

Why two: after a commit the broker is still writing markers, and a next transaction under the same transactional id has
to wait; aiokafka 0.14.0 tries again after 20 ms (producer/sender.py). A transaction under the other id starts at once.

What can go wrong: two workers take the same partition over at the same time, read the same state, and both commit. The
same events are then worked twice, and two messages bear the same sequence number. Only fencing prevents that: when a
producer starts, the broker refuses the former one of the same id from then on. But a worker starts two ids, one after
the other, and another worker may come in between:

    worker 1 starts a  ->  worker 2 starts a and b  ->  worker 1 starts b  ->  both have read the changelog

Now `a` of worker 2 and `b` of worker 1 are valid. If each committed with the one that it has left, both would succeed.

What the code does: `a` starts first, and the first commit after a start is always that of `a`. A worker that was
overtaken between its two starts has lost `a`. Its first commit is refused, so it never comes to use `b`: it takes the
partition over again. Neither order may be changed (tests/worker/test_transactions.py,
test_of_two_that_take_over_at_once_only_one_can_commit).
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, NoReturn, TypeVar

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.structs import RecordMetadata

from streams.errors import named
from streams.kafka.lost_ends import CANNOT_TELL, LeftOpenError, LostEnds, Outcome, Written
from streams.kafka.never_taken import NEVER_TAKEN, RefusedBatchError, never_taken
from streams.kafka.patience import answered_within
from streams.kafka.transactional import FAILURES, RoundTrip, TransactionalProducer
from streams.kafka.wall_clock import wall_ms

START_WITHIN_S = 30.0
LOOK_WITHIN_S = 5.0
BATCH_BYTES = 900_000

OutRecord = tuple[bytes | None, bytes | None, Sequence[tuple[str, bytes]]]
"""A record to send: key, value, headers."""


class Sent(NamedTuple):
    """What was sent to a partition, so many records of so many bytes in all, and the broker's answer to come."""

    answer: asyncio.Future[RecordMetadata]
    topic: str
    partition: int
    records: int
    size: int


_Result = TypeVar("_Result")


class TransactionFailedError(Exception):
    """The error of a transaction that failed, or whose outcome is unknown. The partition must be taken over again.

    It must not be tried again with the same producers: only the changelog says whether it was committed.
    """


class ProducersInTurn:
    """The two producers of one owner of a partition, for one take-over. After a failure, new ones are made."""

    def __init__(
        self,
        client_options: Mapping[str, Any],
        ids: str,
        where: str,
        on_epoch_raised: Callable[[], None] = lambda: None,
        written: Written = (),
    ) -> None:
        """Prepares them, without a connection.

        ids: the beginning of both transactional ids. where: the beginning of errors. on_epoch_raised: called when one
        has raised its epoch (transactional.py). written: what they may write to, and in which a broker may lose the end
        of a transaction; empty: nobody looks.
        """
        self._options = client_options
        self._ids = [f"{ids}-{name}" for name in "ab"]
        self._lost_ends = {each: LostEnds(each, written, where) for each in self._ids} if written else {}
        self._committed: set[TopicPartition] = set()  # of what the broker had left open
        self._where = where
        self._on_epoch_raised = on_epoch_raised
        self._producers: list[TransactionalProducer] = []
        self._turn = 1  # the first commit changes it to 0: the producer that was started first (see above)

    async def start(self) -> None:
        """Starts `a`, then `b`: that fences the former owner's producers and ends their open transactions.

        Before that, it commits what the broker had left open though it was decided so (lost_ends.py).

        Raises:
            TransactionFailedError: One could not be started; the next take-over may succeed.
            NeverTakenError: A right is missing.
            RevokedError: The broker has aborted in part what it had decided to commit.
        """
        try:
            async with answered_within(START_WITHIN_S, "the coordinator of transactions has given no producer ids"):
                await self._settle()
                for transactional_id in self._ids:
                    await self.start_producer(transactional_id)
        except (KafkaError, LeftOpenError, TimeoutError, OSError) as error:
            await self._raise(error)

    async def stop(self) -> None:
        """Closes the producers. An open transaction ends when the next owner fences them, or by its timeout."""
        producers, self._producers = self._producers, []
        await asyncio.gather(*(producer.close() for producer in producers))

    @property
    def round_trips(self) -> Mapping[str, RoundTrip]:
        """When the broker answered each request of the newest transaction (transactional.py)."""
        return self._producers[self._turn].round_trips if self._producers else {}

    async def commit(self, fill: Callable[[AIOKafkaProducer], Awaitable[_Result]]) -> _Result:
        """Commits what `fill` sends, as one transaction of the producer whose turn it is; gives what `fill` gives.

        `fill` must await the answers to all that it sends (`answered`).

        Raises:
            TransactionFailedError: It failed, or its outcome is unknown.
            NeverTakenError: The broker will never take what is sent.
        """
        self._turn ^= 1
        try:
            return await self._producers[self._turn].commit(fill)
        except FAILURES as error:
            await self._raise(error)

    async def abort(self, fill: Callable[[TransactionalProducer], Awaitable[object]]) -> None:
        """Aborts what `fill` sends or touches, in one transaction of each producer.

        Raises:
            TransactionFailedError: It failed, or its outcome is unknown.
        """
        try:
            for producer in self._producers:
                await producer.abort(fill)
        except FAILURES as error:
            await self._raise(error)

    async def end_leftovers(self) -> Mapping[TopicPartition, Outcome] | None:
        """Aborts what is open still under our ids, such as what their own start has aborted in vain.

        Gives the partitions that were ended since before the start, each with its outcome; None where the broker does
        not tell how what is open was decided.

        Raises:
            TransactionFailedError: The broker went away; the next take-over may succeed.
        """
        ended: dict[TopicPartition, Outcome] = dict.fromkeys(self._committed, "commit")
        try:
            async with answered_within(START_WITHIN_S, "what was left open was not ended"):
                for producer, lost_ends in zip(self._producers, self._lost_ends.values(), strict=True):
                    while left := (await lost_ends.look_at_last(producer.client))[1].left:
                        if not producer.tells_of_lost_ends:
                            return None
                        await producer.abort(partial(_touch, left))
                        ended.update(dict.fromkeys(left, "abort"))
        except CANNOT_TELL:
            return None
        except FAILURES as error:
            await self._raise(error)
        return ended

    async def see_none_left_open(self) -> None:
        """Makes sure that nothing is left open of what was committed, where the broker may have restarted meanwhile.

        Raises:
            TransactionFailedError: Something is; a take-over ends it.
        """
        for producer in self._producers:
            try:
                async with asyncio.timeout(LOOK_WITHIN_S):
                    await producer.see_none_left_open()
            except LeftOpenError as error:
                await self._raise(error)
            except (KafkaError, TimeoutError, OSError):
                return  # it is away: it is asked again later

    async def partitions_of(self, topic: str) -> list[int]:
        """Gives the numbers of a topic's partitions, in order."""
        return await partitions_of(self._producers[0], topic)

    async def _settle(self) -> None:
        client = AIOKafkaClient(**self._options)
        try:
            await client.bootstrap()
            for lost_ends in self._lost_ends.values():
                self._committed |= await lost_ends.settle(client)
        except CANNOT_TELL:
            return
        finally:
            await client.close()

    async def start_producer(self, transactional_id: str) -> None:
        """Starts one producer, `…-a` or `…-b`. Only `start` calls this, and tests that need another order."""
        producer = TransactionalProducer(
            self._options,
            transactional_id,
            self._on_epoch_raised,
            self._lost_ends.get(transactional_id),
            linger_ms=0,
            max_batch_size=BATCH_BYTES,
            retry_backoff_ms=5,
        )
        self._producers.append(producer)
        await producer.start()

    async def _raise(self, error: Exception) -> NoReturn:
        """Raises what an error means: that it failed and may succeed later, or that it never will.

        Its names are dropped: an error that its own traceback refers to would keep all states of the partition in
        memory, until Python next looks for circles.
        """
        failed: Exception = TransactionFailedError(f"{self._where}: {named(error)}")
        try:
            raise (await never_taken(error, self._options, self._where) or failed) from error
        finally:
            del failed, error


async def _touch(tps: Iterable[TopicPartition], producer: TransactionalProducer) -> None:
    producer.touch(tps)


async def send(producer: AIOKafkaProducer, topic: str, partition: int, records: Iterable[OutRecord]) -> list[Sent]:
    """Sends the records to one partition, in as few record batches as they need. The answers are still to come.

    Pass what this gives to `answered` before the commit.
    """
    sent = []
    for batch in filled_batches(producer.create_batch, records):
        future = await producer.send_batch(batch, topic, partition=partition)
        future.add_done_callback(_heard)
        sent.append(Sent(future, topic, partition, batch.record_count(), batch.size()))
        if batch.size() > BATCH_BYTES // 10:
            await asyncio.sleep(0)  # there may be tens of thousands of records: others are to have their turn
    return sent


def filled_batches(create_batch: Callable[[], BatchBuilder], records: Iterable[OutRecord]) -> Iterator[BatchBuilder]:
    """Gives the records in as few batches as hold them, all of one time.

    aiokafka's batch is filled by what it has inside, which is a third faster: its own `append` asks for serializers
    that there are none of, and for the time of each record (tests/kafka/test_filled_batches.py).
    """
    now_ms = wall_ms()
    batch = create_batch()
    append, count = batch._builder.append, 0  # noqa: SLF001 - see above
    for key, value, headers in records:
        if append(count, now_ms, key, value, headers) is None:  # it is full
            yield _closed(batch, count)
            batch = create_batch()
            append, count = batch._builder.append, 0  # noqa: SLF001 - see above
            append(count, now_ms, key, value, headers)
        count += 1
    if count:
        yield _closed(batch, count)


def _closed(batch: BatchBuilder, count: int) -> BatchBuilder:
    batch._relative_offset = count  # noqa: SLF001 - as its own append counts
    batch.close()
    return batch


async def answered(sent: Iterable[Sent]) -> list[RecordMetadata]:
    """Waits for the broker's answers.

    Without this, aiokafka 0.14.0 commits the transaction without a batch that was refused: before a commit it waits
    until all batches are answered, and does not look at the answers (producer/message_accumulator.py,
    flush_for_commit).

    Raises:
        RefusedBatchError: A batch was refused, and would be again.
        KafkaError: One was refused, and may be taken later.
    """
    batches = list(sent)
    try:
        return list(await asyncio.gather(*(each.answer for each in batches)))
    except KafkaError as error:
        for each in batches:
            answer = each.answer
            own = answer.exception() if answer.done() and not answer.cancelled() else None
            if isinstance(own, NEVER_TAKEN):
                raise RefusedBatchError(own, each.topic, each.partition, each.size, each.records) from error
        raise


async def partitions_of(producer: AIOKafkaProducer, topic: str) -> list[int]:
    """Gives the numbers of the topic's partitions, in order."""
    return sorted(await producer.partitions_for(topic))


def _heard(answer: asyncio.Future[RecordMetadata]) -> None:
    """Takes note of an answer that nobody may come to ask for, because another step failed first.

    Otherwise asyncio logs that the exception was never retrieved.
    """
    if not answer.cancelled():
        answer.exception()
