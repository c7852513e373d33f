"""What the broker says of our transactions: how each ended, and where it is open still (KIP-664, Kafka 3.0 and later).

aiokafka 0.14.0 has neither request: the schemas are those of Kafka's DescribeProducersRequest and
DescribeTransactionsRequest, version 0 each.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

from aiokafka import TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaConnectionError, KafkaError, TopicAuthorizationFailedError, for_code
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import CompactArray, CompactString, Int16, Int32, Int64, Schema, TaggedFields

_TRANSACTIONAL_ID_NOT_FOUND = 105  # unknown to aiokafka
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


class Described(NamedTuple):
    """What the coordinator knows of a transactional id. state: Kafka's word for its newest transaction."""

    state: str
    timeout_ms: int
    producer_id: int
    epoch: int


UNKNOWN = Described("", 0, -1, -1)


async def describe(client: AIOKafkaClient, node: int, transactional_id: str, group: Any) -> Described:
    """Gives what a node that coordinates an id says of it; UNKNOWN where it does not know the id.

    group: that of the connection to ask on.

    Raises:
        KafkaError: The broker does not answer, does not coordinate the id, refuses to tell, or is too old to be asked.
    """
    answer = await client.send(node, _DescribeTransactions(transactional_id), group=group)
    [(error_code, _, state, timeout_ms, _, producer_id, epoch, *_)] = answer.transaction_states
    if error_code == _TRANSACTIONAL_ID_NOT_FOUND:
        return UNKNOWN
    if error_code:
        raise for_code(error_code)(transactional_id)
    return Described(state, timeout_ms, producer_id, epoch)


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
        for topic, partitions, _ in answer.topics:
            for number, error_code, message, producers, _ in partitions:
                tp = TopicPartition(topic, number)
                _check_told(tp, error_code, message)
                for producer_id, _, _, _, _, open_since, _ in producers:
                    if open_since >= 0:
                        found[producer_id].append(tp)
    return dict(found)


def _leader_of(client: AIOKafkaClient, tp: TopicPartition) -> int:
    leader = client.cluster.leader_for_partition(tp)
    if leader is None or leader == -1:
        raise KafkaError(f"{tp.topic} partition {tp.partition} has no leader")
    return int(leader)


def _check_told(tp: TopicPartition, error_code: int, message: str | None) -> None:
    if error_code == TopicAuthorizationFailedError.errno:
        raise TopicAuthorizationFailedError(tp.topic)
    if error_code:
        raise for_code(error_code)(f"{tp.topic} partition {tp.partition}: {message}")
