"""The ids of topics and their partition counts, as the broker knows them now.

A topic that is deleted and made anew under its name has another id (KIP-516, Kafka 2.8 and later). aiokafka 0.14.0 asks
for metadata in versions that have none: the schemas are those of Kafka's MetadataRequest, version 11.
"""

import random
from base64 import urlsafe_b64encode
from collections.abc import Collection, Mapping
from io import BytesIO
from typing import Any, ClassVar

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaConnectionError, NoError, UnknownTopicOrPartitionError, for_code
from aiokafka.protocol.abstract import AbstractType
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.metadata import MetadataRequest_v5
from aiokafka.protocol.types import Boolean, CompactArray, CompactString, Int16, Int32, Schema, TaggedFields

from streams.contracts.kept import KnownTopic

_ID_BYTES = 16
_NO_ID = bytes(_ID_BYTES)
# Of a topic that is being made. It has its id already.
_LEADER_NOT_AVAILABLE = 5
_TEXT = CompactString("utf-8")
_TAGS = ("tags", TaggedFields)


class _Uuid(AbstractType[bytes]):  # type: ignore[misc]
    @classmethod
    def encode(cls, value: bytes) -> bytes:
        return value

    @classmethod
    def decode(cls, data: BytesIO) -> bytes:
        return data.read(_ID_BYTES)


class _MetadataResponse_v11(Response):  # type: ignore[misc]  # noqa: N801 - named as aiokafka names them
    API_KEY = 3
    API_VERSION = 11
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("brokers", CompactArray(("node_id", Int32), ("host", _TEXT), ("port", Int32), ("rack", _TEXT), _TAGS)),
        ("cluster_id", _TEXT),
        ("controller_id", Int32),
        (
            "topics",
            CompactArray(
                ("error_code", Int16),
                ("topic", _TEXT),
                ("topic_id", _Uuid),
                ("is_internal", Boolean),
                (
                    "partitions",
                    CompactArray(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", CompactArray(Int32)),
                        ("isr", CompactArray(Int32)),
                        ("offline_replicas", CompactArray(Int32)),
                        _TAGS,
                    ),
                ),
                ("topic_authorized_operations", Int32),
                _TAGS,
            ),
        ),
        _TAGS,
    )


class _MetadataRequest_v11(RequestStruct):  # type: ignore[misc]  # noqa: N801 - as above
    FLEXIBLE_VERSION = True
    API_KEY = 3
    API_VERSION = 11
    RESPONSE_TYPE = _MetadataResponse_v11
    SCHEMA = Schema(
        ("topics", CompactArray(("topic_id", _Uuid), ("name", _TEXT), _TAGS)),
        ("allow_auto_topic_creation", Boolean),
        ("include_topic_authorized_operations", Boolean),
        _TAGS,
    )


class _AskForTopics(Request[MetadataRequest_v5 | _MetadataRequest_v11]):  # type: ignore[misc]
    """The question. It makes no topic, whatever the broker's settings. Brokers before Kafka 2.8 tell no ids."""

    API_KEY: ClassVar[int] = 3

    def __init__(self, names: Collection[str]) -> None:
        self._names = names

    def build(self, request_struct_class: type[Any]) -> Any:
        if request_struct_class is MetadataRequest_v5:
            return MetadataRequest_v5(list(self._names), False)  # noqa: FBT003 - the wire's order
        return _MetadataRequest_v11([(_NO_ID, name, {}) for name in self._names], False, False, {})  # noqa: FBT003


async def ask_for_topics(client_options: Mapping[str, Any], names: Collection[str]) -> dict[str, KnownTopic]:
    """Gives those of the topics that are there, by name.

    Raises:
        KafkaError: No broker answers, or it does not tell of a topic.
    """
    client = AIOKafkaClient(**client_options)
    try:
        await client.bootstrap()
        nodes = [broker.nodeId for broker in client.cluster.brokers()]
        if not nodes:
            raise KafkaConnectionError("the cluster has no brokers")
        answer = await client.send(random.choice(nodes), _AskForTopics(names))  # noqa: S311 - any of them
    finally:
        await client.close()
    found = (_known(topic) for topic in answer.to_object()["topics"])
    return {name: known for name, known in found if known is not None}


def _known(topic: Mapping[str, Any]) -> tuple[str, KnownTopic | None]:
    name, code = topic["topic"], topic["error_code"]
    if code == UnknownTopicOrPartitionError.errno:
        return name, None
    if code not in {NoError.errno, _LEADER_NOT_AVAILABLE}:
        raise for_code(code)(f"the topic {name}")
    raw = topic.get("topic_id", _NO_ID)
    text = "" if raw == _NO_ID else urlsafe_b64encode(raw).decode().rstrip("=")
    return name, KnownTopic(text, len(topic["partitions"]))
