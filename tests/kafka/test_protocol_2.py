"""Requests and answers of our own inside aiokafka, by Kafka's description of them, and on a real broker."""

import asyncio
import struct
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from io import BytesIO
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    ConcurrentTransactions,
    KafkaConnectionError,
    KafkaError,
    NotEnoughReplicasError,
    ProducerFenced,
    for_code,
)
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.protocol.transaction import EndTxnRequest, TxnOffsetCommitRequest

from streams.kafka import protocol_2
from streams.kafka.epochs import raise_epoch
from streams.kafka.finalized_features import _ApiVersions, finalized_features
from streams.kafka.protocol_2 import TransactionAbortableError, in_protocol_2
from streams.kafka.transactional import FAILURES, TransactionalProducer
from streams.settings import Settings
from tests.support.batches import NUMBER, read

NEWEST = {0: (0, 13), 18: (0, 4), 26: (0, 5), 28: (0, 5)}
TOPICS: list[Any] = [("loans", [(3, b"batch"), (0, bytearray(b"x" * 70_000))]), ("größer", [(7, b"")])]
NO_TAGS = b"\0"
LAST_EPOCH = 32_767


@pytest.mark.parametrize("topics", [TOPICS, [], [("empty", [])]])
@pytest.mark.parametrize("name", ["bank-0-a", None])
def test_records_encoded_by_one_join_are_what_the_schema_says(topics: list[Any], name: str | None) -> None:
    sent = in_protocol_2(ProduceRequest(name, -1, 40_000, topics)).prepare(NEWEST)
    assert sent.encode() == sent.SCHEMA.encode([name, -1, 40_000, topics, {}])
    assert sent.build_request_header(1, "c").encode() == b"\0\0\0\x0c\0\0\0\1\0\1c\0"


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (
            ProduceRequest("id", -1, 7, [("t", [(3, b"bb")])]),
            b"\x03id" + struct.pack(">hi", -1, 7) + b"\x02\x02t\x02" + struct.pack(">i", 3) + b"\x03bb" + NO_TAGS * 3,
        ),
        (
            TxnOffsetCommitRequest("id", "g", 7, 3, [("t", [(1, 40, "")])]),
            b"\x03id\x02g" + struct.pack(">qhi", 7, 3, -1) + b"\x01" + b"\x00"
            + b"\x02\x02t\x02" + struct.pack(">iqi", 1, 40, -1) + b"\x01" + NO_TAGS * 3,
        ),
        (EndTxnRequest("id", 7, 3, True), b"\x03id" + struct.pack(">qh", 7, 3) + b"\x01" + NO_TAGS),  # noqa: FBT003
    ],
    ids=["ProduceRequest.json", "TxnOffsetCommitRequest.json", "EndTxnRequest.json"],
)  # fmt: skip
def test_a_request_has_the_bytes_that_kafka_describes(request_: Any, expected: bytes) -> None:
    assert in_protocol_2(request_).prepare(NEWEST).encode() == expected


PRODUCED = struct.pack(">qqq", 40, -1, 0)


@pytest.mark.parametrize(("code", "told"), [(0, 0), (51, 19), (90, 47), (120, 120), (3, 3)])
def test_records_are_answered_in_the_form_that_aiokafka_knows(code: int, told: int) -> None:
    leader = b"\x01\x00\x0a" + struct.pack(">ii", 2, 5) + b"\x00\x00"  # a tag that newer brokers add
    partition = struct.pack(">ih", 3, code) + PRODUCED + b"\x02" + struct.pack(">i", 0) + b"\x04bad\x00\x00" + leader
    answer = protocol_2.ProduceResponse_v12.decode(
        b"\x02\x02t\x02" + partition + NO_TAGS + struct.pack(">i", 0) + NO_TAGS
    )
    assert answer.topics == [("t", [(3, told, 40, -1, 0, [(0, "bad")], None)])]
    assert answer.API_VERSION >= 8, "aiokafka then expects seven fields"


@pytest.mark.parametrize(("code", "told"), [(0, 0), (51, 14), (90, 47), (120, 120)])
def test_offsets_are_answered_in_the_form_that_aiokafka_knows(code: int, told: int) -> None:
    topics = b"\x02\x02t\x02" + struct.pack(">ih", 1, code) + NO_TAGS * 2
    answer = protocol_2.TxnOffsetCommitResponse_v5.decode(struct.pack(">i", 0) + topics + NO_TAGS)
    assert answer.errors == [("t", [(1, told)])]


@pytest.mark.parametrize(("code", "told"), [(0, 0), (51, 51), (90, 47), (120, 120)])
def test_an_end_is_answered_with_what_the_next_transaction_goes_by(code: int, told: int) -> None:
    answer = protocol_2.EndTxnResponse_v5.decode(struct.pack(">ihqhb", 0, code, 7, 4, 0))
    assert (answer.error_code, answer.producer_id, answer.producer_epoch) == (told, 7, 4)


def test_what_is_told_has_the_right_ends() -> None:
    assert NotEnoughReplicasError.retriable, "records are sent again"
    assert for_code(120) is TransactionAbortableError
    assert not TransactionAbortableError.retriable


# --- which protocol a cluster has ---


async def test_a_cluster_is_asked_for_its_features(settings: Settings) -> None:
    client = AIOKafkaClient(**settings.client_options())
    await client.bootstrap()
    try:
        node = client.get_random_node()
        features = await finalized_features(client, node)
        assert features["transaction.version"] == 2
        assert "metadata.version" in features
        client._conns[node, 0]._versions[18] = (0, 2)
        assert await finalized_features(client, node) == {}
    finally:
        await client.close()


LEVEL = b"\x02\x14transaction.version" + struct.pack(">hh", 2, 0) + NO_TAGS


@pytest.mark.parametrize(
    ("tags", "found"),
    [
        (b"\x00", {}),
        (bytes([1, 0, len(LEVEL)]) + LEVEL, {}),
        (bytes([1, 2, len(LEVEL)]) + LEVEL, {"transaction.version": 2}),
    ],
    ids=["none", "supported", "finalized"],
)
async def test_what_is_supported_and_not_finalized_does_not_count(tags: bytes, found: Mapping[str, int]) -> None:
    assert await finalized_features(Telling(tags), 1) == found


async def test_a_broker_that_does_not_know_the_request_has_no_features() -> None:
    assert await finalized_features(Telling(b"\x00", code=35), 1) == {}


async def test_what_a_broker_refuses_to_tell_is_an_error() -> None:
    with pytest.raises(ClusterAuthorizationFailedError, match="does not tell its features"):
        await finalized_features(Telling(b"\x00", code=31), 1)


class Telling:
    """A client whose broker answers so when it is asked for its versions."""

    def __init__(self, tags: bytes, code: int = 0) -> None:
        sent = _ApiVersions().prepare(NEWEST)
        header = sent.parse_response_header(BytesIO(struct.pack(">i", 1)))
        assert header.correlation_id == 1
        self._answer = sent.RESPONSE_TYPE.decode(struct.pack(">h", code) + b"\x01" + struct.pack(">i", 0) + tags)

    async def send(self, *_: object) -> Any:
        return self._answer


# --- on a real broker ---


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Any]:
    producer = TransactionalProducer(settings.client_options(), f"{settings.app_id}-test", retry_backoff_ms=5)
    await producer.start()
    try:
        assert producer._has_protocol_2
        await producer.commit(sending(settings, b"first"))  # it knows then where the group's offsets go
        yield producer
    finally:
        await producer.close()


def sending(settings: Settings, value: bytes) -> Callable[[Any], Any]:
    async def send(producer: Any) -> None:
        await producer.partitions_for(settings.changelog_topic)
        producer.expect([TopicPartition(settings.changelog_topic, NUMBER)])
        offsets = {TopicPartition(settings.input_topic("balances"), NUMBER): 7}
        await asyncio.gather(
            producer.send_offsets_to_transaction(offsets, settings.app_id),
            producer.send_and_wait(settings.changelog_topic, value, key=b"k", partition=NUMBER),
        )

    return send


def refuse_once(producer: Any, api_key: int, code: int) -> list[int]:
    """Lets a broker seem to refuse the next request of this kind; the api keys of all that is asked from now on."""
    asked: list[int] = []
    send = producer._send_unwatched

    async def refused(node: object, request: Any, **options: Any) -> Any:
        asked.append(request.API_KEY)
        if asked.count(api_key) > 1 or api_key != request.API_KEY:
            return await send(node, request, **options)
        form = request.prepare(NEWEST)
        if api_key == 26:
            return form.RESPONSE_TYPE.decode(struct.pack(">ihqhb", 0, code, -1, -1, 0))
        [(topic, [(number, *_)])] = form.topics
        name = bytes([2, len(topic) + 1]) + topic.encode() + b"\x02" + struct.pack(">ih", number, code)
        if api_key == 28:
            return form.RESPONSE_TYPE.decode(struct.pack(">i", 0) + name + NO_TAGS * 3)
        return form.RESPONSE_TYPE.decode(name + PRODUCED + b"\x01\x00" + NO_TAGS * 2 + struct.pack(">i", 0) + NO_TAGS)

    producer._send_unwatched = refused
    return asked


def lose_an_end(producer: Any) -> list[int]:
    """Loses the broker's next answer to an end; the error codes that were lost."""
    send, lost = producer._send_unwatched, list[int]()

    async def losing(node: object, request: Any, **options: Any) -> Any:
        answer = await send(node, request, **options)
        if request.API_KEY == 26 and answer.error_code == 0 and not lost:
            lost.append(answer.error_code)
            raise KafkaConnectionError("lost")
        return answer

    producer._send_unwatched = losing
    return lost


@pytest.mark.parametrize("api_key", [0, 28, 26], ids=["Produce", "TxnOffsetCommit", "EndTxn"])
async def test_what_meets_another_transaction_in_its_way_is_sent_again(settings: Settings, api_key: int) -> None:
    async with running(settings) as producer:
        asked = refuse_once(producer, api_key, ConcurrentTransactions.errno)
        await producer.commit(sending(settings, b"second"))
    assert asked.count(api_key) >= 2  # more where the broker still writes the markers of the first one
    assert {24, 25}.isdisjoint(asked)  # what is written to is not added before
    assert [record.value for record in await read(settings, settings.changelog_topic)] == [b"first", b"second"]


@pytest.mark.parametrize("api_key", [0, 28, 26], ids=["Produce", "TxnOffsetCommit", "EndTxn"])
@pytest.mark.parametrize(("code", "error"), [(90, ProducerFenced), (120, TransactionAbortableError)])
async def test_what_is_refused_has_a_name_and_nothing_of_it_is_committed(
    settings: Settings, api_key: int, code: int, error: type[KafkaError]
) -> None:
    async with running(settings) as producer:
        refuse_once(producer, api_key, code)
        with pytest.raises(FAILURES) as raised:
            await producer.commit(sending(settings, b"refused"))
        # Of offsets, aiokafka may say no more than that something was unexpected.
        assert api_key == 28 or error in {type(each) for each in (raised.value, raised.value.__cause__)}
    async with running(settings):
        assert [record.value for record in await read(settings, settings.changelog_topic)] == [b"first"] * 2


async def test_what_can_be_aborted_is_and_the_same_producer_goes_on(settings: Settings) -> None:
    async with running(settings) as producer:
        refuse_once(producer, 0, TransactionAbortableError.errno)
        with pytest.raises(TransactionAbortableError):
            await producer.commit_or_abort(sending(settings, b"refused"))
        await producer.commit_or_abort(sending(settings, b"second"))
    assert [record.value for record in await read(settings, settings.changelog_topic)] == [b"first", b"second"]


async def test_an_end_whose_answer_was_lost_is_answered_again(settings: Settings) -> None:
    """By then the broker has gone on to the next epoch, and takes the former one for what it is."""
    async with running(settings) as producer:
        lost = lose_an_end(producer)
        for value in (b"second", b"third"):
            await producer.commit(sending(settings, value))
    assert lost == [0]
    found = [record.value for record in await read(settings, settings.changelog_topic)]
    assert found == [b"first", b"second", b"third"]


@pytest.mark.soak
@pytest.mark.timeout(1800)
async def test_the_epoch_may_run_out(settings: Settings) -> None:
    """The end of the last transaction answers with another producer id; so does the end whose answer was lost."""
    async with running(settings) as producer:
        manager = producer._txn_manager
        while manager.producer_epoch < LAST_EPOCH - 3:
            await raise_epoch(producer._sender)
        known = [(manager.producer_id, manager.producer_epoch)]
        for number in range(6):
            if manager.producer_epoch == LAST_EPOCH - 1:
                lost = lose_an_end(producer)
            await producer.commit(sending(settings, b"%d" % number))
            known.append((manager.producer_id, manager.producer_epoch))
    assert lost == [0]
    ids = [producer_id for producer_id, _ in known]
    assert len(set(ids)) == 2
    assert [epoch for _, epoch in known] == [LAST_EPOCH - 3, LAST_EPOCH - 2, LAST_EPOCH - 1, 0, 1, 2, 3]
    found = [record.value for record in await read(settings, settings.changelog_topic)]
    assert found == [b"first", *(b"%d" % number for number in range(6))]
