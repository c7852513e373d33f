"""aiokafka's requests, and ours of transaction protocol 2, put to the broker in memory; the answers in their form."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from struct import pack
from typing import Any

from aiokafka import TopicPartition
from aiokafka.record.memory_records import MemoryRecords

from streams.kafka.protocol_2 import _ErrorCode, _OffsetsErrorCode, _ProduceErrorCode
from tests.simulation.broker import ABORT, COMMIT, NO_SUCH_ID, NONE, NOT_LEADER, Batch, Broker
from tests.simulation.faults import FATAL, FATAL_IN_PROTOCOL_2, RETRIABLE, RETRIABLE_IN_PROTOCOL_2

# By the number of a request: the versions that the broker knows.
VERSIONS = {
    0: (0, 12), 18: (0, 4), 22: (0, 4), 24: (0, 0), 25: (0, 0), 26: (0, 5), 28: (0, 5), 61: (0, 0), 65: (0, 0),
}  # fmt: skip
# From which version on a request is one of protocol 2.
EPOCHS_END_FROM = 5
_IN_PROTOCOL_2 = {0: 12, 26: EPOCHS_END_FROM, 28: 5}
_LEVEL = b"\x02\x14transaction.version" + pack(">hh", 2, 0) + b"\0"  # as a finalized feature is written
_FINALIZED_TAG = 2
_TOLD_AS = {0: _ProduceErrorCode.told_as, 26: _ErrorCode.told_as, 28: _OffsetsErrorCode.told_as}
_NAMES = {
    0: "Produce",
    18: "ApiVersions",
    22: "InitProducerId",
    24: "AddPartitionsToTxn",
    25: "AddOffsetsToTxn",
    26: "EndTxn",
    28: "TxnOffsetCommit",
    61: "DescribeProducers",
    65: "DescribeTransactions",
}


def name_of(struct: Any) -> str:
    """Gives Kafka's name of a request."""
    return _NAMES[struct.API_KEY]


def point_of(struct: Any) -> str:
    """Gives the name of the point at which a request is: its own, and the transactional id that it is of."""
    ids = getattr(struct, "transactional_ids", [getattr(struct, "transactional_id", "")])
    return f"{name_of(struct)} {ids[0]}".rstrip()


def refusals_of(struct: Any, *, for_good: bool) -> Sequence[int]:
    """Gives the error codes by which a request may be refused."""
    name, more = name_of(struct), FATAL_IN_PROTOCOL_2 if for_good else RETRIABLE_IN_PROTOCOL_2
    return (*(FATAL if for_good else RETRIABLE)[name], *(more[name] if _is_of_protocol_2(struct) else ()))


def answer_to(struct: Any, broker: Broker, node: int) -> Any:
    """Has a node of the broker apply a request; gives its answer."""
    return _ANSWERS[struct.API_KEY](struct, broker, node)


def _is_of_protocol_2(struct: Any) -> bool:
    return bool(_IN_PROTOCOL_2.get(struct.API_KEY, struct.API_VERSION + 1) <= struct.API_VERSION)


def _told_as(struct: Any, error: int) -> int:
    """Gives an error code as the client hears it in protocol 2 (streams/kafka/protocol_2.py)."""
    return _TOLD_AS[struct.API_KEY].get(error, error) if _is_of_protocol_2(struct) else error


def errors_of(answer: Any) -> set[int]:
    """Gives the error codes of the answer to a request of a transaction."""
    match answer.API_KEY:
        case 0:
            return {partition[1] for _, partitions in answer.topics for partition in partitions}
        case 24 | 28:
            return {error for _, partitions in answer.errors for _, error in partitions}
        case 22 | 25 | 26:
            return {answer.error_code}
        case _:
            return set()


def refused(struct: Any, error_code: int) -> Any:  # noqa: PLR0911 - a form of answer each
    """Gives the answer that says this error, of everything in the request."""
    answer = struct.RESPONSE_TYPE
    match name_of(struct):
        case "Produce":
            return _produced(struct, dict.fromkeys(_batches(struct), (error_code, -1)))
        case "InitProducerId":
            return _made(answer, error_code, -1, -1)
        case "AddPartitionsToTxn":
            return answer(0, _by_topic(dict.fromkeys(_tps(struct), error_code)))
        case "TxnOffsetCommit":
            return _offsets_noted(struct, error_code)
        case "EndTxn" if _is_of_protocol_2(struct):
            return answer(0, _told_as(struct, error_code), -1, -1, {})
        case "ApiVersions":
            return answer(error_code, [], 0, {})
        case "DescribeProducers":
            return _producers(struct, {tp: (error_code, []) for tp in _tps_tagged(struct)})
        case "DescribeTransactions":
            return answer(0, [(error_code, struct.transactional_ids[0], "", 0, 0, -1, -1, [], {})], {})
        case _:
            return answer(0, error_code)


def _init_producer(struct: Any, broker: Broker, node: int) -> Any:
    error = broker.is_coordinator(node, struct.transactional_id)
    if error:
        return _made(struct.RESPONSE_TYPE, error, -1, -1)
    own = (struct.producer_id, struct.producer_epoch) if struct.API_VERSION else ()
    return _made(
        struct.RESPONSE_TYPE, *broker.init_producer(struct.transactional_id, struct.transaction_timeout_ms, *own)
    )


def _made(answer: Any, error: int, producer_id: int, epoch: int) -> Any:
    return answer(0, error, producer_id, epoch, *([{}] if answer.API_VERSION else []))


def _add_partitions(struct: Any, broker: Broker, node: int) -> Any:
    tps = _tps(struct)
    error = broker.is_coordinator(node, struct.transactional_id)
    own = (struct.transactional_id, struct.producer_id, struct.producer_epoch)
    return struct.RESPONSE_TYPE(0, _by_topic(dict.fromkeys(tps, error) if error else broker.add_partitions(*own, tps)))


def _add_offsets(struct: Any, broker: Broker, node: int) -> Any:
    error = broker.is_coordinator(node, struct.transactional_id)
    own = (struct.transactional_id, struct.producer_id, struct.producer_epoch)
    return struct.RESPONSE_TYPE(0, error or broker.add_offsets(*own))


def _commit_offsets(struct: Any, broker: Broker, node: int) -> Any:
    error = broker.is_coordinator(node, struct.group_id) or broker.commit_offsets(
        struct.transactional_id,
        struct.group_id,
        struct.producer_id,
        struct.producer_epoch,
        _offsets(struct),
        adds=_is_of_protocol_2(struct),
    )
    return _offsets_noted(struct, error)


def _offsets_noted(struct: Any, error: int) -> Any:
    errors = _by_topic(dict.fromkeys(_offsets(struct), _told_as(struct, error)))
    return struct.RESPONSE_TYPE(0, errors, *_tags(struct))


def _tags(struct: Any) -> list[Any]:
    return [{}] if _is_of_protocol_2(struct) else []


def _end(struct: Any, broker: Broker, node: int) -> Any:
    if _is_of_protocol_2(struct):
        error = broker.is_coordinator(node, struct.transactional_id)
        own = (struct.transactional_id, struct.producer_id, struct.producer_epoch)
        said = (error, -1, -1) if error else broker.end_epoch(*own, COMMIT if struct.committed else ABORT)
        return struct.RESPONSE_TYPE(0, _told_as(struct, said[0]), *said[1:], {})
    error = broker.is_coordinator(node, struct.transactional_id) or broker.end(
        struct.transactional_id,
        struct.producer_id,
        struct.producer_epoch,
        COMMIT if struct.transaction_result else ABORT,
    )
    return struct.RESPONSE_TYPE(0, error)


def _produce(struct: Any, broker: Broker, node: int) -> Any:
    answers = {}
    for tp, data in _batches(struct).items():
        if broker.leaders[tp] != node:
            answers[tp] = (NOT_LEADER, -1)
        else:
            answers[tp] = broker.produce(struct.transactional_id, tp, batch_of(data), adds=_is_of_protocol_2(struct))
    return _produced(struct, answers)


def batch_of(data: bytes) -> Batch:
    """Gives a record batch as the broker has it."""
    batch = MemoryRecords(bytes(data)).next_batch()
    records = [(record.key, record.value, record.headers, record.timestamp) for record in batch]
    return Batch(batch.producer_id, batch.producer_epoch, batch.base_sequence, batch.is_transactional, records)


def _produced(struct: Any, answers: Mapping[TopicPartition, tuple[int, int]]) -> Any:
    found: dict[str, list[Any]] = defaultdict(list)
    more = ([], None) if _is_of_protocol_2(struct) else ()  # errors of single records, and a text
    for tp, (error, offset) in answers.items():
        found[tp.topic].append((tp.partition, _told_as(struct, error), offset, -1, 0, *more))
    return struct.RESPONSE_TYPE(list(found.items()), 0, *_tags(struct))


def _api_versions(struct: Any, broker: Broker, _: int) -> Any:
    return struct.RESPONSE_TYPE(NONE, [], 0, {_FINALIZED_TAG: _LEVEL} if broker.has_protocol_2 else {})


def _describe_producers(struct: Any, broker: Broker, node: int) -> Any:
    answers: dict[TopicPartition, tuple[int, list[Any]]] = {}
    for tp in _tps_tagged(struct):
        producers = broker.logs[tp].producers.items()
        active = [
            (name, each.epoch, each.last, 0, 0, each.opened_at if each.part else -1, {}) for name, each in producers
        ]
        answers[tp] = (NONE, active) if broker.leaders[tp] == node else (NOT_LEADER, [])
    return _producers(struct, answers)


def _producers(struct: Any, answers: Mapping[TopicPartition, tuple[int, list[Any]]]) -> Any:
    found: dict[str, list[Any]] = defaultdict(list)
    for tp, (error, active) in answers.items():
        found[tp.topic].append((tp.partition, error, None, active, {}))
    return struct.RESPONSE_TYPE(0, [(topic, partitions, {}) for topic, partitions in found.items()], {})


def _describe_transactions(struct: Any, broker: Broker, node: int) -> Any:
    [name] = struct.transactional_ids
    error, known = broker.is_coordinator(node, name), broker.known_of(name)
    if error or known is None:
        return struct.RESPONSE_TYPE(0, [(error or NO_SUCH_ID, name, "", 0, 0, -1, -1, [], {})], {})
    said = (known.state, known.timeout_ms, 0, known.producer_id, known.epoch, [], {})
    return struct.RESPONSE_TYPE(0, [(NONE, name, *said)], {})


def _tps(struct: Any) -> list[TopicPartition]:
    return sorted(TopicPartition(topic, number) for topic, numbers in struct.topics for number in numbers)


def _tps_tagged(struct: Any) -> list[TopicPartition]:
    return [TopicPartition(topic, number) for topic, numbers, _ in struct.topics for number in numbers]


def _offsets(struct: Any) -> dict[TopicPartition, int]:
    return {
        TopicPartition(topic, number): offset
        for topic, partitions in struct.topics
        for number, offset, *_ in partitions
    }


def _batches(struct: Any) -> dict[TopicPartition, bytes]:
    return {TopicPartition(topic, number): data for topic, partitions in struct.topics for number, data in partitions}


def _by_topic(errors: Mapping[TopicPartition, int]) -> list[tuple[str, list[tuple[int, int]]]]:
    found: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for tp, error in errors.items():
        found[tp.topic].append((tp.partition, error))
    return list(found.items())


_ANSWERS: Mapping[int, Callable[[Any, Broker, int], Any]] = {
    0: _produce,
    18: _api_versions,
    22: _init_producer,
    24: _add_partitions,
    25: _add_offsets,
    26: _end,
    28: _commit_offsets,
    61: _describe_producers,
    65: _describe_transactions,
}
