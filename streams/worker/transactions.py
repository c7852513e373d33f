"""One transaction per batch, for one partition of a stage: outputs, state and offsets together, or nothing.

The reasons: docs/adr/0002-a-transaction-a-batch-and-partition.md.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from aiokafka import AIOKafkaProducer, TopicPartition

from streams.contracts.packing import LANE_KEY, pack_lane
from streams.errors import START_ANEW
from streams.kafka.lost_ends import Outcome
from streams.kafka.producers import OutRecord, ProducersInTurn, answered, partitions_of, send
from streams.kafka.transactional import RoundTrip, TransactionalProducer
from streams.kafka.unchanged import TopicsChangedError
from streams.partition.outputs import by_output
from streams.partition.work import Work
from streams.stages.stage import Stage


class Transactions:
    """The transactions of one partition, under transactional ids of its own."""

    def __init__(
        self,
        client_options: Mapping[str, Any],
        stage: Stage,
        number: int,
        on_epoch_raised: Callable[[], None] = lambda: None,
    ) -> None:
        """Prepares them, without a connection."""
        self._stage = stage
        self._number = number
        self._producers = ProducersInTurn(
            client_options,
            f"{stage.ids_prefix}{number}",
            f"{stage.title} {number}",
            on_epoch_raised,
            stage.written_by(number),
        )

    async def start(self) -> None:
        """Fences the former owner's producers and ends their transactions, lost ends of commits before that.

        Raises:
            TransactionFailedError: A producer could not be started; a later try may succeed.
            RevokedError: The broker has aborted in part what it had decided to commit.
        """
        await self._producers.start()

    async def stop(self) -> None:
        """Closes the producers. An open transaction ends when the next owner fences them."""
        await self._producers.stop()

    @property
    def round_trips(self) -> Mapping[str, RoundTrip]:
        """When the broker answered each request of the newest transaction, by step (metrics.STEPS)."""
        return self._producers.round_trips

    async def end_leftovers(self) -> Mapping[TopicPartition, Outcome] | None:
        """Ends what the broker has left open under our ids, as it was decided; None where the broker does not tell.

        Gives the partitions that were ended, with an outcome; those too that `start` has ended.

        Raises:
            TransactionFailedError: The broker went away; a later try may succeed.
        """
        ended = await self._producers.end_leftovers()
        if ended:
            # Offsets of the group are hidden likewise; no request tells. They are only a copy of the lane record's.
            await self._producers.abort(self._touch_group)
        return ended

    async def see_none_left_open(self) -> None:
        """Makes sure that nothing is left open of what was committed, where the broker may have restarted meanwhile.

        Raises:
            TransactionFailedError: Something is; a take-over ends it.
        """
        await self._producers.see_none_left_open()

    async def abort_leftovers(self) -> None:
        """Ends whatever is open under our transactional ids, by one more transaction of each that is aborted.

        Raises:
            TransactionFailedError: It failed, or its outcome is not known.
        """
        await self._producers.abort(self._touch_all)

    async def commit(self, work: Work, after: int = 0) -> int:
        """Commits a batch; gives the changelog's end offset after it. after: its end before.

        Raises:
            TransactionFailedError: It failed, or its outcome is not known. The partition is to be taken over again.
            NeverTakenError: The broker will never take it.
            TopicsChangedError: The changelog ends before that: it was made anew, and nothing is committed.
        """
        return await self._producers.commit(partial(self._send_all, work, after))

    async def _touch_all(self, producer: TransactionalProducer) -> None:
        """Touches every partition that a transaction may have written to, and the group."""
        producer.touch(await self._written_to())
        await self._touch_group(producer)

    async def _touch_group(self, producer: AIOKafkaProducer) -> None:
        await self._send_offsets(producer, [0] * len(self._stage.inputs))

    async def _written_to(self) -> list[TopicPartition]:
        """Gives every partition that a transaction may write to."""
        tps = []
        for topic, number in self._stage.written_by(self._number):
            numbers = await self._producers.partitions_of(topic) if number is None else [number]
            tps += [TopicPartition(topic, each) for each in numbers]
        return tps

    async def _send_all(self, work: Work, after: int, producer: TransactionalProducer) -> int:
        """Sends the records, and the offsets while the broker takes those; gives the changelog's end after a commit."""
        records = await self._by_partition(work, producer)
        producer.expect(records)
        _, end = await asyncio.gather(
            self._send_offsets(producer, work.lane.next_offsets), self._send_records(records, after, producer)
        )
        return end

    async def _by_partition(self, work: Work, producer: TransactionalProducer) -> dict[TopicPartition, list[OutRecord]]:
        """Gives what goes to each partition, in order; the changelog comes last, and in it the lane record."""
        stage, records = self._stage, defaultdict[TopicPartition, list[OutRecord]](list)
        for output, messages in by_output(work).items():
            topic, place = stage.outputs[output]
            if place is None:
                records[TopicPartition(topic, self._number)] += messages
                continue
            partitions = len(await partitions_of(producer, topic))
            for message in messages:
                records[TopicPartition(topic, place(message.key or b"", partitions))].append(message)
        changelog = records[TopicPartition(stage.changelog, self._number)]
        changelog += ((key, value, []) for key, value in work.states.items())
        changelog.append((LANE_KEY, pack_lane(work.lane), []))
        return records

    async def _send_records(
        self, records: Mapping[TopicPartition, list[OutRecord]], after: int, producer: TransactionalProducer
    ) -> int:
        sent = [
            each for (topic, number), these in records.items() for each in await send(producer, topic, number, these)
        ]
        newest = (await answered(sent))[-1]
        self._check_end(int(newest.offset), after)
        lane_record_offset = int(newest.offset) + sent[-1].records - 1
        return lane_record_offset + 2  # past the lane record and the commit marker

    def _check_end(self, offset: int, after: int) -> None:
        """Checks, before a commit, that the newest record batch of the changelog lies after all of before.

        The marker of the commit before, which is counted in its end, may be written after the records of this one: the
        two producers take turns so that nobody has to wait for it.
        """
        if offset < after - 1:
            raise TopicsChangedError(
                f"{self._stage.changelog} partition {self._number} went on at offset {offset}, it ended at {after} "
                f"before: it was made anew, or cut, and the states in it are lost; restore it, or {START_ANEW}"
            )

    async def _send_offsets(self, producer: AIOKafkaProducer, next_offsets: Sequence[int]) -> None:
        offsets = {
            TopicPartition(topic, self._number): offset
            for topic, offset in zip(self._stage.inputs, next_offsets, strict=True)
        }
        await producer.send_offsets_to_transaction(offsets, self._stage.group)
