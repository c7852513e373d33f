"""The requests of transaction protocol 2 (KIP-890), which aiokafka 0.14.0 does not know.

A broker adds the partitions of a Produce v12 to the transaction, and the group of a TxnOffsetCommit v5. EndTxn v5
answers with the producer id and the epoch of the next transaction, so whatever arrives late has a former epoch, and is
refused (docs/adr/0009-transaction-protocol-2.md). A cluster has it that has finalized transaction.version 2.

aiokafka's own requests are turned into these on their way out. The answers have the names and the error codes that its
handlers know.
"""

from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from typing import Any, ClassVar

from aiokafka import errors
from aiokafka.client import ConnectionGroup, CoordinationType
from aiokafka.errors import (
    BrokerResponseError,
    ConcurrentTransactions,
    CoordinatorLoadInProgressError,
    InvalidProducerEpoch,
    NotEnoughReplicasError,
)
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.protocol.transaction import EndTxnRequest, TxnOffsetCommitRequest
from aiokafka.protocol.types import (
    Boolean,
    CompactArray,
    CompactBytes,
    CompactString,
    Int16,
    Int32,
    Int64,
    Schema,
    TaggedFields,
    UnsignedVarInt32,
)

from streams.kafka.epochs import PRODUCER_FENCED
from streams.kafka.finalized_features import finalized_features

_FEATURE, _LEVEL = "transaction.version", 2
_TEXT = CompactString("utf-8")
_TAGS = ("tags", TaggedFields)
_NO_TAGS = TaggedFields.encode({})


class TransactionAbortableError(BrokerResponseError):  # type: ignore[misc]
    """The broker's TRANSACTION_ABORTABLE, which aiokafka does not know."""

    errno = 120
    message = "TRANSACTION_ABORTABLE"
    description = "The broker wants the transaction aborted; the next one may succeed."


errors.kafka_errors.setdefault(TransactionAbortableError.errno, TransactionAbortableError)


class _Part(Schema):  # type: ignore[misc]
    """A part of a request or an answer, without the tags that it ends with: nobody writes or reads them."""

    def __init__(self, *fields: Any) -> None:
        super().__init__(*fields, _TAGS)

    def encode(self, item: Sequence[Any]) -> bytes:
        return bytes(super().encode([*item, {}]))

    def decode(self, data: BytesIO) -> tuple[Any, ...]:
        return tuple(super().decode(data)[:-1])


def _by_topic(*fields: Any) -> CompactArray:
    return CompactArray(_Part(("topic", _TEXT), ("partitions", CompactArray(_Part(("partition", Int32), *fields)))))


class _ErrorCode(Int16):  # type: ignore[misc]
    """An error code; what aiokafka does not know, or would give up at, is told as what it does the right thing at."""

    told_as: ClassVar[Mapping[int, int]] = {PRODUCER_FENCED: InvalidProducerEpoch.errno}

    @classmethod
    def decode(cls, data: BytesIO) -> int:
        code = int(Int16.decode(data))
        return cls.told_as.get(code, code)


class _ProduceErrorCode(_ErrorCode):
    # Another partition is being added at this moment: to older clients brokers themselves say it so.
    told_as: ClassVar = {**_ErrorCode.told_as, ConcurrentTransactions.errno: NotEnoughReplicasError.errno}


class _OffsetsErrorCode(_ErrorCode):
    told_as: ClassVar = {**_ErrorCode.told_as, ConcurrentTransactions.errno: CoordinatorLoadInProgressError.errno}


class ProduceResponse_v12(Response):  # type: ignore[misc]  # noqa: N801 - named as aiokafka names them
    """The answer to records."""

    API_KEY = 0
    API_VERSION = 12
    SCHEMA = Schema(
        (
            "topics",
            _by_topic(
                ("error_code", _ProduceErrorCode),
                ("offset", Int64),
                ("timestamp", Int64),
                ("log_start_offset", Int64),
                ("record_errors", CompactArray(_Part(("batch_index", Int32), ("message", _TEXT)))),
                ("error_message", _TEXT),
            ),
        ),
        ("throttle_time_ms", Int32),
        _TAGS,
    )


class ProduceRequest_v12(RequestStruct):  # type: ignore[misc]  # noqa: N801 - as above
    """Records, whose partitions the broker adds to the transaction."""

    FLEXIBLE_VERSION = True
    API_KEY = 0
    API_VERSION = 12
    RESPONSE_TYPE = ProduceResponse_v12
    SCHEMA = Schema(
        ("transactional_id", _TEXT),
        ("required_acks", Int16),
        ("timeout", Int32),
        ("topics", _by_topic(("messages", CompactBytes))),
        _TAGS,
    )

    def encode(self) -> bytes:
        """Encodes it by one join, since the batches may have megabytes (produce_request.py)."""
        said, count = self.__dict__, UnsignedVarInt32.encode
        parts = [_TEXT.encode(said["transactional_id"]), Int16.encode(said["required_acks"])]
        parts += Int32.encode(said["timeout"]), count(len(said["topics"]) + 1)
        for topic, partitions in said["topics"]:
            parts += _TEXT.encode(topic), count(len(partitions) + 1)
            for number, batch in partitions:
                parts += Int32.encode(number), count(len(batch) + 1), batch, _NO_TAGS
            parts.append(_NO_TAGS)
        return b"".join([*parts, _NO_TAGS])


class TxnOffsetCommitResponse_v5(Response):  # type: ignore[misc]  # noqa: N801 - as above
    """The answer to a group's offsets."""

    API_KEY = 28
    API_VERSION = 5
    SCHEMA = Schema(("throttle_time_ms", Int32), ("errors", _by_topic(("error_code", _OffsetsErrorCode))), _TAGS)


class TxnOffsetCommitRequest_v5(RequestStruct):  # type: ignore[misc]  # noqa: N801 - as above
    """A group's offsets, whose group the broker adds to the transaction."""

    FLEXIBLE_VERSION = True
    API_KEY = 28
    API_VERSION = 5
    RESPONSE_TYPE = TxnOffsetCommitResponse_v5
    SCHEMA = Schema(
        ("transactional_id", _TEXT),
        ("group_id", _TEXT),
        ("producer_id", Int64),
        ("producer_epoch", Int16),
        ("generation_id", Int32),
        ("member_id", _TEXT),
        ("group_instance_id", _TEXT),
        ("topics", _by_topic(("offset", Int64), ("leader_epoch", Int32), ("metadata", _TEXT))),
        _TAGS,
    )


class EndTxnResponse_v5(Response):  # type: ignore[misc]  # noqa: N801 - as above
    """The answer to the end of a transaction: the producer id and the epoch of the next one."""

    API_KEY = 26
    API_VERSION = 5
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("error_code", _ErrorCode),
        ("producer_id", Int64),
        ("producer_epoch", Int16),
        _TAGS,
    )


class EndTxnRequest_v5(RequestStruct):  # type: ignore[misc]  # noqa: N801 - as above
    """The end of a transaction."""

    FLEXIBLE_VERSION = True
    API_KEY = 26
    API_VERSION = 5
    RESPONSE_TYPE = EndTxnResponse_v5
    SCHEMA = Schema(
        ("transactional_id", _TEXT), ("producer_id", Int64), ("producer_epoch", Int16), ("committed", Boolean), _TAGS
    )


class AddingProduceRequest(Request[ProduceRequest_v12]):  # type: ignore[misc]
    """Records, whose partitions the broker adds to the transaction."""

    API_KEY = 0

    def __init__(self, request: ProduceRequest) -> None:
        self._request = request

    def build(self, request_struct_class: type[ProduceRequest_v12]) -> ProduceRequest_v12:
        """Makes what goes over the wire."""
        said = self._request
        return request_struct_class(said._transactional_id, said.required_acks, said._timeout, said._topics, {})


class AddingOffsetsRequest(Request[TxnOffsetCommitRequest_v5]):  # type: ignore[misc]
    """A group's offsets, whose group the broker adds to the transaction."""

    API_KEY = 28

    def __init__(self, request: TxnOffsetCommitRequest) -> None:
        self._request = request

    def build(self, request_struct_class: type[TxnOffsetCommitRequest_v5]) -> TxnOffsetCommitRequest_v5:
        """Makes what goes over the wire: the group's offsets, from no member of it in particular."""
        said = self._request
        producer = said._transactional_id, said._group_id, said._producer_id, said._producer_epoch
        topics = [
            (topic, [(number, offset, -1, metadata) for number, offset, metadata in partitions])
            for topic, partitions in said._topics
        ]
        return request_struct_class(*producer, -1, "", None, topics, {})


class EpochEndingRequest(Request[EndTxnRequest_v5]):  # type: ignore[misc]
    """The end of a transaction, and of its epoch."""

    API_KEY = 26

    def __init__(self, request: EndTxnRequest) -> None:
        self._request = request

    def build(self, request_struct_class: type[EndTxnRequest_v5]) -> EndTxnRequest_v5:
        """Makes what goes over the wire."""
        said = self._request
        producer = said._transactional_id, said._producer_id, said._producer_epoch
        return request_struct_class(*producer, said._transaction_result, {})


async def has_protocol_2(sender: Any) -> bool:
    """Asks the cluster of a producer, once it is started. sender: aiokafka's, of that producer.

    Raises:
        KafkaError: The broker does not answer.
    """
    node = await sender._find_coordinator(CoordinationType.TRANSACTION, sender._txn_manager.transactional_id)
    features = await finalized_features(sender.client, node, group=ConnectionGroup.COORDINATION)
    return features.get(_FEATURE, 0) >= _LEVEL


_IN_PROTOCOL_2: Mapping[type, Callable[[Any], Request[Any]]] = {
    ProduceRequest: AddingProduceRequest,
    TxnOffsetCommitRequest: AddingOffsetsRequest,
    EndTxnRequest: EpochEndingRequest,
}


def in_protocol_2(request: Any) -> Any:
    """Gives aiokafka's request in the form that the second protocol has for it; others as they are."""
    form = _IN_PROTOCOL_2.get(type(request))
    return request if form is None else form(request)
