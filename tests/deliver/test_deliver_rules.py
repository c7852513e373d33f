"""The file, the filters, the answers and the requests, one rule a row."""

import json
import os
import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import pytest
from standardwebhooks import Webhook
from typer.testing import CliRunner

from streams.cli.commands import app
from streams.deliver.answers import of_status
from streams.deliver.config import Begin, Endpoint, Kind, RiskKind, Stream, Target, read_targets
from streams.deliver.filters import filter_of
from streams.deliver.metrics import DeliverMetrics
from streams.deliver.request import Writer, attributes
from streams.engine.outcomes import Direction, Group
from streams.errors import UsageError
from tests.support.http_endpoint import SECRET

PAGE = (Path(__file__).parents[2] / "docs" / "deliver.md").read_text()
SCHEMAS = Path(__file__).parents[2] / "docs" / "schemas"
NOW_S = 1_795_483_800.75  # 2026-11-24T01:30:00Z
VARIABLES = {"CRM": SECRET, "SHORT": "whsec_c2hvcnQ=", "PLAIN": "hunter2", "TOKEN": "Bearer abc", "BAD": "a\nb"}
GOOD = {"name": '"crm"', "url": '"https://crm.example.com/x"', "secret_env": '"CRM"'}


def endpoint(name: str = "x", url: str = "https://x", variable: str = "X", **words: Any) -> Endpoint:
    return Endpoint(**{"name": name, "url": url, "secret_env": variable, **words})


def file(folder: Path, *tables: Mapping[str, str]) -> Path:
    path = folder / "deliver.toml"
    texts = ("[[endpoints]]\n" + "".join(f"{word} = {value}\n" for word, value in table.items()) for table in tables)
    path.write_text("".join(texts))
    return path


def test_the_least_that_an_endpoint_needs(tmp_path: Path) -> None:
    [target] = read_targets(file(tmp_path, GOOD), VARIABLES)
    assert target == Target(endpoint("crm", "https://crm.example.com/x", "CRM"), (SECRET,))
    assert SECRET not in repr(target)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"name": '"CRM 1"'}, "small letters, digits and hyphens"),
        ({"url": '"ftp://x/y"'}, "must be https://host/path"),
        ({"url": '"https://x:99999/"'}, "cannot be used"),
        (
            {"url": '"http://crm.example.com/"'},
            r"http sends customers' data in the clear; write https://, or allow_http",
        ),
        ({"url": '"http://127.0.0.1.example.com/"'}, "in the clear"),
        ({"url": '"https://joe:secret@x/"'}, "the url holds a user or password; put them in"),
        ({"secret_env": '"MISSING"'}, "MISSING is not set; write whsec_"),
        ({"secret_env": '"SHORT"'}, "SHORT is no Standard Webhooks secret; write whsec_ and 24 to 64"),
        ({"secret_env": '"PLAIN"'}, "PLAIN is no Standard Webhooks secret"),
        ({"secret_env": '"whsec_abc="'}, "must be the name of an environment variable, of capital letters"),
        ({"secret_env": '"whsec_hunter2"'}, "must be the name of an environment variable, of capital letters"),
        ({"authorization_env": '"hunter2"'}, "never the secret itself"),
        ({"authorization_env": '"NONE"'}, "NONE is not set"),
        ({"authorization_env": '"BAD"'}, "BAD is not set, or no header can carry it"),
        ({"tiers": '"high"'}, "endpoint 1, tiers: it must be `array`, got `str`"),
        ({"kinds": '["gifts"]'}, "endpoint 1, kinds: 'gifts' is none of gift, cash_back, near_tier, "),
        ({"tries": "0"}, "endpoint 1, tries: it must be `int` >= 1"),
        ({"events": "[]"}, "endpoint 1, events: it must be `array` of length >= 1"),
        ({"colour": '"red"'}, "there is no word `colour`; the words are name, url, secret_env, "),
        ({"url": "x"}, "is no TOML: Invalid value"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, words: Mapping[str, str], told: str) -> None:
    with pytest.raises(UsageError, match=told) as raised:
        read_targets(file(tmp_path, GOOD | words), VARIABLES)
    assert "deliver.toml" in str(raised.value)
    assert "hunter2" not in str(raised.value)
    assert "joe:secret" not in str(raised.value)


@pytest.mark.parametrize(
    "words",
    [
        {"url": '"http://127.0.0.1:8080/x"'},
        {"url": '"http://[::1]:8080/x"'},
        {"url": '"http://localhost/x"'},
        {"url": '"http://crm.internal/"', "allow_http": "true"},
    ],
)
def test_http_is_allowed_to_loopback_or_when_asked_for(tmp_path: Path, words: Mapping[str, str]) -> None:
    assert read_targets(file(tmp_path, GOOD | words), VARIABLES)


def test_a_file_that_is_not_there_or_empty_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no file .*nothing\.toml; write one, or name it with --config"):
        read_targets(tmp_path / "nothing.toml", VARIABLES)
    with pytest.raises(UsageError, match=r"has no \[\[endpoints\]\]; add one"):
        read_targets(file(tmp_path), VARIABLES)
    with pytest.raises(UsageError, match="two endpoints have the name crm"):
        read_targets(file(tmp_path, GOOD, GOOD), VARIABLES)


def test_the_file_that_comes_with_the_product_can_be_used_once_an_endpoint_is_uncommented(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "config" / "deliver.toml").read_text()
    path = tmp_path / "deliver.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=r"has no \[\[endpoints\]\]"):
        read_targets(path, {})
    path.write_text("\n".join(line.removeprefix("#") if line.startswith("#") and not line.startswith("# ") else line
                              for line in text.splitlines()))  # fmt: skip
    [target] = read_targets(path, {"TIERFLOW_DELIVER_SECRET_CRM": SECRET})
    assert target.endpoint == endpoint("crm", "https://crm.example.com/tierflow", "TIERFLOW_DELIVER_SECRET_CRM")


def test_the_kinds_of_risk_messages_are_those_of_the_schema() -> None:
    kinds = json.loads((SCHEMAS / "tier.risk.json").read_text())["properties"]["kind"]["enum"]
    assert list(get_args(RiskKind)) == kinds


def test_check_tells_what_each_endpoint_gets(tmp_path: Path) -> None:
    words = {"url": '"https://crm.example.com/x?token=abc"', "tiers": '["high"]', "kinds": '["gift"]'}
    done = CliRunner().invoke(
        app, ["deliver", "check", "--config", str(file(tmp_path, GOOD | words))], env={"CRM": SECRET}
    )
    assert done.stdout == (
        "crm: changes, campaigns, risk, of tiers high, kinds gift, campaign groups treated; every erasure; "
        "to https://crm.example.com\n"
    )


# --- filters ---

CHANGE = {"tier": "high", "direction": "upgrade"}
TRIGGER = {"tier": "high", "kind": "gift", "group": "treated"}
DECISION = {"tier": "high", "kind": "decision", "outcome": "refer"}


@pytest.mark.parametrize(
    ("words", "stream", "event", "wanted"),
    [
        ({}, "changes", CHANGE, True),
        ({"tiers": ["high"]}, "changes", CHANGE, True),
        ({"tiers": ["mid"]}, "changes", CHANGE, False),
        ({"tiers": ["mid"]}, "campaigns", TRIGGER, False),
        ({"tiers": ["mid"]}, "risk", DECISION, False),
        ({"tiers": ["mid"], "kinds": ["gift"], "directions": ["upgrade"]}, "erasures", {}, True),  # all are told
        ({"directions": ["upgrade"]}, "changes", CHANGE, True),
        ({"directions": ["initial", "downgrade"]}, "changes", CHANGE, False),
        ({"directions": ["downgrade"]}, "campaigns", TRIGGER, True),
        ({"kinds": ["gift"]}, "campaigns", TRIGGER, True),
        ({"kinds": ["dormant"]}, "campaigns", TRIGGER, False),
        ({"kinds": ["dormant"]}, "changes", CHANGE, True),
        ({"kinds": ["refer"]}, "risk", DECISION, True),
        ({"kinds": ["decision"]}, "risk", DECISION, True),
        ({"kinds": ["alert", "enhanced"]}, "risk", DECISION, False),
        ({}, "campaigns", {**TRIGGER, "group": "held_out"}, False),
        ({"groups": ["held_out"]}, "campaigns", {**TRIGGER, "group": "held_out"}, True),
    ],
)
def test_filters(words: dict[str, Any], stream: Any, event: dict[str, str], wanted: bool) -> None:  # noqa: FBT001
    assert filter_of(endpoint(**words))(stream, json.dumps(event).encode()) is wanted


# --- answers ---


@pytest.mark.parametrize(
    ("status", "retry_after", "kind", "wait_s"),
    [
        (200, None, "accepted", None),
        (204, "5", "accepted", None),
        (301, None, "failed", None),
        (400, None, "refused", None),
        (401, None, "failed", None),
        (404, None, "failed", None),
        (408, None, "failed", None),
        (410, None, "gone", None),
        (413, None, "refused", None),
        (422, "5", "refused", None),
        (429, None, "busy", None),
        (429, "7", "busy", 7.0),
        (429, "86400000000000000000", "busy", 900.0),
        (429, "Tue, 24 Nov 2026 01:30:30 GMT", "busy", 29.25),
        (429, "Tue, 24 Nov 2026 01:29:00 GMT", "busy", 0.0),
        (429, "soon", "busy", None),
        (429, "-1", "busy", None),
        (500, "7", "failed", None),
        (503, None, "failed", None),
        (503, "0", "busy", 0.0),
        (599, None, "failed", None),
    ],
)
def test_answers(status: int, retry_after: str | None, kind: str, wait_s: float | None) -> None:
    answer = of_status(status, retry_after, NOW_S)
    assert (answer.kind, answer.retry_after_s) == (kind, wait_s)


# --- requests ---

HEADERS = [
    ("ce_id", b"C1:2"),
    ("ce_source", b"/tierflow/a"),
    ("ce_type", b"t"),
    ("ce_specversion", b"1.0"),
    ("content-type", b"application/json"),
    ("deliver_endpoint", b"x"),
]


@pytest.mark.parametrize("lacking", ["ce_id", "ce_source", "ce_type", "ce_specversion"])
def test_a_record_without_the_required_attributes_is_no_event(lacking: str) -> None:
    assert attributes(HEADERS) is not None
    assert attributes([pair for pair in HEADERS if pair[0] != lacking]) is None


def test_a_request_is_signed_by_every_secret_and_dated_by_the_try() -> None:
    other = "whsec_" + "A" * 40
    target = Target(endpoint(), (SECRET, other), "Bearer abc")
    event = attributes(HEADERS)
    assert event is not None
    made = Writer(target, "tierflow").headers(event, b'{"a":1}', NOW_S)
    assert made["webhook-id"] == made["ce-id"] == "C1:2"
    assert made["webhook-timestamp"] == str(int(NOW_S))
    assert made["authorization"] == "Bearer abc"
    assert not any(name.startswith("deliver") for name in made)
    signatures = made["webhook-signature"].split()
    assert len(signatures) == 2
    at = datetime.fromtimestamp(int(NOW_S), UTC)
    assert signatures == [Webhook(secret).sign("C1:2", at, '{"a":1}') for secret in (SECRET, other)]


def test_a_header_cannot_be_forged_by_an_id() -> None:
    event = attributes([*HEADERS[1:], ("ce_id", 'x\r\nEvil: "1%.é'.encode())])
    assert event is not None
    made = Writer(Target(endpoint(), (SECRET,)), "t").headers(event, b"{}", 0)
    assert made["ce-id"] == "x%0D%0AEvil:%20%221%25.%C3%A9"
    assert made["webhook-id"] == "x%0D%0AEvil:%20%221%25%2E%C3%A9"


@pytest.mark.parametrize(
    ("trace", "sent"),
    [(TRACE := b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", TRACE.decode()), (b"x\r\nEvil: 1", None)],
)
def test_the_trace_of_an_event_goes_on_as_the_header_of_the_request(trace: bytes, sent: str | None) -> None:
    event = attributes([*HEADERS, ("traceparent", trace)])
    assert event is not None
    made = Writer(Target(endpoint(), (SECRET,)), "t").headers(event, b"{}", 0)
    assert made.get("traceparent") == sent
    assert "ce-traceparent" not in made


# --- the page ---


def test_every_word_of_the_file_and_every_metric_is_in_the_page() -> None:
    metrics = [family for family in DeliverMetrics().registry.collect() if family.name.startswith("tierflow_")]
    names = [family.name + ("_total" if family.type == "counter" else "") for family in metrics]
    assert len(names) == 12
    assert [name for name in (*Endpoint.__struct_fields__, *names) if f"`{name}" not in PAGE] == []
    for choices in map(get_args, (Stream, Kind, Direction, Group, Begin)):
        assert [word for word in choices if f"`{word}`" not in PAGE] == []


def test_the_receiver_of_the_page_takes_what_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    [code] = re.findall(r"```python\n(.+?)```", PAGE, re.DOTALL)
    monkeypatch.setenv("TIERFLOW_DELIVER_SECRET_CRM", SECRET)
    taken: list[object] = []
    names: dict[str, Any] = {"os": os, "seen": lambda _id: False, "apply": taken.append}
    exec(code, names)  # noqa: S102 - our own page
    event = attributes(HEADERS)
    assert event is not None
    made = Writer(Target(endpoint(), (SECRET,)), "tierflow").headers(event, b'{"a":1}', time.time())
    names["receive"](b'{"a":1}', made)
    assert taken == [{"a": 1}]
