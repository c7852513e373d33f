"""docs/intake.md: every mapping and every field in it can be used, and the first fifteen minutes go as they say."""

import json
import re
from itertools import permutations
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from streams.intake.check import check_mapping
from streams.intake.compile.mapping import load_mapping
from streams.intake.inputs import INPUTS, WORDS
from streams.intake.language.rules import CsvRule, Format, SourceWords
from streams.intake.paths import compile_condition, compile_path
from streams.intake.record import Mapped, RefusalReason, Row, SourceRecord
from streams.settings import policy_folder
from tests.support.account_records import Played
from tests.support.commands import tierflow
from tests.support.mappings import BALANCE, TRANSACTION, mapping_text
from tests.support.statements import REVERSAL, balance, entry, rows_of, statement

PAGE = (Path(__file__).parents[2] / "docs" / "intake.md").read_text("utf-8")
MAPPINGS = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
FIELDS = re.findall(r"^\| `([a-z_]+ = .+?)` \|", PAGE, re.MULTILINE)


def section(heading: str) -> str:
    """The text below a heading, up to the next one."""
    return re.split(r"^#+ ", PAGE[PAGE.index(f"{heading}\n") :].partition("\n")[2], flags=re.MULTILINE)[0]


def first_cells(text: str) -> list[str]:
    cells = [re.split(r"(?<!\\) \| ", row.strip("| "))[0] for row in text.splitlines() if row.startswith("| ")]
    return [word.replace("\\|", "|") for cell in cells for word in re.findall(r"`((?:[^`\\]|\\.)+)`", cell)]


@pytest.mark.parametrize("text", MAPPINGS, ids=lambda text: text.split("]")[0][1:])
def test_every_mapping_of_the_guide_can_be_used(text: str) -> None:
    report = check_mapping(text)
    assert (report.errors, report.warnings) == ([], [])


@pytest.mark.parametrize("field", FIELDS)
def test_every_field_of_the_guide_can_be_used(field: str) -> None:
    name, _, written = field.partition(" = ")
    known = BALANCE if name in {"balance", "as_of"} else TRANSACTION
    words = 'topic = "core"\nformat = "json"'
    assert (
        check_mapping(
            mapping_text("balances" if known is BALANCE else "transactions", known | {name: written}, words)
        ).errors
        == []
    )


def test_every_path_of_the_guide_can_be_used() -> None:
    paths = [cell.replace("\\`", "`").strip('"') for cell in first_cells(section("## Paths and conditions"))]
    assert len(paths) > 10
    for path in paths:
        (compile_condition if re.search(r"==|[<>]|&&", path) else compile_path)(path)


def test_the_guide_has_every_word() -> None:
    words = {field.name for field in msgspec.structs.fields(SourceWords)} - {"csv"}
    assert set(first_cells(section("## A mapping"))) == words | {"[sources.NAME.csv]"} | set(INPUTS)
    assert set(first_cells(section("### Text files"))) - {"[sources.NAME.csv]"} == {
        field.name for field in msgspec.structs.fields(CsvRule)
    }
    assert set(first_cells(section("## Formats"))) == set(get_args(Format))
    assert set(get_args(RefusalReason)) <= set(first_cells(section("## What is refused")))
    for known in WORDS.values():
        assert set(known) <= set(re.findall(r"[a-z_]+", section("### Codes")))


def test_the_guide_has_every_field_of_every_input() -> None:
    rows = [row for row in section("## A mapping").splitlines() if re.match(r"\| `[a-z]+` \| (event|account)_id", row)]
    for row in rows:
        name, required, others = (cell.strip() for cell in row.strip("| ").split("|"))
        fields = INPUTS[name.strip("`")]
        assert set(required.split(", ")) == {field.name for field in fields if field.is_required}
        rest = {field.name for field in fields if not field.is_required}
        assert rest - {"tier", "until", "reason", "by"} <= set(re.findall(r"[a-z_]+", others))
    assert len(rows) == len(INPUTS)


def test_the_example_of_owners_comes_to_what_it_says() -> None:
    [text] = [mapping for mapping in MAPPINGS if "sources.parties" in mapping]
    sources = load_mapping(text).sources
    lines = re.findall(r"^\{.*\}$", section("## Who owns an account"), re.MULTILINE)
    assert len(lines) == 3
    for order in permutations(lines):
        played = Played()
        for line in order:
            source = sources["parties" if "holders" in line else "ledger"]
            [outcome] = source.map(SourceRecord("core", 0, 0, None, line.encode()))
            assert isinstance(outcome, Mapped)
            [event] = outcome.events
            played.send(json.loads(event.value), at=10**9)
        held = {customer: events[-1][1] for (customer, _), events in played.balances().items()}
        assert (held["C002"], held.get("C001", "0.00")) == ("498000.00", "0.00")
        assert "C009" not in held
        assert {event["joint"]["share"] for event in told(played) if "joint" in event} <= {"0.6", "0.4"}


def told(played: Played) -> list[dict[str, Any]]:
    return [json.loads(message.value or b"") for _, message in played.messages]


def test_the_guide_has_every_field_of_a_statement() -> None:
    told = set(re.findall(r"`([a-z_]+)`", section("### Statements")))
    rows = rows_of(statement(balance(), entry("R1", sign="DBIT"), entry("R1", reversal=REVERSAL)))
    for row in rows:
        assert isinstance(row.row, Row)
        assert row.row.value.keys() <= told
    assert rows[-1].row.value["original"].keys() <= told  # type: ignore[union-attr]


@pytest.mark.slow
def test_the_first_fifteen_minutes_go_as_they_say(tmp_path: Path) -> None:
    [rows] = re.findall(r"```csv\n(.*?)```", PAGE, re.DOTALL)
    mapping, records, events = (tmp_path / name for name in ("sources.toml", "bookings.csv", "events.jsonl"))
    records.write_text(rows)
    mapping.write_text(MAPPINGS[0])
    said = tierflow({}, "intake", "check", str(mapping))
    assert f"`{said.out.strip()}`" in PAGE.replace("\n", " ")
    arguments = ["intake", "try", str(mapping), "--records", str(records), "--events", str(events)]
    refused = tierflow({}, *arguments)
    assert refused.status == 1
    [sentence] = re.findall(r"^(refused: .+)$", PAGE, re.MULTILINE)
    assert sentence in refused.out
    mapping.write_text(MAPPINGS[0].replace("codes = { ", 'codes = { FEE = "fee", '))
    mended = tierflow({}, *arguments)
    assert (mended.status, *mended.err.splitlines()) == (
        0,
        "5 rows: 10 events, 0 skipped, 0 refused",
        "read by nothing: dc",
    )
    assert f"`{mended.err.splitlines()[0]}`" in PAGE
    changes = tierflow({}, "simulate", "--policy", str(policy_folder() / "standard.toml"), "--events", str(events))
    told = re.findall(r'"id":"(.+?)".+?"tier":"(.+?)".+?"cause":\{"event_id":"(.+?)"', changes.out)
    assert told == [
        ("C001:1", "low", "booking-8801-balance"),
        ("C001:2", "mid", "booking-8803-balance"),
        ("C002:1", "high", "booking-8804-balance"),
    ]
    assert load_mapping(mapping.read_text()).sources
