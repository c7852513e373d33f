"""A log that was worked as it should be is clean, whatever is in it."""

import asyncio
import re
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.records_to_delete import RecordsToDelete

from streams.audit.report import Report
from streams.audit.run import audit
from streams.errors import UsageError
from streams.kafka import tape
from streams.kafka.offsets import Offsets
from streams.kafka.policies import publish_policy
from streams.partition.work import ORDER, Message, Work
from streams.settings import Settings
from streams.values.calendar import Clock
from tests.support.handmade_logs import (
    DAY_MS,
    START_MS,
    Input,
    LogWriter,
    Writing,
    action,
    balance,
    customers_of,
    policy_named,
    purchase,
)
from tests.support.works import damaged


async def write_three_batches(writer: LogWriter) -> None:
    a, b, c = customers_of(writer.number, 3)
    stranger = customers_of((writer.number + 1) % 4, 1)[0]
    await writer.batch(
        [
            balance("b1", a, "600000"),
            balance("b1", a, "700000"),  # a repeat
            balance("b2", b, "6000000", START_MS + 5),
            purchase("t1", c, "1000000", START_MS + 1),
            Input("transactions", b"not JSON", a.encode()),
            Input("balances", {"customer_id": a}),
            balance("b3", stranger, "1"),
        ]
    )
    pin = action("p1", a, "pin", START_MS + 10, tier="high", until=START_MS + 2 * DAY_MS, reason="vip", by="desk")
    await writer.batch(
        [pin, balance("b4", b, "1", START_MS - DAY_MS), action("e1", b, "erase", START_MS + 20)], START_MS + 1_000
    )
    await writer.batch([], START_MS + 3 * DAY_MS)  # the pin ends by time alone
    later_ms = START_MS + 100 * DAY_MS  # the purchase has left its window
    await writer.batch([balance("b5", b, "600000", later_ms), balance("b6", c, "700000", later_ms + 1)], later_ms)


async def write_and_audit(settings: Settings, clock: Clock) -> Report:
    async with Writing(settings, clock=clock) as writing:
        for number in (0, 2):
            await write_three_batches(await writing.writer(number))
    return await audit(settings)


@pytest.mark.parametrize("clock", ["wall", "event"])
def test_a_log_as_it_should_be_is_clean(settings: Settings, clock: Clock) -> None:
    report = asyncio.run(write_and_audit(settings, clock))
    assert report.found == []
    assert report.differences == 0
    assert (report.partitions, report.transactions, report.events) == (4, 8, 24)
    assert report.dead_letters == 6
    assert report.changes == 14
    assert report.customers == 6
    assert report.repeated_differently == 2
    assert report.notes == []


def test_nothing_worked_is_clean(settings: Settings) -> None:
    report = asyncio.run(audit(settings))
    assert (report.differences, report.transactions, report.changes) == (0, 0, 0)


async def test_a_policy_that_changed_between_workers_is_followed(settings: Settings) -> None:
    async with Writing(settings, "standard") as writing:
        writer = await writing.writer(1)
        await write_three_batches(writer)
        after = policy_named("assets-only")
        await publish_policy(settings, after)
        await writer.restart(after)
        customer = customers_of(1, 3)[2]
        await writer.batch([balance("b9", customer, "5000000", START_MS + 200 * DAY_MS)], START_MS + 200 * DAY_MS)
    report = await audit(settings)
    assert report.found == []
    assert report.transactions == 5


async def test_the_number_of_ids_that_was_in_force_is_followed(settings: Settings) -> None:
    async with Writing(settings, "standard") as writing:
        writer = await writing.writer(1)
        [customer] = customers_of(1, 1)
        bought = [purchase(f"t{number}", customer, "1000") for number in range(99)]
        writer.settings = replace(settings, remembered_ids=200)
        await writer.restart(writer.policy)
        await writer.batch([balance("b1", customer, "499000"), *bought])
        await writer.batch(bought[:20])  # with fewer that are remembered, these would be enough
        writer.settings = settings
        await writer.restart(writer.policy)
        await writer.batch([purchase("t99", customer, "1000"), *bought[50:]])
    report = await audit(settings)
    assert (report.found, report.changes, report.repeated_differently) == ([], 2, 0)


async def test_a_policy_nobody_knows_is_said(settings: Settings) -> None:
    async with Writing(settings, "standard") as writing:
        writer = await writing.writer(1)
        await writer.restart(msgspec.structs.replace(writer.policy, digest="sha256:07"))
        await writer.batch([balance("b1", customers_of(1, 1)[0], "5")])
    with pytest.raises(UsageError, match="names the policy sha256:07, which is neither in tier"):
        await audit(settings)


async def test_an_engine_of_another_version_is_said(settings: Settings) -> None:
    async with Writing(settings) as writing:
        writer = await writing.writer(1)
        newer = b'"engine_version":99'
        await writer.batch(
            [balance("b1", customers_of(1, 1)[0], "5")],
            damage=damaged(
                ORDER,
                lambda orders: [Message(None, (orders[0].value or b"").replace(b'"engine_version":2', newer), [])],
            ),
        )
    with pytest.raises(UsageError, match="engine version 99"):
        await audit(settings)


@pytest.mark.parametrize("clock", ["wall", "event"])
def test_a_log_that_does_not_note_the_wall_clock_is_replayed_as_it_was_worked(settings: Settings, clock: Clock) -> None:
    async def write() -> Report:
        async with Writing(settings, clock=clock) as writing:
            writer = await writing.writer(1)
            [customer] = customers_of(1, 1)
            # The release that wrote it had no limit on the event clock. On the wall clock it went by the clock.
            ahead_ms = 900 * DAY_MS if clock == "event" else DAY_MS
            wall_ms = START_MS + (900 * DAY_MS if clock == "event" else 0)
            await writer.batch([balance("b1", customer, "5", START_MS + ahead_ms)], wall_ms, damage=without_wall)
        return await audit(settings)

    report = asyncio.run(write())
    assert (report.found, report.dead_letters, report.changes) == ([], 0, 1)


def without_wall(work: Work) -> Work:
    def taken_out(orders: list[Message]) -> list[Message]:
        return [order._replace(value=re.sub(rb'"wall_ms":\d+,', b"", order.value or b"")) for order in orders]

    return damaged(ORDER, taken_out)(work)


def test_what_was_too_far_ahead_of_the_wall_clock_is_so_for_the_audit(settings: Settings) -> None:
    async def write() -> Report:
        async with Writing(settings, clock="event") as writing:
            writer = await writing.writer(1)
            a, b = customers_of(1, 2)
            ahead = balance("b1", a, "5", START_MS + 2 * DAY_MS)
            await writer.batch([ahead, balance("b2", b, "5"), balance("b3", b, "600000")], START_MS)
            await writer.batch([ahead], START_MS + 2 * DAY_MS)  # sent again when its time has come
        return await audit(settings)

    report = asyncio.run(write())
    assert (report.found, report.dead_letters, report.changes) == ([], 1, 3)


async def test_deleted_inputs_are_said(settings: Settings) -> None:
    async with Writing(settings) as writing:
        await write_three_batches(await writing.writer(3))
    admin = AIOKafkaAdminClient(**settings.client_options())
    await admin.start()
    topic = settings.input_topic("balances")
    await admin.delete_records({TopicPartition(topic, 3): RecordsToDelete(before_offset=2)})
    await admin.close()
    with pytest.raises(UsageError, match=f"{topic} partition 3 reaches back to offset 2, the work began at 0"):
        await audit(settings)


@pytest.mark.parametrize("topic", ["changes", "order", "current"])
async def test_a_foreign_transaction_counts_for_nothing_aborted_and_is_said_while_open(
    settings: Settings, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = settings.output_topic(topic)
    foreign = AIOKafkaProducer(**settings.client_options(), transactional_id=f"foreign-{settings.app_id}")
    async with Writing(settings) as writing, foreign:
        writer = await writing.writer(0)
        await foreign.begin_transaction()
        await foreign.send_and_wait(name, b"{}", key=b"x", partition=0)
        await foreign.abort_transaction()
        await writer.batch([balance("b1", customers_of(0, 1)[0], "5")])
        assert (await audit(settings)).found == []
        await foreign.begin_transaction()
        await foreign.send_and_wait(name, b"{}", key=b"x", partition=0)
        monkeypatch.setattr(tape.Tape, "_read", impatient_with(name))
        with pytest.raises(UsageError, match=f"{name} partition 0 cannot be read .* a transaction has been open"):
            await audit(settings)
        await foreign.abort_transaction()


def impatient_with(topic: str) -> Callable[[tape.Tape], Coroutine[Any, Any, None]]:
    """What a tape reads by: one of this topic waits no longer than half a second, all others as long as ever."""
    really = tape.Tape._read

    async def read(self: tape.Tape) -> None:
        with pytest.MonkeyPatch.context() as patch:
            if self.tp.topic == topic:
                patch.setattr(tape, "PATIENCE_S", 0.5)
            await really(self)

    return read


async def test_what_a_worker_writes_meanwhile_is_no_difference(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = Offsets.decided_ends
    async with Writing(settings) as writing:
        writer = await writing.writer(0)
        await write_three_batches(writer)
        newcomer, at_ms = customers_of(0, 4)[3], START_MS + 101 * DAY_MS

        async def decided_ends(self: Offsets, tps: Sequence[TopicPartition]) -> list[int]:
            """The worker goes on between the first look at the order and the first at the outputs."""
            monkeypatch.undo()
            ends = await really(self, tps)
            await writer.batch([balance("b7", newcomer, "900000", at_ms), Input("loans", b"{", b"x")], at_ms)
            return ends

        monkeypatch.setattr(Offsets, "decided_ends", decided_ends)
        report = await audit(settings)
    assert report.found == []
    assert (report.transactions, report.later_transactions) == (4, 1)
