"""What the broker says of our transactions: how each ended, and where it is open still (KIP-664, Kafka 3.0 and later).

aiokafka 0.14.0 has neither request: the schemas are those of Kafka's DescribeProducersRequest and
DescribeTransactionsRequest, version 0 each.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, NamedTuple

from aiokafka import TopicPartition
from aiokafka.client import AIOKafkaClient, ConnectionGroup, CoordinationType
from aiokafka.errors import (
    GroupCoordinatorNotAvailableError,
    GroupLoadInProgressError,
    IncompatibleBrokerVersion,
    KafkaConnectionError,
    KafkaError,
    NotCoordinatorForGroupError,
    for_code,
)
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.transaction import InitProducerIdRequest
from aiokafka.protocol.types import CompactArray, CompactString, Int16, Int32, Int64, Schema, TaggedFields

Outcome = Literal["commit", "abort"]
"""How the broker has decided a transaction."""


class Decision(NamedTuple):
    """How a transaction was decided.

    partitions: those of it, where an earlier transaction may be open elsewhere, of which nobody can tell; None: all.
    """

    outcome: Outcome
    partitions: frozenset[TopicPartition] | None = None

    def is_of(self, tp: TopicPartition) -> bool:
        """Says whether it tells how what is open in a partition is to be ended."""
        return self.partitions is None or tp in self.partitions


# Kafka's TransactionState.
_OUTCOMES: Mapping[str, Outcome] = {
    "PrepareCommit": "commit",
    "CompleteCommit": "commit",
    "PrepareAbort": "abort",
    "CompleteAbort": "abort",
}
_ASK_AGAIN = {
    GroupLoadInProgressError.errno,
    GroupCoordinatorNotAvailableError.errno,
    NotCoordinatorForGroupError.errno,
}
_PAUSE_S = 0.05
_TEXT = CompactString("utf-8")
_TAGS = ("tags", TaggedFields)
_PARTITIONS_BY_TOPIC = CompactArray(("topic", _TEXT), ("partitions", CompactArray(Int32)), _TAGS)


class _DescribeTransactionsResponse(Response):  # type: ignore[misc]
    API_KEY = 65
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "transaction_states",
            CompactArray(
                ("error_code", Int16),
                ("transactional_id", _TEXT),
                ("transaction_state", _TEXT),
                ("transaction_timeout_ms", Int32),
                ("transaction_start_time_ms", Int64),
                ("producer_id", Int64),
                ("producer_epoch", Int16),
                ("topics", _PARTITIONS_BY_TOPIC),
                _TAGS,
            ),
        ),
        _TAGS,
    )


class _DescribeTransactionsStruct(RequestStruct):  # type: ignore[misc]
    FLEXIBLE_VERSION = True
    API_KEY = 65
    API_VERSION = 0
    RESPONSE_TYPE = _DescribeTransactionsResponse
    SCHEMA = Schema(("transactional_ids", CompactArray(_TEXT)), _TAGS)


class _DescribeTransactions(Request[_DescribeTransactionsStruct]):  # type: ignore[misc]
    API_KEY: ClassVar[int] = 65

    def __init__(self, transactional_id: str) -> None:
        self._transactional_id = transactional_id

    def build(self, request_struct_class: type[_DescribeTransactionsStruct]) -> _DescribeTransactionsStruct:
        return request_struct_class([self._transactional_id], {})


class _DescribeProducersResponse(Response):  # type: ignore[misc]
    API_KEY = 61
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "topics",
            CompactArray(
                ("topic", _TEXT),
                (
                    "partitions",
                    CompactArray(
                        ("partition", Int32),
                        ("error_code", Int16),
                        ("error_message", _TEXT),
                        (
                            "active_producers",
                            CompactArray(
                                ("producer_id", Int64),
                                ("producer_epoch", Int32),
                                ("last_sequence", Int32),
                                ("last_timestamp", Int64),
                                ("coordinator_epoch", Int32),
                                ("current_txn_start_offset", Int64),
                                _TAGS,
                            ),
                        ),
                        _TAGS,
                    ),
                ),
                _TAGS,
            ),
        ),
        _TAGS,
    )


class _DescribeProducersStruct(RequestStruct):  # type: ignore[misc]
    FLEXIBLE_VERSION = True
    API_KEY = 61
    API_VERSION = 0
    RESPONSE_TYPE = _DescribeProducersResponse
    SCHEMA = Schema(("topics", _PARTITIONS_BY_TOPIC), _TAGS)


class _DescribeProducers(Request[_DescribeProducersStruct]):  # type: ignore[misc]
    API_KEY: ClassVar[int] = 61

    def __init__(self, partitions_by_topic: Mapping[str, list[int]]) -> None:
        self._partitions_by_topic = partitions_by_topic

    def build(self, request_struct_class: type[_DescribeProducersStruct]) -> _DescribeProducersStruct:
        return request_struct_class([(topic, numbers, {}) for topic, numbers in self._partitions_by_topic.items()], {})


async def decision_on(client: AIOKafkaClient, transactional_id: str, timeout_ms: int) -> Decision | None:
    """Gives how the newest transaction of an id was decided; None where the broker does not know or tell it.

    One that is going on is aborted first, as the start of a producer would abort it: the broker may lose the end of
    that one, too. timeout_ms: of that producer.

    To be asked before a producer of that id is started: the start makes the broker forget. It asks until the
    coordinator answers: the caller sets a deadline.

    Raises:
        KafkaError: The broker refuses to name the coordinator.
    """
    partitions: frozenset[TopicPartition] | None = None
    while True:
        try:
            coordinator = await client.coordinator_lookup(CoordinationType.TRANSACTION, transactional_id)
            if await client.ready(coordinator, group=ConnectionGroup.COORDINATION):
                request = _DescribeTransactions(transactional_id)
                answer = await client.send(coordinator, request, group=ConnectionGroup.COORDINATION)
                [said] = answer.to_object()["transaction_states"]
                if said["transaction_state"] == "Ongoing":
                    partitions = _partitions_of(said)
                    fence = InitProducerIdRequest(transactional_id, timeout_ms)
                    await client.send(coordinator, fence, group=ConnectionGroup.COORDINATION)
                elif said["error_code"] not in _ASK_AGAIN:
                    outcome = _OUTCOMES.get(said["transaction_state"])
                    return None if outcome is None else Decision(outcome, partitions)
        except (IncompatibleBrokerVersion, NotImplementedError):  # the latter is aiokafka's, for a version
            return None
        except KafkaError as error:
            if not error.retriable:
                raise
            await client.force_metadata_update()
        await asyncio.sleep(_PAUSE_S)


async def open_transactions(client: AIOKafkaClient, tps: Sequence[TopicPartition]) -> dict[int, list[TopicPartition]]:
    """Gives the partitions in which a transaction is open, by producer id.

    Raises:
        KafkaError: A broker does not answer, refuses to tell, or is too old to be asked.
    """
    await asyncio.gather(*(client.add_topic(topic) for topic in {tp.topic for tp in tps}))
    by_leader: dict[int, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for tp in tps:
        by_leader[_leader_of(client, tp)][tp.topic].append(tp.partition)
    found: dict[int, list[TopicPartition]] = defaultdict(list)
    for leader, partitions_by_topic in by_leader.items():
        if not await client.ready(leader):
            raise KafkaConnectionError(f"broker {leader} cannot be reached")
        answer = await client.send(leader, _DescribeProducers(partitions_by_topic))
        for topic in answer.to_object()["topics"]:
            for partition in topic["partitions"]:
                _note_open(found, TopicPartition(topic["topic"], partition["partition"]), partition)
    return dict(found)


def _partitions_of(said: Mapping[str, Any]) -> frozenset[TopicPartition]:
    return frozenset(TopicPartition(each["topic"], number) for each in said["topics"] for number in each["partitions"])


def _leader_of(client: AIOKafkaClient, tp: TopicPartition) -> int:
    leader = client.cluster.leader_for_partition(tp)
    if leader is None or leader == -1:
        raise KafkaError(f"{tp.topic} partition {tp.partition} has no leader")
    return int(leader)


def _note_open(found: dict[int, list[TopicPartition]], tp: TopicPartition, partition: Mapping[str, Any]) -> None:
    if partition["error_code"]:
        raise for_code(partition["error_code"])(f"{tp.topic} partition {tp.partition}: {partition['error_message']}")
    for producer in partition["active_producers"]:
        if producer["current_txn_start_offset"] >= 0:
            found[producer["producer_id"]].append(tp)
