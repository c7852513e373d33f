"""One transaction a batch, for one partition: outputs, state, dead letters, order and offsets together, or nothing."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from aiokafka import AIOKafkaProducer, TopicPartition

from streams.budgets import Grants
from streams.contracts.packing import LANE_KEY, pack_lane
from streams.kafka.partitioner import candidate_partition
from streams.kafka.producers import OutRecord, ProducersInTurn, Sent, answered, partitions_of, send
from streams.outgoing import Message
from streams.partition import Work


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
        self._app_id = app_id
        self._partition = partition
        self._topics = topics
        self._producers = ProducersInTurn(client_options, f"{app_id}-{partition}", f"partition {partition}")

    async def start(self) -> None:
        """Fences the former owner's producers and ends their transactions. TransactionFailedError: try again."""
        await self._producers.start()

    async def stop(self) -> None:
        """Closes the producers; an open transaction is left to the next owner's fencing."""
        await self._producers.stop()

    async def abort_leftovers(self) -> None:
        """Aborts what is open of our ids in any topic: one more transaction of each, aborted, ends it."""
        await self._producers.abort(self._touch_all)

    async def commit(self, work: Work) -> int:
        """Commits the work; the changelog's end offset after it. TransactionFailedError: take over again."""
        return await self._producers.commit(partial(self._send_all, work))

    async def _touch_all(self, producer: AIOKafkaProducer) -> None:
        topics = self._topics
        own = [topic for name, topic in topics._asdict().items() if name not in ("inputs", "candidates")]
        places = [(topic, self._partition) for topic in own]
        places += [(topics.candidates, number) for number in await partitions_of(producer, topics.candidates)]
        await touch(producer, places)
        await self._send_offsets(producer, [0] * len(topics.inputs))

    async def _send_all(self, work: Work, producer: AIOKafkaProducer) -> int:
        topics = self._topics
        states: list[OutRecord] = [(key, value, []) for key, value in work.states.items()]
        ours: list[tuple[str, Iterable[OutRecord]]] = [
            (topics.changes, work.changes),
            (topics.current, ((k, v, h) for k, (v, h) in work.current.items())),
            (topics.campaigns, work.campaigns),
            (topics.risk, work.risks),
            (topics.dead_letters, ((k, v, []) for k, v in work.dead_letters)),
            (topics.order, [(None, work.order, [])]),
            (topics.changelog, [*states, (LANE_KEY, pack_lane(work.lane), [])]),
        ]
        sent = await send_placed(producer, topics.candidates, work.candidates, candidate_partition)
        for topic, records in ours:
            sent += await send(producer, topic, self._partition, records)
        answers = await answered(sent)
        await self._send_offsets(producer, work.lane.next_offsets)
        lane_record_offset = int(answers[-1].offset) + sent[-1][1] - 1
        return lane_record_offset + 2  # the record and the commit marker

    async def _send_offsets(self, producer: AIOKafkaProducer, next_offsets: Sequence[int]) -> None:
        offsets = {
            TopicPartition(topic, self._partition): offset
            for topic, offset in zip(self._topics.inputs, next_offsets, strict=True)
        }
        await producer.send_offsets_to_transaction(offsets, self._app_id)


class GrantTopics(NamedTuple):
    """Where Grants come from and go."""

    candidates: str
    campaigns: str
    changelog: str


class GrantTransactions:
    """The transactions of the grant lane of one partition of the candidates. place: of a customer, of so many."""

    def __init__(
        self,
        client_options: dict[str, Any],
        app_id: str,
        partition: int,
        topics: GrantTopics,
        place: Callable[[bytes, int], int],
    ) -> None:
        self._app_id = app_id
        self._partition = partition
        self._topics = topics
        self._place = place
        self._producers = ProducersInTurn(client_options, f"{app_id}-grants-{partition}", f"grants of {partition}")

    async def start(self) -> None:
        """Fences the former owner's producers and ends their transactions. TransactionFailedError: try again."""
        await self._producers.start()

    async def stop(self) -> None:
        """Closes the producers; an open transaction is left to the next owner's fencing."""
        await self._producers.stop()

    async def abort_leftovers(self) -> None:
        """Aborts what is open of our ids in any topic."""
        await self._producers.abort(self._touch_all)

    async def commit(self, grants: Grants) -> None:
        """Commits what was granted. TransactionFailedError: take over again."""
        await self._producers.commit(partial(self._send_all, grants))

    async def _touch_all(self, producer: AIOKafkaProducer) -> None:
        topics = self._topics
        places = [(topics.campaigns, number) for number in await partitions_of(producer, topics.campaigns)]
        await touch(producer, [*places, (topics.changelog, self._partition)])
        await self._send_offset(producer, 0)

    async def _send_all(self, grants: Grants, producer: AIOKafkaProducer) -> None:
        topics = self._topics
        states: list[OutRecord] = [(key, value, []) for key, value in grants.states.items()]
        changelog: list[OutRecord] = [*states, (LANE_KEY, pack_lane(grants.lane), [])]
        sent = await send_placed(producer, topics.campaigns, grants.triggers, self._place)
        sent += await send(producer, topics.changelog, self._partition, changelog)
        await answered(sent)
        await self._send_offset(producer, grants.lane.next_offsets[0])

    async def _send_offset(self, producer: AIOKafkaProducer, next_offset: int) -> None:
        offsets = {TopicPartition(self._topics.candidates, self._partition): next_offset}
        await producer.send_offsets_to_transaction(offsets, self._app_id)


async def send_placed(
    producer: AIOKafkaProducer, topic: str, messages: Sequence[Message], place: Callable[[bytes, int], int]
) -> list[Sent]:
    """Sends each message to the partition that its key is placed in, of so many."""
    if not messages:
        return []
    partitions = len(await partitions_of(producer, topic))
    by_partition: Mapping[int, list[OutRecord]] = defaultdict(list)
    for message in messages:
        by_partition[place(message.key, partitions)].append(message)
    sent = []
    for number, records in by_partition.items():
        sent += await send(producer, topic, number, records)
    return sent


async def touch(producer: AIOKafkaProducer, places: Iterable[tuple[str, int]]) -> None:
    """A record in each place, for a transaction that is to be aborted."""
    for topic, number in places:
        await producer.send_and_wait(topic, b"", key=LANE_KEY, partition=number)
