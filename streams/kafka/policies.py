"""Policies on the compacted topic `tier.policies`: documents by digest, and which one is in force.

Every worker follows the topic: another policy, or an earlier one again, comes into force without a restart. Whoever
reads a tier change finds its policy there by the digest (docs/messages.md#tierpolicies).
"""

import logging
from collections.abc import AsyncIterator, Callable
from typing import NamedTuple

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from streams.contracts.outputs import IN_FORCE, InForceMessage, PolicyMessage
from streams.kafka.refusals import cannot_connect
from streams.kafka.tail import connected, reader, tail, to_the_end
from streams.partition.entries import Record
from streams.policy.compile.digest import digest_of
from streams.policy.policy import Policy
from streams.settings import Settings

_log = logging.getLogger(__name__)
IN_FORCE_KEY = IN_FORCE.encode()
_PUBLISH_IT = "publish it: tierflow policy publish FILE"
# What msgspec raises of bytes that are no such message: no UTF-8, no JSON, or nested too deeply.
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class KnownPolicies(NamedTuple):
    """What the topic holds: every document ever put to use, by digest, and the digest of the one in force.

    next_offset: where to read on.
    """

    documents: dict[str, str]
    in_force: str | None
    next_offset: int


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(PolicyMessage).decode
_decode_in_force = msgspec.json.Decoder(InForceMessage).decode


async def read_known_policies(settings: Settings) -> KnownPolicies:
    """Reads all that the topic holds now.

    Raises:
        UsageError: No broker answers, or none lets us in.
    """
    try:
        return await read_newest_policies(settings)
    except KafkaError as error:
        raise await cannot_connect(settings.client_options(), error) from error


async def read_newest_policies(settings: Settings) -> KnownPolicies:
    """Does what `read_known_policies` does, for those who try again.

    Raises:
        KafkaError: No broker answers, or none lets us in; a later try may succeed.
    """
    return await _read_to_end(reader(settings.client_options()), settings)


async def _read_to_end(consumer: AIOKafkaConsumer, settings: Settings) -> KnownPolicies:
    tp = TopicPartition(settings.output_topic("policies"), 0)
    documents: dict[str, str] = {}
    in_force: str | None = None
    try:
        await consumer.start()
        consumer.assign([tp])
        end = (await consumer.end_offsets([tp]))[tp]
        async for records in to_the_end(consumer, tp, end):
            for record in records:
                in_force = _take(record, documents) or in_force
    finally:
        await consumer.stop()
    return KnownPolicies(documents, in_force, end)


async def read_policies(settings: Settings) -> dict[str, str]:
    """Reads the documents of all policies that were ever put to use, by digest."""
    return (await read_known_policies(settings)).documents


async def follow_policies(
    settings: Settings, known: KnownPolicies, on_look: Callable[[], None] = lambda: None
) -> AsyncIterator[tuple[int, str]]:
    """Yields, without end, each policy that comes into force after what is known: its record's offset, its document.

    Brokers that are away, or do not let us in, are waited for: a worker has more to do, and others watch over that.
    on_look: called with every look for records, and with every try to connect.

    Raises:
        KafkaTimeoutError: There are more records, and they cannot be read.
    """
    tp = TopicPartition(settings.output_topic("policies"), 0)
    documents = dict(known.documents)
    consumer = await connected(lambda: reader(settings.client_options()), on_look, tp.topic)
    try:
        consumer.assign([tp])
        consumer.seek(tp, known.next_offset)
        async for record in tail(consumer, tp, on_look):
            digest = _take(record, documents)
            if digest is not None and digest in documents:
                yield record.offset, documents[digest]
            elif digest is not None:
                _pass_over(record, f"puts a policy in force whose document is not there; {_PUBLISH_IT}")
    finally:
        await consumer.stop()


async def publish_policy(settings: Settings, policy: Policy) -> None:
    """Puts a policy in force. To repeat it does no harm.

    The document is written first, so that whoever reads which policy is in force has its document already.
    """
    message = PolicyMessage(name=policy.name, version=policy.version, digest=policy.digest, document=policy.document)
    records = [
        (policy.digest.encode(), _encode(message)),
        (IN_FORCE_KEY, _encode(InForceMessage(digest=policy.digest))),
    ]
    producer = AIOKafkaProducer(**settings.client_options(), acks="all", enable_idempotence=True)
    await producer.start()
    try:
        for key, value in records:
            await producer.send_and_wait(settings.output_topic("policies"), value, key=key, partition=0)
    finally:
        await producer.stop()


def digest_in_force(record: Record) -> str | None:
    """Gives the digest if the record says which policy is in force.

    A record that cannot be read is passed over: people may write to the topic, and it cannot be mended.
    """
    if record.key != IN_FORCE_KEY or record.value is None:
        return None
    try:
        return _decode_in_force(record.value).digest
    except _UNREADABLE as error:
        _pass_over(record, f"holds nothing of a policy: {error}")
        return None


def published(record: Record) -> PolicyMessage | None:
    """Gives the policy that a record holds; None where it says which one is in force, or cannot be used.

    A document under another digest than its own is passed over: what it decides would be told as another policy's.
    """
    if record.key == IN_FORCE_KEY or record.value is None:
        return None
    try:
        message = _decode(record.value)
    except _UNREADABLE as error:
        _pass_over(record, f"holds nothing of a policy: {error}")
        return None
    digest = digest_of(message.document)
    if message.digest == digest and record.key == digest.encode():
        return message
    _pass_over(record, f"holds the document of {digest} under another digest; {_PUBLISH_IT}")
    return None


def _take(record: ConsumerRecord, documents: dict[str, str]) -> str | None:
    """Adds a document to `documents`, by digest; gives the digest if the record says which policy is in force."""
    message = published(record)
    if message is not None:
        documents[message.digest] = message.document
    return digest_in_force(record)


def _pass_over(record: Record, why: str) -> None:
    _log.warning("offset %d of the topic of policies is passed over: it %s", record.offset, why)
