"""Inputs that cannot be used, are large, hidden or gone: they stop nobody else, or the worker says why it stops."""

import asyncio
import json
import signal
from base64 import b64decode
from collections import Counter
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import RecordsToDelete

from streams.settings import Settings
from streams.worker.frame.transport import FETCH_MAX_WAIT_MS
from streams.worker.inbox import QUEUE_HIGH_BYTES, RECORD_BYTES
from tests.support.topic_changes import admin_of, delete_topic, limit_records
from tests.support.worker_processes import (
    PARTITIONS,
    Events,
    Workers,
    all_is_right,
    applied,
    customers_of,
    dead_letters,
    group_offsets,
    now_ms,
    owner,
    read,
    until,
)

EXIT_FAILED = 70
EXIT_NEEDS_A_PERSON = 2
LONG_MS = 600_000  # no broker aborts a transaction by itself before a test is over


async def test_what_cannot_be_used_is_a_dead_letter_and_nobody_waits(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path
) -> None:
    customers = customers_of(0, 20)
    with Workers(environment, tmp_path) as workers:
        async with Events(settings) as events:
            await workers.start().ready()
            for number, customer in enumerate(customers):
                await events.balance(customer, 600_000)
                await events.put("balances", customer, raw=b"{")
                await events.put("loans", customer, raw=b"[" * 1000)
                await events.put("transactions", customer, raw=bytes([number]) * number)
                await events.put("balances", customer, partition=(owner(customer) + 1) % PARTITIONS, **of_balance())
                await events.put("customers", customer, action="promote", at=now_ms())
            await events.settle()
            await all_is_right(settings, environment, events)
            letters = await dead_letters(settings)
    reasons = Counter(letter["reason"] for letter in letters)
    assert reasons["wrong_partition"] == 20
    assert len(letters) == 5 * 20
    assert {letter["partition"] for letter in letters if letter["reason"] == "wrong_partition"} == {1}


def of_balance(amount: str = "1.00") -> dict[str, object]:
    return {"account_id": "A", "balance": amount, "currency": "TWD", "as_of": now_ms()}


async def test_a_large_input_is_applied_or_a_dead_letter(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path
) -> None:
    customer, other = customers_of(3, 2)
    padding = "x" * ((1 << 20) - 1000)
    compressed = b"x" * 4_900_000
    producer = AIOKafkaProducer(**settings.client_options(), max_request_size=8 << 20, compression_type="gzip")
    await producer.start()
    with Workers(environment, tmp_path) as workers:
        async with Events(settings) as events:
            await workers.start().ready()
            try:
                value = {"event_id": "large", "customer_id": customer, **of_balance("600000"), "note": padding}
                topic = settings.input_topic("balances")
                await producer.send_and_wait(topic, json.dumps(value).encode(), key=customer.encode(), partition=3)
                await producer.send_and_wait(topic, padding.encode(), key=customer.encode(), partition=3)
                await producer.send_and_wait(topic, compressed, key=customer.encode(), partition=3)
            finally:
                await producer.stop()
            events.balances[customer] = 600_000
            await events.balance(other, 600_000)
            await events.settle()
            await all_is_right(settings, environment, events)
            whole, clipped = await dead_letters(settings)
            assert whole["reason"] == clipped["reason"] == "malformed"
            assert b64decode(whole["value_base64"]) == padding.encode()
            assert (clipped["value_base64"], clipped["value_bytes"]) == (None, len(compressed))
            assert b64decode(clipped["value_first_base64"]) == compressed[:1024]
            assert clipped["value_sha256"] == f"sha256:{sha256(compressed).hexdigest()}"


async def test_a_transaction_moves_the_offsets_of_all_topics(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path
) -> None:
    [customer] = customers_of(2, 1)
    with Workers(environment, tmp_path) as workers:
        async with Events(settings) as events:
            await events.balance(customer, 600_000)
            await events.purchase(customer, 1)
            await events.put("credit", customer, standing="good", as_of=now_ms())
            loan = {"loan_id": "L1", "amount": "10", "currency": "TWD", "applied_at": now_ms()}
            await events.put("loans", customer, **loan)
            await events.action(customer, "opt_out")
            await events.settle()
            await workers.start().ready()
            await all_is_right(settings, environment, events)
            offsets = await group_offsets(settings)
            assert [offsets[TopicPartition(topic, 2)] for topic in settings.input_topics()] == [1] * 5


async def test_producers_with_transactions_are_read_as_they_commit(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path
) -> None:
    """Aborted events never count, open ones wait, and markers alone hold nobody back; on the event clock, too."""
    customer, other = customers_of(1, 2)
    topic = settings.input_topic("balances")
    options = {"transactional_id": f"core-{settings.app_id}", "transaction_timeout_ms": LONG_MS}
    producer = AIOKafkaProducer(**settings.client_options(), **options)
    await producer.start()
    with Workers({**environment, "TIERFLOW_CLOCK": "event"}, tmp_path) as workers:
        async with Events(settings) as events:
            worker = workers.start()
            await worker.ready()
            for amount, keep in (("5000000", False), ("600000", True), ("1", False)):
                value = {"event_id": f"core-{amount}", "customer_id": customer, **of_balance(amount)}
                await producer.begin_transaction()
                await producer.send_and_wait(topic, json.dumps(value).encode(), key=customer.encode(), partition=1)
                await (producer.commit_transaction() if keep else producer.abort_transaction())
            await read(settings, topic)  # returns when the last marker is there; no batch would be made for it alone
            events.balances[customer] = 600_000
            await events.purchase(other, 10)
            await events.settle()
            await all_is_right(settings, environment, events)

            await producer.begin_transaction()
            value = {"event_id": "core-open", "customer_id": customer, **of_balance("5000000")}
            await producer.send_and_wait(topic, json.dumps(value).encode(), key=customer.encode(), partition=1)
            await events.purchase(other, 10)
            await events.settle()
            await applied(settings)  # up to what is decided
            await producer.commit_transaction()
            await read(settings, topic)  # returns when the marker is there: what is decided now includes the record
            events.balances[customer] = 5_000_000
            await events.purchase(other, 10)
            await events.settle()
            await all_is_right(settings, {**environment, "TIERFLOW_CLOCK": "event"}, events)
    await producer.stop()


async def test_a_long_backlog_of_one_topic_is_held_back_and_worked_to_its_end(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path
) -> None:
    customers = customers_of(0, 50)
    with Workers(environment, tmp_path) as workers:
        async with Events(settings) as events:
            await events.backlog([(customers[n % 50], 100 + n) for n in range(12 * QUEUE_HIGH_BYTES // RECORD_BYTES)])
            worker = workers.start()
            await worker.ready()
            await all_is_right(settings, environment, events)
            assert not worker.says("(gap|lost|stalled)")


async def test_records_deleted_before_they_were_worked_stop_the_worker_with_a_word(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path
) -> None:
    [customer] = customers_of(2, 1)
    topic = settings.input_topic("balances")
    with Workers(environment, tmp_path) as workers:
        async with Events(settings) as events:
            worker = workers.start()
            await events.balance(customer, 1)
            await events.settle()
            await applied(settings)
            assert await worker.stop() == 0
            await events.balance(customer, 2)
            await events.balance(customer, 3)
            await events.settle()
            await delete_before(settings, TopicPartition(topic, 2), 2)
            worker.start_again()
            assert await worker.ended() == EXIT_FAILED
            assert worker.says(rf"({topic}) partition 2: the state stands at offset 1, the topic holds 2 to 3")


async def test_records_deleted_under_a_worker_that_lags_are_not_passed_over(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path
) -> None:
    [customer] = customers_of(2, 1)
    topic = settings.input_topic("balances")
    with Workers(environment, tmp_path) as workers:
        async with Events(settings) as events:
            worker = workers.start()
            await events.balance(customer, 1)
            await events.settle()
            await applied(settings)
            worker.signal(signal.SIGSTOP)
            await asyncio.sleep(20 * FETCH_MAX_WAIT_MS / 1000)  # the fetch that waits at the broker comes back empty
            await events.backlog([(customer, 2), (customer, 3)])
            await delete_before(settings, TopicPartition(topic, 2), 3)
            worker.signal(signal.SIGCONT)
            assert await worker.ended() == EXIT_FAILED
            # The group may have given up the worker, which was stopped, for long enough to be let in again.
            gone = (
                "an input cannot be read on, its records are gone|the state stands at offset 1, the topic holds 3 to 3"
            )
            assert worker.says(f"({gone})"), worker.tail()


async def delete_before(settings: Settings, tp: TopicPartition, offset: int) -> None:
    async with admin_of(settings) as admin:
        await admin.delete_records({tp: RecordsToDelete(before_offset=offset)})


async def test_a_lost_changelog_stops_the_worker_with_a_word(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path
) -> None:
    [customer] = customers_of(2, 1)
    with Workers(environment, tmp_path) as workers:
        async with Events(settings) as events:
            worker = workers.start()
            await events.balance(customer, 1)
            await events.settle()
            await applied(settings)
            assert await worker.stop() == 0
            await delete_topic(settings, settings.changelog_topic)
            worker.start_again()
            assert await worker.ended() == EXIT_FAILED
            assert worker.says("(the group has offsets but the changelog is empty)")


async def test_a_record_of_another_version_stops_the_worker_with_a_word(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path
) -> None:
    [customer] = customers_of(2, 1)
    with Workers(environment, tmp_path) as workers:
        async with Events(settings) as events:
            worker = workers.start()
            await events.balance(customer, 1)
            await events.settle()
            await applied(settings)
            assert await worker.stop() == 0
            await events.put_changelog(2, customer.encode(), b"\x63of the future")
            worker.start_again()
            assert await worker.ended() == EXIT_FAILED
            assert worker.says("(a changelog record has version 99, this worker reads versions 1 to 2)")


async def test_time_alone_decides_within_a_second_of_its_due_time(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path
) -> None:
    [customer] = customers_of(2, 1)
    with Workers(environment, tmp_path) as workers:
        async with Events(settings) as events:
            await workers.start().ready()
            await events.balance(customer, 100)
            await events.settle()
            await applied(settings)
            # A busy machine may be late, but not each time.
            for pinned_s in (3, 6, 12, 24):
                if await late_ms(settings, events, customer, pinned_s) < 1_000:
                    break
            else:
                pytest.fail("the end of a pin was never decided within a second")
            await all_is_right(settings, environment, events)


async def late_ms(settings: Settings, events: Events, customer: str, pinned_s: int) -> int:
    """Pins the customer for so long; how many ms after its end that was decided."""
    changes = settings.output_topic("changes")
    before = len(await read(settings, changes))
    until_ms = now_ms() + 1_000 * pinned_s
    await events.action(customer, "pin", tier="high", until=until_ms, reason="promise", by="desk")
    await events.settle()

    async def pinned_and_unpinned() -> bool:
        return len(await read(settings, changes)) >= before + 2

    await until(pinned_and_unpinned, 15 + pinned_s, "the pin has ended")
    pinned, unpinned = (await read(settings, changes))[-2:]
    change = json.loads(unpinned.value)
    assert (json.loads(pinned.value)["reason"], change["reason"]) == ("pin_set", "pin_ended")
    assert (change["tier"], change["cause"]) == ("low", None)
    assert change["decided_at"].encode() == dict(unpinned.headers)["ce_time"]
    assert unpinned.timestamp >= until_ms
    return int(unpinned.timestamp) - until_ms


async def test_a_batch_that_unpacks_to_more_than_the_limit_is_told_and_takes_bounded_memory(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path
) -> None:
    """150 MB of spaces, in a few kilobytes of zstd."""
    customer, other = customers_of(3, 2)
    options: dict[str, Any] = {"compression_type": "zstd", "max_request_size": 256 << 20}
    producer = AIOKafkaProducer(**settings.client_options(), **options)
    await producer.start()
    with Workers(environment, tmp_path) as workers:
        async with Events(settings) as events:
            worker = workers.start()
            await worker.ready()
            try:
                topic = settings.input_topic("balances")
                await producer.send_and_wait(topic, b" " * 150_000_000, key=customer.encode(), partition=3)
            finally:
                await producer.stop()
            await events.balance(customer, 600_000)
            await events.balance(other, 600_000)
            await events.settle()
            await all_is_right(settings, environment, events)
            [letter] = await dead_letters(settings)
            assert (letter["reason"], letter["offset"], letter["value_bytes"]) == ("too_large", 0, 150_000_000)
            assert letter["value_sha256"] == f"sha256:{sha256(b' ' * 150_000_000).hexdigest()}"
            assert b64decode(letter["value_first_base64"]) == b" " * 1_024
            assert peak_mib(worker.process.pid) < 500


def peak_mib(pid: int) -> int:
    """The most memory that a process has had."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) >> 10


async def test_what_a_topic_will_never_take_ends_the_worker_at_once_with_a_sentence(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path
) -> None:
    """The limit on dead letters is lowered under a running worker."""
    [customer] = customers_of(3, 1)
    letters = settings.output_topic("dead-letters")
    with Workers(environment, tmp_path) as workers:
        async with Events(settings) as events:
            worker = workers.start()
            await worker.ready()
            await limit_records(settings, letters, 20_000)
            await events.put("balances", customer, raw=b"x" * 200_000)
            await events.settle()
            assert await worker.ended() == EXIT_NEEDS_A_PERSON
            assert worker.says(
                rf"({letters} partition 3 refuses a record, 26\d,\d+ bytes \(MessageSizeTooLargeError\); sent again it "
                r"would be refused again: raise max.message.bytes of .*, which is 20,000)"
            )
            assert not worker.says("(taking over again)")

            worker.start_again()
            assert await worker.ended() == EXIT_NEEDS_A_PERSON
            assert worker.says(rf"({letters} has max.message.bytes=20000 .*, it must be at least 1000000)")

            await limit_records(settings, letters, 1_048_588)
            worker.start_again()
            await worker.ready()
            await events.balance(customer, 600_000)
            await events.settle()
            await all_is_right(settings, environment, events)
            assert [letter["reason"] for letter in await dead_letters(settings)] == ["malformed"]
