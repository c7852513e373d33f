"""examples/sources: every mapping can be used, and its sample gives the tier changes that are told."""

import json
from pathlib import Path

import pytest

from streams.contracts.lines import line_of
from streams.intake.check import check_mapping
from streams.intake.compile.mapping import load_mapping
from streams.load.trial import Tried, tried
from streams.policy.compile.load import load_policy
from streams.settings import policy_folder
from tests.support.commands import tierflow
from tests.support.samples import MAPPINGS, sample_of

STANDARD = policy_folder() / "standard.toml"
# By mapping: what comes of the sample, of which the first letters say enough; and the tiers that customers enter.
CHANGES = {
    "camt": ["C401 mid"],
    "json-postings": ["C301 low", "C302 mid", "C301 mid"],
    "oracle-debezium": ["C101 low", "C102 high", "C101 mid"],
    "postgres-debezium": ["C201 low", "C201 mid", "C202 high"],
    "taiwan-core": ["C001 low", "C001 mid", "C002 high"],
}


def rows(path: Path) -> list[Tried]:
    mapping = load_mapping(path.read_text(encoding="utf-8"))
    [(name, source)] = mapping.sources.items()
    return list(tried(source, mapping.file.sources[name], sample_of(path), load_policy(STANDARD.read_text())))


@pytest.mark.parametrize("path", MAPPINGS, ids=lambda path: path.stem)
def test_an_example_can_be_used_and_its_sample_is_taken_whole(path: Path) -> None:
    report = check_mapping(path.read_text(encoding="utf-8"))
    assert (report.errors, report.warnings) == ([], [])
    assert [row.refused for row in rows(path) if row.refused is not None] == []


@pytest.mark.slow
@pytest.mark.parametrize("path", MAPPINGS, ids=lambda path: path.stem)
def test_the_sample_of_an_example_moves_customers(path: Path, tmp_path: Path) -> None:
    events = tmp_path / "events.jsonl"
    said = tierflow({}, "intake", "try", str(path), "--records", str(sample_of(path)), "--events", str(events))
    assert said.status == 0, said.err
    assert events.read_bytes() == b"".join(line_of(event) for row in rows(path) for event in row.events)
    changes = tierflow({}, "simulate", "--policy", str(STANDARD), "--events", str(events))
    assert "0 dead letters" in changes.err
    read = [json.loads(line) for line in changes.out.splitlines()]
    assert [f"{change['customer_id']} {change['tier']}" for change in read] == CHANGES[path.stem]


def test_what_an_oracle_leaves_unsaid_is_read_as_the_mapping_says() -> None:
    """Base64 of unscaled digits, an id with a scale, local microseconds, a number filled up with blanks, a reversal."""
    [path] = [path for path in MAPPINGS if path.stem == "oracle-debezium"]
    *_, reversal, archived = rows(path)
    balance, transaction = (json.loads(event.value) for event in reversal.events)
    assert (balance["balance"], balance["account_id"]) == ("530000.00", "A-1001")
    assert transaction == {
        "event_id": "booking-9005",
        "customer_id": "C101",
        "account_id": "A-1001",
        "type": "purchase",
        "amount": "1250.50",
        "currency": "TWD",
        "occurred_at": 1793868300000,
        "reverses": "booking-9002",
        "reversed_at": 1793680200500,
    }
    assert archived.skipped == "rows were deleted"


def test_a_statement_s_reversal_takes_back_the_entry_that_it_names() -> None:
    [path] = [path for path in MAPPINGS if path.stem == "camt"]
    events = [json.loads(event.value) for row in rows(path) for event in row.events]
    [reversal] = [event for event in events if "reverses" in event]
    [undone] = [event for event in events if event["event_id"] == reversal["reverses"]]
    assert (reversal["type"], reversal["amount"]) == (undone["type"], undone["amount"]) == ("transfer_out", "1250.50")
    assert reversal["reversed_at"] == undone["occurred_at"]
