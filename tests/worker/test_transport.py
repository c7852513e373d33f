"""What the fetch thread hands on, and what it must never claim to have handed on."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from streams.settings import Settings
from streams.worker.frame import transport
from streams.worker.frame.transport import FetchConsumer, FetchThread
from tests.support.patience import stretched, until

TP_0 = TP("bank.balances", 0)


@pytest.mark.parametrize("subscribed", [True, False])
async def test_what_is_lost_while_it_is_asked_about_is_not_known(*, subscribed: bool) -> None:
    """Partitions go in the consumer's thread, and another one asks about those of a moment ago."""
    consumer = AIOKafkaConsumer()
    if subscribed:
        consumer._subscription.subscribe({TP_0.topic})
    consumer.assignment = lambda: {TP_0}
    thread = object.__new__(FetchThread)
    thread._consumer = consumer
    assert (thread.highwater(TP_0), thread.heard_at_ms()) == (None, 0)


async def test_what_is_fetched_while_the_flow_stands_leaves_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lanes have sought to 100; a fetch ends before the flow goes on. Its records must not seem to be worked."""
    state = SimpleNamespace(has_valid_position=True, position=100)
    assignment = SimpleNamespace(state_value=lambda _: state)
    consumer = SimpleNamespace(
        _closed=True, _subscription=SimpleNamespace(subscription=SimpleNamespace(assignment=assignment))
    )

    async def fetch(*_: Any, **__: Any) -> dict[TP, list[ConsumerRecord]]:
        begins_at = state.position
        state.position += 100
        return {TP_0: [SimpleNamespace(offset=offset) for offset in range(begins_at, state.position)]}

    monkeypatch.setattr(driver.AIOKafkaConsumerThread, "_fetch_records", fetch)
    thread = object.__new__(FetchThread)
    thread.positions = {TP_0: 100}
    thread.consumer = SimpleNamespace(flow_active=False)
    assert await thread._fetch_records(consumer, {TP_0}) == {}
    thread.consumer.flow_active = True
    fetched = (await thread._fetch_records(consumer, {TP_0}))[TP_0]
    assert (fetched.begins_at, fetched.records[0].offset, fetched.next_offset) == (200, 200, 300)


async def test_what_was_fetched_of_a_paused_partition_is_passed_on_when_it_is_resumed(
    broker: str, settings: Settings
) -> None:
    """aiokafka wakes nobody for it: a worker that catches up would stand still until the fetch's timeout."""
    paused, idle = (TP(settings.input_topic("balances"), number) for number in range(2))
    async with AIOKafkaProducer(bootstrap_servers=broker) as producer:
        await producer.send_and_wait(paused.topic, b"{}", partition=paused.partition)
    client = AIOKafkaConsumer(bootstrap_servers=broker, enable_auto_commit=False, fetch_max_wait_ms=10)
    async with client, asyncio.timeout(stretched(20)):
        client.assign([driver.ensure_aiokafka_TP(tp) for tp in (paused, idle)])
        client.seek(paused, 0)
        client.seek(idle, 0)
        thread = object.__new__(FetchThread)
        thread._consumer, thread.thread_loop, thread.positions = client, asyncio.get_running_loop(), {paused: 0}
        thread.consumer = SimpleNamespace(flow_active=True)
        consumer = object.__new__(FetchConsumer)
        consumer._thread, consumer._active_partitions, consumer._paused_partitions = thread, {idle}, {paused}
        consumer._resumed = asyncio.Event()

        active = consumer._active_partitions
        fetching = asyncio.create_task(thread._fetch_records(client, active, timeout=3_600.0, max_records=10))
        fetcher = client._fetcher
        await until(lambda: paused in fetcher._records and fetcher._fetch_waiters, 20, "records of what is paused")
        consumer.resume_partitions({paused})
        assert (await fetching)[paused].next_offset == 1


async def test_a_partition_that_is_resumed_while_all_are_paused_is_read_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Faust sleeps for a second then: `tierflow intake`, whose lanes fill up together, stood still most of the time."""

    async def fetch(consumer: FetchConsumer, _: float) -> set[TP]:
        return set(consumer._active_partitions)

    monkeypatch.setattr(driver.Consumer, "_wait_next_records", fetch)
    monkeypatch.setattr(transport, "PAUSED_LOOK_EVERY_S", 3_600.0)
    consumer = object.__new__(FetchConsumer)
    consumer._thread = SimpleNamespace(look_again=lambda: None)
    consumer._active_partitions, consumer._paused_partitions = set(), {TP_0}
    consumer._resumed = asyncio.Event()
    fetching = asyncio.create_task(consumer._wait_next_records(1.0))
    await asyncio.sleep(0.01)
    assert not fetching.done()
    consumer.resume_partitions({TP_0})
    async with asyncio.timeout(stretched(20)):
        assert await fetching == {TP_0}
