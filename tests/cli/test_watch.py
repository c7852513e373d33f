import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from streams.cli.followed import Named, digest_of, named_by
from streams.cli.language import language_of
from streams.cli.watch import describe, tell
from streams.kafka.policies import publish_policy
from streams.languages.known import LANGUAGES
from streams.policy.compile.load import read_policy
from streams.settings import Settings
from tests.support.deliveries import produce
from tests.support.patience import stretched

COMMAND = Path(sys.executable).with_name("tierflow")
DEADLINE_S = 30


def change(customer: str = "C001", **other: Any) -> bytes:
    told = {
        "id": f"{customer}:3",
        "customer_id": customer,
        "direction": "upgrade",
        "previous_tier": "low",
        "tier": "mid",
        "reason": "threshold_crossed",
        "decided_at": "2026-11-24T09:30:00.125+08:00",
        "value": "512345.00",
        "currency": "TWD",
        "next_tier": {"tier": "high", "missing": "4487655.00"},
        **other,
    }
    return json.dumps(told).encode()


def trigger(customer: str = "C001", **other: Any) -> bytes:
    told = {
        "id": f"{customer}:near-mid:1",
        "customer_id": customer,
        "campaign": "near-mid",
        "kind": "near_tier",
        "tier": "low",
        "group": "treated",
        "triggered_at": "2026-11-24T09:30:00.125+08:00",
        "amount": None,
        "currency": "TWD",
        "missing": "23000.00",
        "due": None,
        **other,
    }
    return json.dumps(told).encode()


def loan(customer: str = "C001", **other: Any) -> bytes:
    limit = {"measure": "amount", "is": "600000.00", "at_least": "300000.00", "outcome": "enhanced", "met": True}
    told = {
        "id": "C001:L77:decision",
        "customer_id": customer,
        "loan_id": "L77",
        "kind": "decision",
        "outcome": "enhanced",
        "amount": "600000.00",
        "currency": "TWD",
        "decided_at": "2026-11-24T09:30:00.125+08:00",
        "conditions": [limit],
        **other,
    }
    return json.dumps(told).encode()


def erasure(customer: str = "C001", **other: Any) -> bytes:
    told = {
        "id": f"{customer}:erased:1795483800125",
        "customer_id": customer,
        "decided_at": "2026-11-24T09:30:00.125+08:00",
        "last_sequence": 3,
        **other,
    }
    return json.dumps(told).encode()


@pytest.mark.parametrize(
    ("value", "line"),
    [
        (
            change(),
            (
                "2026-11-24T09:30:00.125+08:00  C001          low -> mid  512,345.00 TWD  threshold_crossed"
                "  4,487,655.00 more for high"
            ),
        ),
        (
            change(direction="initial", previous_tier=None, tier="high", reason="first_event", next_tier=None),
            "2026-11-24T09:30:00.125+08:00  C001          new -> high  512,345.00 TWD  first_event",
        ),
        (
            change("a[red]\x1b[2J", value=None, next_tier=None),
            "2026-11-24T09:30:00.125+08:00  a[red]\\u001b[2J  low -> mid  threshold_crossed",
        ),
        (b"[]", "a record that is no tier change: Expected `object`, got `array`"),
    ],
)
def test_a_change_is_one_line(value: bytes, line: str) -> None:
    assert describe("changes", value).plain == line


@pytest.mark.parametrize(
    ("value", "line"),
    [
        (trigger(), "C001          campaign near-mid  23,000 to the next tier"),
        (trigger(group="held_out"), "C001          campaign near-mid  23,000 to the next tier (held out)"),
        (trigger("\x1b[2J", kind="gift", missing=None, amount="50.00"), "\\u001b[2J     campaign near-mid  50 TWD"),
    ],
)
def test_a_campaign_trigger_is_one_line(value: bytes, line: str) -> None:
    assert describe("campaigns", value).plain == f"2026-11-24T09:30:00.125+08:00  {line}"


@pytest.mark.parametrize(
    ("value", "line"),
    [
        (loan(), "C001          loan L77: enhanced  600,000.00 TWD  at least 300,000"),
        (
            loan(loan_id="\x07", outcome="standard", conditions=[]),
            "C001          loan \\u0007: standard  600,000.00 TWD",
        ),
        (
            loan(kind="alert", outcome=None, conditions=[{"measure": "standing", "is": "poor", "met": True}]),
            "C001          loan L77: alert  600,000.00 TWD  standing now poor",
        ),
    ],
)
def test_a_loan_decision_or_alert_is_one_line(value: bytes, line: str) -> None:
    assert describe("risk", value).plain == f"2026-11-24T09:30:00.125+08:00  {line}"


@pytest.mark.parametrize(
    ("value", "line"),
    [
        (erasure(), "C001          erased  tier changes up to 3 are void"),
        (erasure("\x1b[2J", last_sequence=0), "\\u001b[2J     erased"),
    ],
)
def test_an_erasure_is_one_line(value: bytes, line: str) -> None:
    assert describe("erasures", value).plain == f"2026-11-24T09:30:00.125+08:00  {line}"


@pytest.mark.parametrize(
    ("name", "what"),
    [("campaigns", "campaign trigger"), ("risk", "loan decision or alert"), ("erasures", "erasure")],
)
def test_what_is_none_of_them_is_said(name: str, what: str) -> None:
    assert describe(name, b"{}").plain.startswith(f"a record that is no {what}: ")


STANDARD = Path("config/policies/standard.toml").read_text()


def standard_names() -> Named:
    file = read_policy(STANDARD).file
    assert file is not None
    return named_by(file)


@pytest.mark.parametrize(
    ("name", "value", "lang", "line"),
    [
        (
            "changes",
            change(),
            "en",
            (
                "24 November 2026, 09:30  C001  up from Low value to Mid value: its floor was reached; composite value "
                "TWD 512,345; TWD 4,487,655 more for High net worth"
            ),
        ),
        (
            "changes",
            change(),
            "zh-TW",
            (
                "2026年11月24日 09:30  C001  由低價值客戶升等至中等價值客戶，原因：已達該等級門檻；"
                "綜合價值新臺幣512,345元；距高淨值客戶尚差新臺幣4,487,655元"
            ),
        ),
        (
            "changes",
            change("a\x1b[2J", direction="initial", previous_tier=None, tier="gold", value=None, next_tier=None),
            "zh-CN",
            "2026年11月24日 09:30  a\\u001b[2J  首次评定为gold，原因：按我行分层规则评定",
        ),
        (
            "campaigns",
            trigger(due="2026-12-01T00:00:00+08:00", group="held_out"),
            "en",
            (
                "24 November 2026, 09:30  C001  campaign Mid value in reach; TWD 23,000 is missing for the next tier; "
                "until 1 December 2026; of the control group: do not contact"
            ),
        ),
        (
            "campaigns",
            trigger(campaign="cash-back", missing=None, amount="42.50", period="2026-11"),
            "zh-TW",
            "2026年11月24日 09:30  C001  活動「交易返現」；2026-11，新臺幣42.50元",
        ),
        (
            "risk",
            loan(),
            "zh-TW",
            "2026年11月24日 09:30  C001  貸款L77，金額新臺幣600,000元：須加強審查；達新臺幣300,000元以上",
        ),
        (
            "risk",
            loan(kind="alert", outcome=None, conditions=[{"measure": "standing", "is": "poor", "met": True}]),
            "en",
            "24 November 2026, 09:30  C001  loan L77 of TWD 600,000: alert; the credit standing is poor",
        ),
        (
            "erasures",
            erasure(),
            "en",
            "24 November 2026, 09:30  C001  is to be forgotten, with all tier changes up to number 3",
        ),
    ],
)
def test_a_record_is_told_in_the_words_of_a_relationship_manager(name: str, value: bytes, lang: str, line: str) -> None:
    assert tell(name, value, standard_names(), LANGUAGES[lang]).plain == line


def test_what_is_no_message_is_said_in_any_language() -> None:
    assert digest_of(b"[]") == ""
    said = tell("changes", b"[]", standard_names(), LANGUAGES["zh-TW"]).plain
    assert said == "a record that is no tier change: Expected `object`, got `array`"


@pytest.mark.parametrize(
    ("environment", "lang"),
    [
        ({"LANG": "zh_TW.UTF-8"}, "zh-TW"),
        ({"LANG": "zh_HK"}, "zh-TW"),
        ({"LANG": "zh_CN.UTF-8"}, "zh-CN"),
        ({"LANG": "zh_TW.UTF-8", "LC_ALL": "C"}, None),
        ({"LANG": "zh_TW.UTF-8", "LC_ALL": ""}, "zh-TW"),
        ({"LANG": "en_US.UTF-8"}, None),
        ({}, None),
    ],
)
def test_a_chinese_environment_is_a_language_asked_for(environment: dict[str, str], lang: str | None) -> None:
    assert language_of(environment) == lang


async def _write(settings: Settings, values: Sequence[bytes], *, commit: bool, topic: str) -> None:
    producer = AIOKafkaProducer(**settings.client_options(), transactional_id=f"{settings.app_id}-test")
    await producer.start()
    try:
        await producer.begin_transaction()
        for value in values:
            key = json.loads(value)["customer_id"].encode()
            await producer.send_and_wait(settings.output_topic(topic), value, key=key)
        await (producer.commit_transaction() if commit else producer.abort_transaction())
    finally:
        await producer.stop()


def write(settings: Settings, *values: bytes, commit: bool = True, topic: str = "changes") -> None:
    asyncio.run(_write(settings, values, commit=commit, topic=topic))


@contextmanager
def watching(environment: dict[str, str], *options: str) -> Iterator[subprocess.Popen[str]]:
    """The command, once it says that it misses nothing any more."""
    with subprocess.Popen(
        [COMMAND, "watch", *options], env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        try:
            assert process.stderr is not None
            assert process.stderr.readline().startswith("watching ")
            yield process
        finally:
            process.kill()


def test_it_follows_committed_changes_from_now_until_ctrl_c(environment: dict[str, str], settings: Settings) -> None:
    write(settings, change("before"))
    with watching(environment) as process:
        write(settings, change("aborted"), commit=False)
        write(settings, change("C7"), change("C7", tier="high"))
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(2)]
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=stretched(DEADLINE_S))
    assert [line.split()[1:5] for line in lines] == [["C7", "low", "->", "mid"], ["C7", "low", "->", "high"]]
    assert (process.returncode, rest, errors) == (0, "", "")


def test_json_lines_are_the_records_of_one_customer_up_to_the_limit(
    environment: dict[str, str], settings: Settings
) -> None:
    wanted = [change("C7"), change("C7", tier="high"), change("C7", tier="low")]
    write(settings, wanted[0], change("C8"), wanted[1], wanted[2])
    with watching(environment, "--from-beginning", "--json", "--customer", "C7", "--limit", "2") as process:
        told, errors = process.communicate(timeout=stretched(DEADLINE_S))
    assert told.encode().splitlines() == wanted[:2]
    assert (process.returncode, errors) == (0, "")


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ([], {"low"}),
        (["--campaigns"], {"low", "campaign"}),
        (["--risk"], {"low", "loan"}),
        (["--erasures"], {"low", "erased"}),
        (["--all"], {"low", "campaign", "loan", "erased"}),
    ],
)
def test_campaigns_loans_and_erasures_are_followed_if_asked_for(
    environment: dict[str, str], settings: Settings, options: Sequence[str], wanted: set[str]
) -> None:
    write(settings, trigger(), topic="campaigns")
    write(settings, loan(), topic="risk")
    write(settings, erasure(), topic="erasures")
    write(settings, change())
    with watching(environment, "--from-beginning", *options, "--limit", str(len(wanted))) as process:
        told, errors = process.communicate(timeout=stretched(DEADLINE_S))
    assert {line.split()[2] for line in told.splitlines()} == wanted
    assert (process.returncode, errors) == (0, "")


def test_names_are_those_of_the_policy_that_decided(environment: dict[str, str], settings: Settings) -> None:
    policy = read_policy(STANDARD).policy
    assert policy is not None
    asyncio.run(publish_policy(settings, policy))
    write(settings, change(policy={"digest": policy.digest}), change(policy={"digest": "sha256:0"}))
    with watching(environment, "--from-beginning", "--lang", "en", "--limit", "2") as process:
        told, errors = process.communicate(timeout=stretched(DEADLINE_S))
    first, second = told.splitlines()
    assert "up from Low value to Mid value" in first
    assert "up from low to mid" in second
    assert (process.returncode, errors) == (0, "")


def test_what_an_erase_made_void_is_not_shown(environment: dict[str, str], settings: Settings) -> None:
    told = {"cause": {"event_id": "e", "topic": "bank.customers", "partition": 0, "offset": 7, "occurred_at": 1}}
    told |= {"id": "C7:erased:1", "customer_id": "C7", "last_sequence": 2, "positions": {}}
    told |= {"erased_at": "2026-11-24T09:31:00+08:00", "decided_at": "2026-11-24T09:31:00+08:00"}
    shown = [json.loads(change("C7")) | {"id": f"C7:{sequence}"} for sequence in (1, 2, 3)]
    asyncio.run(produce(settings, [*shown, json.loads(change("C8")) | {"id": "C8:1"}]))
    asyncio.run(produce(settings, [told], "erasures"))
    with watching(environment, "--from-beginning", "--json", "--limit", "2") as process:
        said, errors = process.communicate(timeout=stretched(DEADLINE_S))
    assert {json.loads(line)["id"] for line in said.splitlines()} == {"C7:3", "C8:1"}
    assert (process.returncode, errors) == (0, "")


def test_a_missing_topic_is_said(environment: dict[str, str]) -> None:
    done = subprocess.run([COMMAND, "watch"], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith(f"tierflow: there is no topic {environment['TIERFLOW_OUTPUT_PREFIX']}changes; make")
