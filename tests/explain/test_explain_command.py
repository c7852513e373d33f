"""`tierflow explain` as it is called: on files of events, and on the log that workers wrote."""

import asyncio
import json
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
from aiokafka import AIOKafkaProducer
from typer.testing import CliRunner, Result

from streams.cli.commands import app
from streams.errors import UsageError
from streams.kafka.partitioner import partition_of
from streams.kafka.policies import publish_policy
from streams.partition.customers import Customers
from streams.policy.compile.load import load_policy
from streams.policy.policy import Policy
from streams.settings import Settings, policy_folder
from streams.stages.customers import customers_stage, partition_setup
from streams.values.events import BALANCES, CUSTOMERS, TOPICS
from streams.worker.transactions import Transactions
from tests.support.batches import all_ended
from tests.support.histories import DOOMSDAY_MS

PARTITIONS = 4
AT_MS = 1_795_483_800_000  # 2026-11-24T09:30:00+08:00
DAY_MS = 86_400_000
CUSTOMER, ERASED, OTHER = [
    name for name in map("C{:04}".format, range(99)) if partition_of(name.encode(), PARTITIONS, "murmur2") == 1
][:3]
STANDARD = (policy_folder() / "standard.toml").read_text(encoding="utf-8")


class Stored(NamedTuple):
    """A record of an input topic."""

    offset: int
    key: bytes
    value: bytes
    timestamp: int = AT_MS


def balance(customer: str, amount: str, at_ms: int) -> dict[str, object]:
    account = {"account_id": "A", "balance": amount, "currency": "TWD", "as_of": at_ms}
    return {"event_id": f"b{at_ms}", "customer_id": customer, **account}


def call(*arguments: str, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(app, ["explain", *arguments], env=env)


# --- without Kafka ---


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """The options that name a policy and events: 600,000, and 480,000 a month later."""
    events = [
        balance(CUSTOMER, amount, AT_MS + days * DAY_MS) for amount, days in [("1", 0), ("600000", 1), ("480000", 31)]
    ]
    lines = [json.dumps({"topic": "bank.balances", "value": event}) for event in events]
    (tmp_path / "events.jsonl").write_text("\n".join(lines))
    return ["--policy", str(policy_folder() / "standard.toml"), "--events", str(tmp_path / "events.jsonl")]


def test_people_read_why_what_is_missing_and_what_keeps_it(files: list[str]) -> None:
    result = call(CUSTOMER, *files)
    assert result.exit_code == 0, result.output
    lines = [line.strip() for line in result.stdout.splitlines()]
    for told in [
        f"{CUSTOMER}  mid  as of 2026-12-25 09:30:00+08:00",
        "served: mid; the measures give low",
        (
            "since 2026-11-25 09:30:00+08:00: upgrade from low, threshold_crossed, value 600,000.00 TWD, "
            f"by event b{AT_MS + DAY_MS} ({CUSTOMER}:2)"
        ),
        "volume          0.00   2026-09-27 to 2026-12-25",
        "mid    enter   value       500,000.00   480,000.00   no       20,000.00",
        "high: 4,520,000.00 missing in value",
        "protected by the last upgrade until 2027-02-23 09:30:00+08:00",
        "below its floor since 2026-12-25 09:30:00+08:00; the grace ends at 2027-01-24 09:30:00+08:00",
        "2027-02-23 09:30:00+08:00  mid -> low  grace_ended",
        (
            "mid is not lost at 2027-02-23 09:30:00+08:00 with 20,000.00 TWD more from now on, "
            "held until 2027-01-25 00:00:00+08:00 at the least"
        ),
        "withdrawn then, it is lost at 2027-02-24 00:00:00+08:00",
    ]:
        assert told in lines


@pytest.mark.parametrize(
    ("lang", "told"),
    [
        (
            "en",
            [
                "Mid value since 25 November 2026: its floor was reached.",
                "By the figures of now the customer earns Low value.",
                "For High net worth the customer needs TWD 4,520,000 more in composite value.",
                "The last upgrade protects it until 23 February 2027.",
                "It has been below its floor since 25 December 2026; the grace ends on 24 January 2027.",
                "If nothing changes, it falls to Low value on 23 February 2027.",
            ],
        ),
        (
            "zh-TW",
            [
                "客戶自2026年11月25日起為中等價值客戶，原因：已達該等級門檻。",
                "目前綜合價值為新臺幣480,000元。",
                "前次升等後享有保級期，2027年2月23日前不予調降。",
                "若無異動，將於2027年2月23日調降為低價值客戶。",
            ],
        ),
        (
            "zh-CN",
            [
                "客户自2026年11月25日起为中等價值客戶，原因：已达到该等级门槛。",
                "自2026年12月25日起低于门槛，宽限期于2027年1月24日届满。",
                "自即日起增加新台币20,000元，并至少保持至2027年1月25日，届时不会降级。",
            ],
        ),
    ],
)
def test_in_sentences_of_a_language(files: list[str], lang: str, told: list[str]) -> None:
    lines = call(CUSTOMER, *files, "--lang", lang).stdout.splitlines()
    assert [line for line in told if line not in lines] == []


def test_a_language_that_is_not_known_is_said(files: list[str]) -> None:
    assert isinstance(call(CUSTOMER, *files, "--lang", "de").exception, UsageError)
    assert isinstance(call(CUSTOMER, *files, "--lang", "en", "--json").exception, UsageError)


def test_as_of_a_later_time(files: list[str]) -> None:
    result = call(CUSTOMER, *files, "--json", "--at", "2027-02-23T09:30:00+08:00")
    told = json.loads(result.stdout)
    assert (told["tier"], told["change"]["reason"], told["change"]["written"]) == ("low", "grace_ended", False)


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        (["--at", "2026-12-25T09:29:59+08:00"], "--at is before 2026-12-25T09:30:00"),
        (["--at", "tomorrow"], "--at: 'tomorrow' is no RFC 3339 time"),
    ],
)
def test_a_time_that_cannot_be_used_is_said(files: list[str], more: list[str], complaint: str) -> None:
    result = call(CUSTOMER, *files, *more)
    assert isinstance(result.exception, UsageError)
    assert str(result.exception).startswith(complaint)


def test_a_customer_that_the_file_does_not_know(files: list[str]) -> None:
    assert "has no event of nobody that could be used" in str(call("nobody", *files).exception)


def test_one_file_alone_is_not_enough(files: list[str]) -> None:
    assert "--policy and --events belong together" in str(call(CUSTOMER, *files[:2]).exception)


# --- on the log ---


async def write(settings: Settings, policies: Sequence[Policy]) -> None:
    """The log of a worker: three customers, one of whom is erased; the policies published, the first one worked by."""
    producer = AIOKafkaProducer(**settings.client_options())
    transactions = Transactions(settings.client_options(), customers_stage(settings, policies[0], PARTITIONS), 1)
    await asyncio.gather(producer.start(), transactions.start())
    for policy in policies:
        await publish_policy(settings, policy)
    partition = Customers(partition_setup(settings, policies[0], 1, PARTITIONS, "event"))
    erase = {"event_id": "x", "customer_id": ERASED, "action": "erase", "at": AT_MS + 3}
    for topic, event in [
        (BALANCES, balance(CUSTOMER, "1", AT_MS)),
        (BALANCES, balance(ERASED, "1", AT_MS + 1)),
        (BALANCES, balance(CUSTOMER, "600000", AT_MS + 2)),
        (CUSTOMERS, erase),
        (BALANCES, balance(CUSTOMER, "480000", AT_MS + 31 * DAY_MS)),
        (BALANCES, balance(OTHER, "1", AT_MS + 32 * DAY_MS)),
    ]:
        await send(settings, producer, transactions, partition, topic, event)
    await asyncio.gather(producer.stop(), transactions.stop())
    await all_ended(settings, [settings.changelog_topic])  # what is before the newest marker is explained


async def send(  # noqa: PLR0913, PLR0917 - one event's whole way
    settings: Settings,
    producer: AIOKafkaProducer,
    transactions: Transactions,
    partition: Customers,
    topic: int,
    event: dict[str, object],
) -> None:
    key, value = str(event["customer_id"]).encode(), json.dumps(event).encode()
    sent = await producer.send_and_wait(settings.input_topic(TOPICS[topic]), value, key=key, partition=1)
    record = Stored(sent.offset, key, value)
    nexts = list(partition.next_offsets)
    nexts[topic] = sent.offset + 1
    work = partition.work(deque(partition.decode(topic, [record])), nexts, DOOMSDAY_MS)
    await transactions.commit(work)
    partition.keep(work)


def test_the_newest_committed_state_is_explained(settings: Settings, environment: dict[str, str]) -> None:
    ours = load_policy(STANDARD)
    asyncio.run(write(settings, [ours]))
    on_event_clock = {**environment, "TIERFLOW_CLOCK": "event"}
    # TIERFLOW_POLICY is another one: the policy is that of the state.
    result = call(CUSTOMER, "--json", env=on_event_clock)
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert (told["at"], told["tier"], told["earned_tier"]) == ("2026-12-26T09:30:00+08:00", "mid", "low")
    assert (told["policy"]["digest"], told["policy_in_force"]) == (ours.digest, None)
    assert told["change"]["cause"] == f"b{AT_MS + 2}"
    assert told["outlook"]["falls"]["at"] == "2027-02-22T09:30:00.002+08:00"

    # On the wall clock time has passed at least until the partition's clock.
    assert json.loads(call(CUSTOMER, "--json", env=environment).stdout)["at"] >= told["at"]

    erased = call(ERASED, env=on_event_clock)
    assert isinstance(erased.exception, UsageError)
    assert str(erased.exception).startswith(f"{ERASED} was erased")
    assert f"{settings.changelog_topic} knows no customer nobody" in str(call("nobody", env=on_event_clock).exception)


def test_a_policy_that_came_into_force_since_is_named(settings: Settings, environment: dict[str, str]) -> None:
    next_one = load_policy(STANDARD.replace("version = 1", "version = 2"))
    asyncio.run(write(settings, [load_policy(STANDARD), next_one]))
    result = call(CUSTOMER, env={**environment, "TIERFLOW_CLOCK": "event"})
    assert f"in force by now: standard version 2, {next_one.digest}; by it the customer is rated anew" in result.stdout


@pytest.mark.usefixtures("broker")
def test_missing_topics_are_the_users_to_make(environment: dict[str, str]) -> None:
    result = call(CUSTOMER, env=environment)
    assert isinstance(result.exception, UsageError)
    assert "tierflow topics create" in str(result.exception)
