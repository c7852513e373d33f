"""What the fetch thread hands on, and what it must never claim to have handed on."""

from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, ConsumerRecord
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from streams.worker.frame.transport import FetchThread

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
    consumer = SimpleNamespace(_subscription=SimpleNamespace(subscription=SimpleNamespace(assignment=assignment)))

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
