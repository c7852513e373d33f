"""Partitions change hands while events flow: nothing is lost, nothing is done twice."""

import asyncio
import signal
from collections.abc import Mapping
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from streams.kafka.topic_specs import topic_specs
from streams.settings import Settings
from tests.support.event_flow import CUSTOMERS, flowing
from tests.support.worker_processes import (
    Events,
    Workers,
    all_is_right,
    applied,
    customers_of,
    ends,
    group_offsets,
    read,
    until,
)


async def test_a_worker_that_was_stopped_past_its_session_writes_nothing_that_is_seen(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path
) -> None:
    with Workers(environment, tmp_path) as workers:
        async with Events(settings) as events:
            zombie, heir = workers.start("w1"), workers.start("w2")
            await asyncio.gather(zombie.ready(), heir.ready())
            await until(lambda: len(zombie.holds or ()) == len(heir.holds or ()) == 2, 30, "two partitions each")
            async with flowing(events):
                await asyncio.sleep(0.5)
                zombie.signal(signal.SIGSTOP)
                await until(lambda: heir.holds == {0, 1, 2, 3}, 30, "the heir has all partitions")
                await asyncio.sleep(1.0)
                zombie.signal(signal.SIGCONT)
                await until(lambda: heir.holds != {0, 1, 2, 3}, 30, "partitions are given back")
                await asyncio.sleep(0.5)
            assert await heir.stop() == 0
            await all_is_right(settings, environment, events)
            assert await zombie.stop() == 0


async def test_workers_join_and_leave_while_events_flow(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path
) -> None:
    with Workers(environment, tmp_path) as workers:
        async with Events(settings) as events:
            # The first assignment is taken away before anything was committed.
            early, late = workers.start("w1"), workers.start("w2")
            async with flowing(events):
                await asyncio.gather(early.ready(), late.ready())
                third = workers.start("w3")
                await third.ready()
                await asyncio.sleep(0.5)
                assert await early.stop() == 0
                await until(lambda: (third.holds or set()) | (late.holds or set()) == {0, 1, 2, 3}, 30, "all are held")
                assert await third.stop() == 0
            await until(lambda: late.holds == {0, 1, 2, 3}, 30, "the last one has all partitions")
            await all_is_right(settings, environment, events)
            assert await late.stop() == 0


# A worker whose transactions the broker does not abort before a test is over.
PATIENT = """
import sys
from streams.cli.main import run
from streams.kafka import lost_ends
lost_ends.WORKS_MS = 600_001
sys.argv = ["tierflow", "worker"]
run()
"""


async def test_sigterm_in_the_middle_leaves_no_open_transaction(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path
) -> None:
    specs = topic_specs(settings)[len(settings.input_topics()) :]
    outputs = [spec.name for spec in specs if not spec.single_partition]
    with Workers(environment, tmp_path) as workers:
        async with Events(settings) as events:
            worker = workers.start(code=PATIENT)
            await worker.ready()
            async with flowing(events):
                await until(lambda: group_offsets(settings), 20, "something is committed")
                assert await worker.stop() == 0

                async def none_is_open() -> bool:
                    return await ends(settings, outputs) == await ends(settings, outputs, "read_uncommitted")

                await until(none_is_open, 5, "no transaction is open")
            worker.start_again()
            await worker.ready()
            await all_is_right(settings, environment, events)


@pytest.mark.soak
async def test_a_partition_fenced_in_a_long_backlog_reads_again_from_where_it_was(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path
) -> None:
    """Somebody starts a producer under the worker's id; what was fetched ahead is to be fetched again."""
    customers = customers_of(0, 200)
    with Workers(environment, tmp_path) as workers:
        async with Events(settings) as events:
            await events.backlog([(customers[n % 200], 100 + 500_000 * (n // 200 % 2)) for n in range(60_000)])
            worker = workers.start()
            await until(lambda: group_offsets(settings), 30, "something is committed")
            await fence(settings, f"{settings.app_id}-0-a")
            await until(lambda: worker.says("(taking) over again"), 20, "the worker noticed")
            await all_is_right(settings, environment, events)
            assert worker.process.poll() is None


async def fence(settings: Settings, transactional_id: str) -> None:
    producer = AIOKafkaProducer(**settings.client_options(), transactional_id=transactional_id)
    await producer.start()
    await producer.stop()


async def test_a_foreign_transaction_on_the_changelog_delays_a_take_over_only(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path
) -> None:
    with Workers(environment, tmp_path) as workers:
        async with Events(settings) as events:
            # The broker must not abort it by itself before the worker has come so far.
            options = {"transactional_id": f"foreign-{settings.app_id}", "transaction_timeout_ms": 600_000}
            producer = AIOKafkaProducer(**settings.client_options(), **options)
            await producer.start()
            try:
                await producer.begin_transaction()
                await producer.send_and_wait(settings.changelog_topic, b"x", key=b"x", partition=2)
                for customer in CUSTOMERS[:50]:
                    await events.balance(customer, 600_000)
                await events.settle()
                worker = workers.start()
                await until(lambda: len(worker.says(r"(partition) \d+ taken over")) == 3, 30, "the others")
                assert worker.holds is None
                await producer.abort_transaction()
            finally:
                await producer.stop()
            await worker.ready()
            await all_is_right(settings, environment, events)


@pytest.mark.soak
async def test_an_erased_customer_stays_erased_whoever_takes_over(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path
) -> None:
    customer, other = customers_of(1, 2)
    with Workers(environment, tmp_path) as workers:
        async with Events(settings) as events:
            worker = workers.start()
            await events.balance(customer, 600_000)
            await events.balance(other, 600_000)
            await events.settle()
            await applied(settings)
            await events.action(customer, "erase", event_id="erase-1")
            await events.settle()
            await applied(settings)
            assert await worker.stop() == 0
            worker.start_again()
            # The request again: what came after it stays.
            await events.action(customer, "erase", event_id="erase-1")
            await events.settle()
            await applied(settings)
            assert await worker.stop() == 0
            worker.start_again()
            await events.balance(customer, 100)
            await events.settle()
            changes = await all_is_right(settings, environment, events)
            newest = changes.by_customer[customer][-1]
            assert (newest["sequence"], newest["tier"]) == (2, "low")
            await events.action(customer, "erase", event_id="erase-1")
            await events.settle()
            await all_is_right(settings, environment, events)
            told = await read(settings, settings.output_topic("erasures"))
            assert [record.key.decode() for record in told] == [customer]  # once, whoever heard of it again
