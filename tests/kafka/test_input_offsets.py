"""Where the inputs begin and end is asked of the broker, open transactions not counted."""

import asyncio

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from streams.kafka.offsets import InputOffsets, Span
from streams.settings import Settings
from tests.support.batches import NUMBER, PARTITIONS, open_transaction, put
from tests.support.patience import stretched


async def test_spans_and_ends_are_those_of_what_can_be_read(settings: Settings) -> None:
    balances, transactions, *_ = settings.input_topics()
    await put(settings, balances, [(b"x", b"1")] * 3)
    admin = AIOKafkaAdminClient(**settings.client_options())
    await admin.start()
    try:
        await admin.delete_records({TopicPartition(balances, NUMBER): RecordsToDelete(before_offset=2)})
    finally:
        await admin.close()
    offsets = InputOffsets(settings.client_options(), settings.app_id, settings.input_topics())
    try:
        async with open_transaction(settings, transactions):
            await put(settings, transactions, [(b"x", b"1")])
            assert await offsets.spans(NUMBER) == [Span(2, 3), *[Span(0, 0)] * 4]
        async with asyncio.timeout(stretched(10)):
            # The marker of a transaction that was aborted comes a moment after the answer.
            while await offsets.ends(NUMBER) != [3, 3, 0, 0, 0]:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    finally:
        await offsets.stop()


async def test_the_lag_of_a_group_is_that_of_all_partitions(settings: Settings) -> None:
    balances, transactions, *_ = settings.input_topics()
    await put(settings, balances, [(b"x", b"1")] * 3)
    await put(settings, transactions, [(b"x", b"1")] * 2)
    reader = AIOKafkaConsumer(**settings.client_options(), group_id=settings.app_id, enable_auto_commit=False)
    await reader.start()
    try:
        reader.assign([TopicPartition(balances, NUMBER)])
        await reader.commit({TopicPartition(balances, NUMBER): 2})
    finally:
        await reader.stop()
    offsets = InputOffsets(settings.client_options(), settings.app_id, [balances, transactions])
    try:
        found = await offsets.lags({balances: PARTITIONS, transactions: PARTITIONS})
    finally:
        await offsets.stop()
    there = {(balances, NUMBER): 1, (transactions, NUMBER): 2}
    assert found == {(name, each): 0 for name in (balances, transactions) for each in range(PARTITIONS)} | there
