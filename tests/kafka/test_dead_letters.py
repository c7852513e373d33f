"""Dead letters listed and sent again: written by a Partition and its Transactions, on the real broker."""

import asyncio
import json
import os
import pty
import subprocess
import sys
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from typer.testing import CliRunner, Result

from streams.cli.commands import app
from streams.contracts.letters import base64_or_none
from streams.contracts.log import encode_json
from streams.contracts.outputs import DeadLetterMessage
from streams.errors import AwayError, UsageError
from streams.kafka.dead_letters import Choice, Letter, Original, extent, read_letters, replayed_letters
from streams.kafka.local import free_port
from streams.kafka.originals import with_original
from streams.kafka.partitioner import partition_of
from streams.kafka.redelivery import Redelivered, send_again
from streams.partition.customers import Customers
from streams.settings import Settings
from streams.stages.customers import partition_setup
from streams.values.events import BALANCES, CREDIT, CUSTOMERS, TOPICS, TRANSACTIONS
from tests.support.batches import (
    ASSETS_ONLY,
    AT_MS,
    CUSTOMER,
    NUMBER,
    OTHER,
    PARTITIONS,
    Line,
    all_ended,
    line,
    put,
    started,
)
from tests.support.patience import stretched

COMMAND = Path(sys.executable).with_name("tierflow")
ELSEWHERE = next(
    name
    for name in map("E{:04}".format, range(100))
    if partition_of(name.encode(), PARTITIONS, "murmur2") != NUMBER
)  # fmt: skip
RATELESS = json.dumps({**json.loads(line(0).value or b""), "currency": "XXX"}).encode()


class Input(NamedTuple):
    topic: int
    key: bytes | None
    value: bytes | None


GOOD = Input(BALANCES, *line(0)[1:3])
BROKEN = Input(TRANSACTIONS, CUSTOMER.encode(), b"\xff{not JSON")
KEYLESS = Input(CREDIT, None, b"{}")
TOMBSTONE = Input(BALANCES, CUSTOMER.encode(), None)
UNKNOWN_CURRENCY = Input(BALANCES, CUSTOMER.encode(), RATELESS)
MISPLACED = Input(BALANCES, ELSEWHERE.encode(), line(0, ELSEWHERE).value)


async def _work(settings: Settings, inputs: Sequence[Input]) -> None:
    partition = Customers(partition_setup(settings, ASSETS_ONLY, NUMBER, PARTITIONS))
    lines: list[list[Line]] = [[] for _ in TOPICS]
    for topic, key, value in inputs:
        await put(settings, settings.input_topics()[topic], [(key, value)])  # type: ignore[list-item]
        lines[topic].append(Line(len(lines[topic]), key, value))
    entries = [entry for topic, found in enumerate(lines) for entry in partition.decode(topic, found)]
    async with started(settings) as transactions:
        await transactions.commit(partition.work(entries, [len(found) for found in lines], AT_MS))
        await all_ended(settings, map(settings.output_topic, ("dead-letters", "erasures")))


def work(settings: Settings, *inputs: Input) -> None:
    """The inputs on the topics of the partition, and what a worker makes of them."""
    asyncio.run(_work(settings, inputs))


def forge(settings: Settings, topic: str, value: bytes) -> None:
    """A letter that no worker of these settings wrote."""
    letter = DeadLetterMessage(
        topic=topic, partition=0, offset=0, key_base64=None, value_base64=base64_or_none(value), reason="malformed",
        detail="", at="",
    )  # fmt: skip

    async def send() -> None:
        async with AIOKafkaProducer(**settings.client_options(), max_request_size=4 << 20) as producer:
            await producer.send_and_wait(settings.output_topic("dead-letters"), encode_json(letter), partition=NUMBER)

    asyncio.run(send())


async def _records(settings: Settings, topics: Sequence[str], partitions: int) -> list[ConsumerRecord]:
    tps = [TopicPartition(topic, number) for topic in topics for number in range(partitions)]
    await all_ended(settings, topics, partitions)
    async with AIOKafkaConsumer(**settings.client_options(), isolation_level="read_committed") as consumer:
        consumer.assign(tps)
        ends = await consumer.end_offsets(tps)
        for tp in tps:
            consumer.seek(tp, 0)
        found: list[ConsumerRecord] = []
        while any([await consumer.position(tp) < ends[tp] for tp in tps]):
            for records in (await consumer.getmany(timeout_ms=100)).values():
                found += records
    return found


def inputs_of(settings: Settings) -> list[tuple[str, int, bytes | None, bytes | None]]:
    records = asyncio.run(asyncio.wait_for(_records(settings, settings.input_topics(), PARTITIONS), stretched(30)))
    return [(r.topic.removeprefix(settings.input_prefix), r.partition, r.key, r.value) for r in records]


def sent_again(settings: Settings, *inputs: Input) -> list[tuple[str, int, bytes | None, bytes | None]]:
    """What is on the input topics beyond the inputs that were worked at first."""
    found = inputs_of(settings)
    for topic, key, value in inputs:
        found.remove((TOPICS[topic], NUMBER, key, value))
    return sorted(found, key=repr)


def run(environment: dict[str, str], *arguments: str) -> Result:
    return CliRunner().invoke(app, ["dead-letters", *arguments], env=environment)


def listed(environment: dict[str, str], *options: str) -> tuple[list[dict[str, Any]], str]:
    result = run(environment, "list", "--json", *options)
    assert result.exit_code == 0, result.output
    return [json.loads(written) for written in result.stdout.splitlines()], result.stderr


# --- list ---


def test_the_table_says_what_is_wrong_with_which_input(settings: Settings, environment: dict[str, str]) -> None:
    work(settings, GOOD, BROKEN, KEYLESS, UNKNOWN_CURRENCY)
    result = run(environment, "list")
    assert result.exit_code == 0, result.output
    heading, _, *rows, summary = [row for row in result.stdout.splitlines() if row.strip()]
    assert heading.split() == ["at", "topic", "partition", "offset", "reason", "key", "detail", "again"]
    assert [row.split()[2:7] for row in rows] == [
        [f"{settings.input_prefix}balances", "1", "1", "unknown_currency", CUSTOMER],
        [f"{settings.input_prefix}transactions", "1", "0", "malformed", CUSTOMER],
        [f"{settings.input_prefix}credit", "1", "0", "invalid_field", "none"],
    ]
    assert summary == "3 dead letters: unknown_currency 1, malformed 1, invalid_field 1"


@pytest.mark.parametrize(("key", "shown"), [(b"C\x1b[31m", r" C\u001b[31m "), (b"\xff\x00", " 0xff00 ")])
def test_a_terminal_is_shown_no_key_that_it_would_obey(
    settings: Settings, environment: dict[str, str], key: bytes, shown: str
) -> None:
    work(settings, Input(TRANSACTIONS, key, b"{"))
    assert shown in run(environment, "list").stdout


def test_json_lines_are_the_letters_as_they_are(settings: Settings, environment: dict[str, str]) -> None:
    work(settings, BROKEN, KEYLESS, TOMBSTONE, UNKNOWN_CURRENCY)
    letters, told = listed(environment)
    records = asyncio.run(_records(settings, [settings.output_topic("dead-letters")], PARTITIONS))
    assert letters == [json.loads(record.value) for record in records]
    assert told == "4 dead letters: malformed 2, unknown_currency 1, invalid_field 1\n"


def test_a_reason_and_a_limit_choose_the_newest_of_one_kind(settings: Settings, environment: dict[str, str]) -> None:
    work(settings, KEYLESS, *[BROKEN] * 5, UNKNOWN_CURRENCY)
    letters, told = listed(environment, "--reason", "malformed", "--limit", "2")
    assert [(letter["reason"], letter["offset"]) for letter in letters] == [("malformed", 3), ("malformed", 4)]
    assert told == "5 dead letters: malformed 5\n"
    assert "the newest 1 of 7; --limit shows more" in run(environment, "list", "--limit", "1").stdout


def test_without_letters_there_is_nothing_to_show_or_send(settings: Settings, environment: dict[str, str]) -> None:
    assert settings.app_id
    assert run(environment, "list").stdout == "0 dead letters\n"
    assert run(environment, "replay").stdout == "nothing to send again\n"


# --- replay ---


def test_the_very_bytes_go_where_the_partitioner_puts_the_key(settings: Settings, environment: dict[str, str]) -> None:
    worked = [GOOD, BROKEN, KEYLESS, TOMBSTONE, MISPLACED]
    work(settings, *worked)
    result = run(environment, "replay")
    assert result.exit_code == 0, result.output
    assert result.stdout.endswith("sent 4 dead letters again\n")
    assert sent_again(settings, *worked) == sorted(
        [
            ("transactions", NUMBER, *BROKEN[1:]),
            ("credit", NUMBER, *KEYLESS[1:]),
            ("balances", NUMBER, *TOMBSTONE[1:]),
            ("balances", partition_of(ELSEWHERE.encode(), PARTITIONS, "murmur2"), *MISPLACED[1:]),
        ],
        key=repr,
    )


def test_without_a_partitioner_they_go_where_they_were(settings: Settings, environment: dict[str, str]) -> None:
    work(settings, MISPLACED)
    run(environment | {"TIERFLOW_PARTITIONER": "none"}, "replay")
    assert sent_again(settings, MISPLACED) == [("balances", NUMBER, *MISPLACED[1:])]


def test_a_letter_is_sent_once_and_marked_with_where_it_went(settings: Settings, environment: dict[str, str]) -> None:
    work(settings, BROKEN, UNKNOWN_CURRENCY)
    first = run(environment, "replay", "--reason", "unknown_currency")
    assert first.stdout == (
        f"1 dead letter to send again: unknown_currency 1, to {settings.input_topic('balances')} 1\n"
        "sent 1 dead letter again\n"
    )
    assert "1 dead letter sent again before\n" in run(environment, "replay").stdout
    assert run(environment, "replay").stdout == "nothing to send again; 2 dead letters sent again before\n"
    assert len(sent_again(settings, BROKEN, UNKNOWN_CURRENCY)) == 2
    marks = asyncio.run(_records(settings, [settings.output_topic("dead-letters-replayed")], 1))
    assert [(mark.key, json.loads(mark.value)) for mark in marks] == [
        (
            f"{NUMBER}:{letter}".encode(),
            {
                "letter_partition": NUMBER,
                "letter_offset": letter,
                "topic": settings.input_topic(topic),
                "partition": NUMBER,
                "offset": 1,
            },
        )
        for letter, topic in ((0, "balances"), (1, "transactions"))
    ]
    assert listed(environment)[1] == "2 dead letters: unknown_currency 1, malformed 1; 2 of them sent again\n"


def test_what_still_cannot_be_used_comes_back_as_a_new_letter_to_send(
    settings: Settings, environment: dict[str, str]
) -> None:
    work(settings, BROKEN)
    run(environment, "replay")
    forge(settings, settings.input_topic("transactions"), b"{")
    assert run(environment, "replay").stdout.endswith("sent 1 dead letter again\n")


@pytest.mark.parametrize(
    ("options", "topics"),
    [
        (["--topic", "{balances}"], ["balances", "balances"]),
        (["--topic", "{balances}", "--partition", "1", "--offset", "1"], ["balances"]),
        (["--topic", "{balances}", "--partition", "0"], []),
        (["--reason", "malformed"], ["balances", "transactions"]),
        (["--reason", "malformed", "--topic", "{balances}"], ["balances"]),
        (["--reason", "nothing"], []),
        (["--dry-run"], []),
    ],
)
def test_only_what_is_chosen_is_sent(
    settings: Settings, environment: dict[str, str], options: list[str], topics: list[str]
) -> None:
    worked = [BROKEN, TOMBSTONE, UNKNOWN_CURRENCY, KEYLESS]
    work(settings, *worked)
    options = [option.format(balances=settings.input_topic("balances")) for option in options]
    assert run(environment, "replay", *options).exit_code == 0
    assert [topic for topic, *_ in sent_again(settings, *worked)] == topics


def test_a_dry_run_says_what_would_go_where(settings: Settings, environment: dict[str, str]) -> None:
    work(settings, BROKEN, TOMBSTONE, UNKNOWN_CURRENCY)
    balances, transactions = settings.input_topic("balances"), settings.input_topic("transactions")
    assert run(environment, "replay", "--dry-run").stdout == (
        "3 dead letters to send again: malformed 2, unknown_currency 1, "
        f"to {balances} 2, {transactions} 1\n"
    )  # fmt: skip


def test_on_a_terminal_it_asks_before_it_sends_more_than_one(settings: Settings, environment: dict[str, str]) -> None:
    work(settings, BROKEN, TOMBSTONE)
    ours, theirs = pty.openpty()
    try:
        os.write(ours, b"n\n")
        command = [COMMAND, "dead-letters", "replay"]
        done = subprocess.run(command, env=environment, stdin=theirs, capture_output=True, text=True, check=False)
    finally:
        os.close(ours)
        os.close(theirs)
    assert done.returncode == 1, done.stderr
    assert "Send 2 dead letters again? [y/N]" in done.stdout
    assert sent_again(settings, BROKEN, TOMBSTONE) == []


def test_two_at_once_send_no_letter_twice(settings: Settings) -> None:
    work(settings, *[BROKEN] * 20)

    async def both() -> list[Redelivered | BaseException]:
        within = await extent(settings)
        replays = (send_again(settings, within, Choice()) for _ in range(2))
        return await asyncio.gather(*replays, return_exceptions=True)

    outcomes = asyncio.run(both())
    assert all(isinstance(outcome, Redelivered | UsageError) for outcome in outcomes), outcomes
    assert len(sent_again(settings, *[BROKEN] * 20)) == 20


def test_what_is_no_rate_is_not_sent_again(settings: Settings, environment: dict[str, str]) -> None:
    work(settings, UNKNOWN_CURRENCY)
    forge(settings, settings.input_topic("rates"), b"{}")
    assert run(environment, "replay", "--yes").exit_code == 0
    assert sent_again(settings, UNKNOWN_CURRENCY) == [("balances", NUMBER, *UNKNOWN_CURRENCY[1:])]


def test_letters_go_in_transactions_of_a_bounded_size(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.kafka.redelivery.LETTERS_LIMIT", 3)
    inputs = [Input(TRANSACTIONS, CUSTOMER.encode(), b"%d" % number) for number in range(8)]
    work(settings, *inputs)

    async def send() -> int:
        return (await send_again(settings, await extent(settings), Choice())).sent

    assert asyncio.run(send()) == 8
    assert [value for *_, value in inputs_of(settings)] == [value for *_, value in inputs] * 2


# --- customers who were erased since ---


def erase(at_ms: int) -> Input:
    value = {"event_id": f"e{at_ms}", "customer_id": CUSTOMER, "action": "erase", "at": at_ms}
    return Input(CUSTOMERS, CUSTOMER.encode(), json.dumps(value).encode())


def rateless(as_of: int, customer: str = CUSTOMER) -> Input:
    value = json.loads(RATELESS) | {"event_id": f"r{as_of}", "customer_id": customer, "as_of": as_of}
    return Input(BALANCES, customer.encode(), json.dumps(value).encode())


def test_the_erased_are_not_brought_back(settings: Settings, environment: dict[str, str]) -> None:
    others, newer = rateless(AT_MS, OTHER), rateless(AT_MS + 6)
    worked = [BROKEN, UNKNOWN_CURRENCY, rateless(AT_MS + 5), newer, others]
    work(settings, *worked)
    work(settings, erase(AT_MS + 5))
    left_out = "; 3 dead letters left out: of customers who were erased since"
    assert run(environment, "replay", "--dry-run").stdout.endswith(f"{settings.input_topic('balances')} 2{left_out}\n")
    assert run(environment, "replay").stdout.endswith(f"sent 2 dead letters again{left_out}\n")
    assert sent_again(settings, *worked, erase(AT_MS + 5)) == sorted(
        [("balances", NUMBER, *newer[1:]), ("balances", NUMBER, *others[1:])], key=repr
    )


def test_letters_of_the_erased_are_shown_blank(settings: Settings, environment: dict[str, str]) -> None:
    work(settings, BROKEN, UNKNOWN_CURRENCY, rateless(AT_MS, OTHER))
    work(settings, erase(AT_MS + 5))
    letters, told = listed(environment)
    shown = {(letter["reason"], letter["key_base64"]): (letter["detail"], letter["value_base64"]) for letter in letters}
    theirs = shown.pop(("unknown_currency", base64_or_none(OTHER.encode())))
    assert theirs[1] == base64_or_none(rateless(AT_MS, OTHER).value)
    blank = ("the customer was erased", None)
    assert shown == {("malformed", None): blank, ("unknown_currency", None): blank}
    assert told == "3 dead letters: unknown_currency 2, malformed 1; 2 of customers who were erased since\n"


def test_a_late_erase_lets_an_input_be_sent_again_that_was_too_large_for_its_letter_and_is_newer(
    settings: Settings,
) -> None:
    """Its letter does not hold its own time: the input itself says it."""
    large = [
        rateless(at_ms)._replace(value=(rateless(at_ms).value or b"") + b" " * 800_000) for at_ms in (AT_MS, AT_MS + 9)
    ]
    work(settings, *large)
    work(settings, erase(AT_MS + 5))

    async def send() -> Redelivered:
        return await send_again(settings, await extent(settings), Choice())

    assert asyncio.run(send()) == Redelivered(sent=1, gone=0, erased=1)
    assert sent_again(settings, *large, erase(AT_MS + 5)) == [("balances", NUMBER, *large[1][1:])]


# --- what is refused ---


def test_what_kafka_refuses_is_neither_sent_nor_marked(settings: Settings) -> None:
    work(settings, BROKEN)
    forge(settings, settings.input_topic("transactions"), os.urandom(2 << 20))

    async def send() -> None:
        await send_again(settings, await extent(settings), Choice())

    says = r"^Kafka took 0 letters, not what came next: .*transactions partition 0 refuses a record, 2,097,152 bytes .*"
    with pytest.raises(UsageError, match=says + "raise max.message.bytes of .*, which is 1,048,588"):
        asyncio.run(send())
    assert sent_again(settings, BROKEN) == []
    assert asyncio.run(replayed_letters(settings)) == set()


def test_a_letter_of_another_topic_is_refused_before_anything_is_sent(
    settings: Settings, environment: dict[str, str]
) -> None:
    work(settings, BROKEN)
    forge(settings, "other.transactions", b"{}")
    refused = run(environment, "replay")
    assert isinstance(refused.exception, UsageError)
    assert "has letters of other.transactions, which is no input topic of these settings" in str(refused.exception)
    assert sent_again(settings, BROKEN) == []


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--topic", "balances"], "--topic is 'balances'; write "),
        (["--offset", "3"], "--offset alone names no input; write --topic and --partition too"),
    ],
)
def test_a_choice_that_names_nothing_is_refused(
    environment: dict[str, str], options: list[str], complaint: str
) -> None:
    refused = run(environment, "replay", *options)
    assert isinstance(refused.exception, UsageError)
    assert str(refused.exception).startswith(complaint)


def test_missing_topics_are_said(settings: Settings) -> None:
    missing = replace(settings, output_prefix="nothing.")
    with pytest.raises(UsageError, match=r"^there is no topic nothing\.dead-letters; make the topics with: tierflow"):
        asyncio.run(extent(missing))


# --- what was too large for its letter ---

LARGE = Input(TRANSACTIONS, CUSTOMER.encode(), b"{" + b"x" * 900_000)


def test_what_was_too_large_for_its_letter_is_told_and_is_sent_again_from_its_topic(
    settings: Settings, environment: dict[str, str]
) -> None:
    work(settings, LARGE, BROKEN)
    [large, small], _ = listed(environment)
    assert large["value_base64"] is None
    assert (large["value_bytes"], small.get("value_bytes")) == (900_001, None)
    assert "(too large for a letter, 900,001 bytes)" in run(environment, "list").stdout
    assert run(environment, "replay").stdout.endswith("sent 2 dead letters again\n")
    assert {value for *_, value in sent_again(settings, LARGE, BROKEN)} == {LARGE.value, BROKEN.value}


def test_what_was_too_large_and_is_gone_is_said(settings: Settings, environment: dict[str, str]) -> None:
    work(settings, LARGE, BROKEN)
    asyncio.run(delete_before(settings, settings.input_topics()[TRANSACTIONS], 1))
    result = run(environment, "replay")
    assert "sent 1 dead letter again" in result.stdout
    assert isinstance(result.exception, UsageError)
    assert str(result.exception).startswith("1 dead letter cannot be sent: the inputs are too large to be in their")


def test_what_is_gone_is_told_from_a_kafka_that_does_not_answer(settings: Settings) -> None:
    work(settings, LARGE)
    letter = asyncio.run(first_letter(settings))
    assert asyncio.run(with_original(settings, letter)) == letter._replace(original=Original(LARGE.key, LARGE.value))
    for place in ({"offset": 1}, {"partition": PARTITIONS}):  # as after the topic was made anew
        there_no_more = letter._replace(message=msgspec.structs.replace(letter.message, **place))
        assert asyncio.run(with_original(settings, there_no_more)) is None
    away = replace(settings, bootstrap_servers=f"127.0.0.1:{free_port()}")
    with pytest.raises(AwayError, match="no Kafka answers at "):
        asyncio.run(with_original(away, letter))


async def first_letter(settings: Settings) -> Letter:
    async with aclosing(read_letters(settings, await extent(settings))) as letters:
        return await anext(letters)


async def delete_before(settings: Settings, topic: str, offset: int) -> None:
    admin = AIOKafkaAdminClient(**settings.client_options())
    await admin.start()
    try:
        await admin.delete_records({TopicPartition(topic, NUMBER): RecordsToDelete(before_offset=offset)})
    finally:
        await admin.close()
