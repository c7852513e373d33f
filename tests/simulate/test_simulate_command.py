"""`tierflow simulate` as it is called: no broker, and of the settings the number of ids that are remembered alone."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from streams.settings import policy_folder

COMMAND = Path(sys.executable).with_name("tierflow")
POLICY = policy_folder() / "assets-only.toml"


BEGINS_MS = 1_795_483_800_000


def balance(customer: str, amount: str, after_ms: int) -> str:
    at_ms = BEGINS_MS + after_ms
    value = {"event_id": f"b{at_ms}", "customer_id": customer, "account_id": "a", "balance": amount, "currency": "TWD"}
    return json.dumps({"topic": "bank.balances", "value": {**value, "as_of": at_ms}}) + "\n"


EVENTS = balance("C1", "499999.99", 1) + "\n" + balance("李", "x", 2) + balance("C1", "500000", 3)


def simulate(folder: Path, *arguments: str, stdin: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
    command = [COMMAND, "simulate", *arguments]
    nothing_set = {"KAFKA_BOOTSTRAP_SERVERS": "nonsense", **variables}  # and nothing of the broker's looked at
    nothing_set |= {"PYTHONPATH": os.environ["PYTHONPATH"]} if "PYTHONPATH" in os.environ else {}
    return subprocess.run(
        command, cwd=folder, env=nothing_set, input=stdin, capture_output=True, text=True, check=False
    )


def test_changes_are_json_lines_on_standard_output_and_the_count_is_beside_it(tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").write_text(EVENTS)
    done = simulate(tmp_path, "--policy", str(POLICY), "--events", "events.jsonl")
    assert done.returncode == 0, done.stderr
    assert [(change["id"], change["tier"]) for change in map(json.loads, done.stdout.splitlines())] == [
        ("C1:1", "low"),
        ("C1:2", "mid"),
    ]
    assert done.stderr.startswith("3 events, 2 tier changes, 1 dead letters (invalid_field 1) in ")


def test_full_names_the_topic_of_every_output_and_a_dash_is_standard_input(tmp_path: Path) -> None:
    done = simulate(tmp_path, "--policy", str(POLICY), "--events", "-", "--full", stdin=EVENTS)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    topics = ["tier.changes", "tier.current", "tier.dead-letters", "tier.changes", "tier.current"]
    assert [line["topic"] for line in lines] == topics
    assert [set(line) for line in lines] == [{"topic", "value"}] * 5
    assert lines[1]["value"] == lines[0]["value"]
    assert lines[2]["value"]["reason"] == "invalid_field"
    assert lines[3]["value"]["value"] == "500000.00"


def test_full_shows_a_tombstone_with_its_key(tmp_path: Path) -> None:
    erase = {"event_id": "e1", "customer_id": "李", "action": "erase", "at": BEGINS_MS + 2}
    lines = balance("李", "1", 1) + json.dumps({"topic": "bank.customers", "value": erase})
    done = simulate(tmp_path, "--policy", str(POLICY), "--events", "-", "--full", stdin=lines)
    assert json.loads(done.stdout.splitlines()[-1]) == {"topic": "tier.current", "key": "李", "value": None}


def test_half_a_surrogate_pair_is_no_hindrance_where_nobody_reads_it_and_a_dead_letter_in_an_id(tmp_path: Path) -> None:
    cut = balance("C1", "1", 1).replace("{", r'{"note": "\ud83d", ') + balance(r"C2\ud83d", "1", 2).replace(r"\\", "\\")
    done = simulate(tmp_path, "--policy", str(POLICY), "--events", "-", stdin=cut + balance("C3", "1", 3))
    assert done.returncode == 0
    assert done.stderr.startswith("3 events, 2 tier changes, 1 dead letters (invalid_field 1) in ")


def test_events_are_worked_in_their_order_in_batches_of_a_file_too(tmp_path: Path) -> None:
    lines = "".join(balance(f"C{number % 7}", str(490_000 + number % 20_000), number) for number in range(1, 45_001))
    (tmp_path / "events.jsonl").write_text(lines)
    of_file = simulate(tmp_path, "--policy", str(POLICY), "--events", "events.jsonl")
    of_pipe = simulate(tmp_path, "--policy", str(POLICY), "--events", "-", stdin=lines)
    assert of_file.stdout == of_pipe.stdout
    assert of_file.stderr.startswith("45,000 events, ")


def test_a_broken_line_is_named_after_what_stands_before_it(tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").write_text(EVENTS + '{"topic": "tier.changes", "value": {}}\n' + EVENTS)
    done = simulate(tmp_path, "--policy", str(POLICY), "--events", "events.jsonl")
    assert done.returncode == 2
    assert len(done.stdout.splitlines()) == 2
    assert done.stderr.startswith("tierflow: events.jsonl, line 5: the topic is 'tier.changes'; write bank.balances, ")


@pytest.mark.parametrize(
    ("policy", "complaint"),
    [
        ("missing.toml", "tierflow: --policy: missing.toml cannot be read: No such file or directory"),
        (".", "tierflow: --policy: . cannot be read: Is a directory"),
        ("bad.toml", "tierflow: --policy, bad.toml: "),
        ("binary.toml", "tierflow: --policy, binary.toml: 'utf-8' codec can't decode"),
    ],
)
def test_a_policy_that_cannot_be_used_is_named(tmp_path: Path, policy: str, complaint: str) -> None:
    (tmp_path / "bad.toml").write_text('name = "x"\n')
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    done = simulate(tmp_path, "--policy", policy, "--events", "-")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(complaint)


def test_a_missing_file_of_events_is_named(tmp_path: Path) -> None:
    done = simulate(tmp_path, "--policy", str(POLICY), "--events", "missing.jsonl")
    assert done.returncode == 2
    assert done.stderr.startswith("tierflow: missing.jsonl cannot be read: No such file or directory; name a file of ")


@pytest.mark.parametrize(("remembered_ids", "tiers"), [("64", ["low", "mid"]), ("200", ["low"])])
def test_as_many_ids_are_remembered_as_are_asked_for(tmp_path: Path, remembered_ids: str, tiers: list[str]) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text(
        """
        name = "bought"
        version = 1
        currency = "TWD"
        measures.bought = { sum = ["purchase"], days = 90 }
        tiers = [{ id = "low" }, { id = "mid", enter = { measure = "bought", at_least = "101" } }]
        """
    )
    bought = [
        {"event_id": f"t{number}", "customer_id": "C1", "account_id": "a", "type": "purchase", "amount": "1"}
        | {"currency": "TWD", "occurred_at": BEGINS_MS + number}
        for number in range(100)
    ]
    lines = "".join(json.dumps({"topic": "bank.transactions", "value": value}) + "\n" for value in bought + bought)
    given = {"TIERFLOW_REMEMBERED_IDS": remembered_ids}
    done = simulate(tmp_path, "--policy", str(policy), "--events", "-", stdin=lines, **given)
    assert [json.loads(line)["tier"] for line in done.stdout.splitlines()] == tiers


def test_a_number_that_cannot_be_is_refused(tmp_path: Path) -> None:
    done = simulate(tmp_path, "--policy", str(POLICY), "--events", "-", stdin=EVENTS, TIERFLOW_REMEMBERED_IDS="63")
    assert done.returncode == 2
    assert "TIERFLOW_REMEMBERED_IDS is '63'; write a whole number from 64 to 100,000" in " ".join(done.stderr.split())
