"""Policy documents on the compacted topic `tier.policies`, by digest: whoever reads a tier change finds its rules."""

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from streams.engine.policy import Policy
from streams.settings import Settings


class PolicyMessage(msgspec.Struct, frozen=True, kw_only=True):
    """`tier.policies`, key: the digest. A policy document as it was put to use."""

    name: str
    version: int
    digest: str
    document: str


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(PolicyMessage).decode


async def read_policies(settings: Settings) -> dict[str, str]:
    """The documents that were ever put to use, by digest."""
    tp = TopicPartition(settings.output_topic("policies"), 0)
    consumer = AIOKafkaConsumer(
        **settings.client_options(),
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        fetch_max_wait_ms=100,
    )
    await consumer.start()
    documents: dict[str, str] = {}
    try:
        consumer.assign([tp])
        end = (await consumer.end_offsets([tp]))[tp]
        consumer.seek(tp, (await consumer.beginning_offsets([tp]))[tp])
        while await consumer.position(tp) < end:
            for record in (await consumer.getmany(tp, timeout_ms=200)).get(tp, ()):
                if record.value is not None:
                    message = _decode(record.value)
                    documents[message.digest] = message.document
    finally:
        await consumer.stop()
    return documents


async def publish_policy(settings: Settings, policy: Policy) -> None:
    """Writes the policy's document under its digest; once more does no harm."""
    message = PolicyMessage(name=policy.name, version=policy.version, digest=policy.digest, document=policy.document)
    producer = AIOKafkaProducer(**settings.client_options(), acks="all", enable_idempotence=True)
    await producer.start()
    try:
        topic = settings.output_topic("policies")
        await producer.send_and_wait(topic, _encode(message), key=policy.digest.encode(), partition=0)
    finally:
        await producer.stop()
