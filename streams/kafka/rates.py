"""The topic of rates, `bank.rates`: read to its end, and followed. Every worker reads all of it.

What a record says: docs/messages.md#bankrates. The topic has one partition, so that its offsets say what was known.
"""

from collections.abc import AsyncIterator, Callable

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from streams.contracts.rates import take_rates
from streams.contracts.rates_read import NOTHING_READ, RatesRead
from streams.errors import UsageError
from streams.kafka.refusals import cannot_connect
from streams.kafka.tail import connected, fetches, reader, to_the_end
from streams.partition.entries import Record
from streams.policy.day_rates import with_rates
from streams.policy.policy import Policy
from streams.settings import Settings

GATHERED_MS = 200
"""The rates of a day are sent one after the other: so long the next one is waited for."""


async def read_newest_rates(settings: Settings, known: RatesRead = NOTHING_READ) -> RatesRead:
    """Reads all that the topic holds now. known: what was read of it before; only what came since is fetched.

    Raises:
        KafkaError: No broker answers, or none lets us in; a later try may succeed.
    """
    return take_rates(known, map(_parts, await read_records(settings, known.table.next_offset)))


async def read_records(settings: Settings, begins_at: int = 0) -> list[Record]:
    """Reads the records that the topic holds now, from an offset on; none where TIERFLOW_RATES is off.

    Raises:
        KafkaError: As above.
    """
    found: list[Record] = []
    for topic in settings.rates_topics():
        consumer: AIOKafkaConsumer = reader(settings.client_options())
        tp = TopicPartition(topic, 0)
        try:
            await consumer.start()
            consumer.assign([tp])
            async for records in to_the_end(consumer, tp, (await consumer.end_offsets([tp]))[tp], begins_at):
                found += records
        finally:
            await consumer.stop()
    return found


async def rated_now(settings: Settings, policy: Policy) -> Policy:
    """Gives a policy the rates that the topic holds now; one with rates of its own stays as it is.

    Raises:
        UsageError: Kafka does not answer, or TIERFLOW_RATES is off.
    """
    if policy.rates is None:
        return policy
    check_rates_are_on(settings, policy)
    try:
        return with_rates(policy, (await read_newest_rates(settings)).table)
    except KafkaError as error:
        raise await cannot_connect(settings.client_options(), error) from error


def check_rates_are_on(settings: Settings, policy: Policy) -> None:
    """Checks that rates are read where a policy needs them.

    Raises:
        UsageError: They are not; the message says what to write.
    """
    if policy.rates is not None and not settings.rates:
        raise UsageError(
            f'the policy {policy.name!r} has rates = "topic", and no topic of rates is read here; write '
            f"TIERFLOW_RATES=on for all workers and commands, and make {settings.input_topic('rates')}: "
            "tierflow topics create"
        )


async def follow_rates(settings: Settings, on_look: Callable[[], None] = lambda: None) -> AsyncIterator[RatesRead]:
    """Yields what was read of the topic, from its beginning, without end, each time that more has come.

    Brokers that are away are waited for. on_look: called with every look for records, and with every try to connect.

    Raises:
        KafkaTimeoutError: There are more records, and they cannot be read.
    """
    tp = TopicPartition(settings.input_topic("rates"), 0)
    read = NOTHING_READ
    consumer = await connected(lambda: reader(settings.client_options()), on_look, tp.topic)
    try:
        consumer.assign([tp])
        consumer.seek(tp, (await consumer.beginning_offsets([tp]))[tp])
        async for records in fetches(consumer, tp, on_look, GATHERED_MS):
            read = take_rates(read, map(_parts, records))
            yield read
    finally:
        await consumer.stop()


def _parts(record: Record) -> tuple[int, bytes | None, bytes | None]:
    return record.offset, record.key, record.value
