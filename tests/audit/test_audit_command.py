"""`tierflow audit` as it is called."""

import asyncio
import json

import pytest
from typer.testing import CliRunner, Result

from streams.audit.report import AuditedChange
from streams.cli.audit import _line
from streams.cli.commands import app
from streams.errors import UsageError
from streams.partition.work import CHANGES, CURRENT, Work
from streams.settings import Settings
from tests.support.handmade_logs import DAY_MS, START_MS, Writing, action, balance, customers_of
from tests.support.works import with_output

PARTITION = 1
CUSTOMER, OTHER = customers_of(PARTITION, 2)


def without_changes(work: Work) -> Work:
    """What a fault that must not be would leave out."""
    return with_output(with_output(work, CHANGES, []), CURRENT, [])


async def write(settings: Settings, *, spoil: bool) -> None:
    async with Writing(settings) as writing:
        writer = await writing.writer(PARTITION)
        await writer.batch([balance("b1", CUSTOMER, "1.50"), balance("b2", OTHER, "2")])
        pin = action("p1", CUSTOMER, "pin", START_MS + 1, tier="high", until=START_MS + DAY_MS, reason="vip", by="desk")
        await writer.batch([balance("b3", CUSTOMER, "600000", START_MS + 1), pin], START_MS + 1)
        await writer.batch(
            [],
            START_MS + DAY_MS,
            damage=without_changes if spoil else lambda work: work,
        )


def run(environment: dict[str, str], *arguments: str) -> Result:
    return CliRunner().invoke(app, ["audit", *arguments], env=environment)


def test_a_clean_log_ends_with_status_0(settings: Settings, environment: dict[str, str]) -> None:
    asyncio.run(write(settings, spoil=False))
    result = run(environment)
    assert result.exit_code == 0, result.output
    assert "4 partitions, 3 transactions, 4 events replayed in " in result.stdout
    assert (
        "compared: 5 changes, 1 campaign trigger, 0 risk messages, 0 dead letters, 2 customers in tier" in result.stdout
    )
    assert result.stdout.splitlines()[-1] == "clean"

    result = run(environment, "--customer", CUSTOMER)
    assert result.exit_code == 0, result.output
    topics = settings.input_topics()
    at = "2026-11-24T09:30:00"
    assert result.stdout.splitlines()[:4] == [
        f"{CUSTOMER}:1  {at}+08:00  low  first_event, value 1.50 TWD, by {topics[0]}/1/0  OK",
        f"{CUSTOMER}:2  {at}.001+08:00  low -> mid  threshold_crossed, value 600000.00 TWD, by {topics[0]}/1/2  OK",
        f"{CUSTOMER}:3  {at}.001+08:00  mid -> high  pin_set, value 600000.00 TWD, by {topics[4]}/1/0  OK",
        f"{CUSTOMER}:4  2026-11-25T09:30:00+08:00  high -> mid  pin_ended, value 600000.00 TWD, by time alone  OK",
    ]
    assert "1 partition, 3 transactions, 4 events" in result.stdout
    assert "compared: 4 changes, 1 campaign trigger, 0 risk messages, 0 dead letters, 1 customer in" in result.stdout


def test_differences_end_with_status_1(settings: Settings, environment: dict[str, str]) -> None:
    asyncio.run(write(settings, spoil=True))
    changes, current = settings.output_topic("changes"), settings.output_topic("current")
    result = run(environment)
    assert result.exit_code == 1
    assert result.stdout.splitlines()[:3] == [
        f"{changes} partition 1 (transaction 3): {CUSTOMER}:4 is missing",
        f"{current} partition 1 offset 3: the newest change of {CUSTOMER} differs",
        f"  id: {CUSTOMER}:3 in the topic, {CUSTOMER}:4 in the replay",
    ]
    assert result.stdout.splitlines()[-1] == "2 differences"

    report = json.loads(run(environment, "--json").stdout)
    assert (report["differences"], report["transactions"], report["changes"]) == (2, 3, 4)
    assert [(found["kind"], found["topic"], found["what"]) for found in report["found"]] == [
        ("missing", changes, f"{CUSTOMER}:4"),
        ("different", current, f"the newest change of {CUSTOMER}"),
    ]

    assert run(environment, "--customer", OTHER).exit_code == 0
    result = run(environment, "--customer", CUSTOMER)
    assert result.exit_code == 1
    assert "by time alone  missing\n" in result.stdout


@pytest.mark.usefixtures("settings")
def test_a_customer_nobody_has_seen_is_said(environment: dict[str, str]) -> None:
    result = run(environment, "--customer", "nobody")
    assert result.exit_code == 0
    assert "the replay has no tier change of nobody" in result.stdout


def test_missing_topics_are_the_users_to_make(environment: dict[str, str]) -> None:
    result = run(environment)
    assert isinstance(result.exception, UsageError)
    assert "tierflow topics create" in str(result.exception)


@pytest.mark.parametrize(("reason", "by"), [("policy_changed", "another policy"), ("grace_ended", "time alone")])
def test_a_change_without_an_event_says_what_brought_it(reason: str, by: str) -> None:
    change = AuditedChange(
        id="C:2",
        sequence=2,
        decided_at="2026-11-24",
        direction="downgrade",
        previous_tier="mid",
        tier="low",
        reason=reason,
        value=None,
        currency="TWD",
        cause=None,
        verdict="ok",
    )
    assert _line(change) == f"C:2  2026-11-24  mid -> low  {reason}, by {by}  OK"
