"""`tierflow simulate --compare` as it is called."""

import json
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from streams.cli.commands import app
from streams.errors import UsageError
from streams.settings import policy_folder
from tests.support.histories import STANDARD

TODAY = policy_folder() / "standard.toml"
AMOUNTS = {"C5": "299999.99", "C3": "300000", "C4": "499999.99", "C1": "500000", "客戶": "6000000"}


@pytest.fixture
def given(tmp_path: Path) -> list[str]:
    """The options that say what is compared: today's floors, and lower ones, on five balances."""
    (tmp_path / "lower.toml").write_text(STANDARD.document.replace('"500000"', '"300000"').replace("n = 1", "n = 2"))
    value = {"account_id": "a", "currency": "TWD", "as_of": 1_795_492_800_000}
    lines = [
        {"topic": "bank.balances", "value": {**value, "event_id": "b", "customer_id": customer, "balance": amount}}
        for customer, amount in AMOUNTS.items()
    ]
    (tmp_path / "events.jsonl").write_text("\n".join(json.dumps(line) for line in lines))
    return [*options(TODAY, tmp_path / "events.jsonl"), "--compare", str(tmp_path / "lower.toml")]


def options(policy: Path, events: Path) -> list[str]:
    return ["--policy", str(policy), "--events", str(events)]


def simulate(*words: str) -> Result:
    return CliRunner().invoke(app, ["simulate", *words])


def test_the_table_is_plain_text_where_no_terminal_is(given: list[str]) -> None:
    done = simulate(*given)
    lines = [line.split() for line in done.stdout.splitlines() if line.split()]
    assert done.exit_code == 0
    assert done.stdout.isprintable() is False
    assert "\x1b" not in done.stdout
    assert lines[0] == ["rows:", "tier", "under", "standard", "v1;", "columns:", "tier", "under", "standard", "v2"]
    assert lines[1] == ["from", "/", "to", "low", "mid", "high", "all"]
    assert lines[3:6] == [
        ["low", "customers", "1", "2", "0", "3"],
        ["of", "all", "20.0%", "40.0%", "60.0%"],
        ["of", "the", "row", "33.3%", "66.7%", "100.0%"],
    ]
    assert ["all", "customers", "1", "3", "1", "5"] in lines
    assert lines[-1] == ["5", "customers:", "2", "up", "(40.0%),", "0", "down", "(0.0%),", "3", "stay", "(60.0%)"]
    assert done.stderr.startswith("5 events under two policies in ")


@pytest.mark.parametrize(
    ("cell", "customers"),
    [("low:mid", ["C3", "C4"]), ("low:low", ["C5"]), ("high:high", ["客戶"]), ("high:low", [])],
)
def test_list_prints_the_customers_behind_a_cell(given: list[str], cell: str, customers: list[str]) -> None:
    done = simulate(*given, "--list", cell)
    assert (done.exit_code, done.stdout.splitlines()) == (0, customers)


def test_json_is_one_object(given: list[str]) -> None:
    found = json.loads(simulate(*given, "--json").stdout)
    assert found["policy"] == {
        "name": "standard",
        "version": 1,
        "digest": STANDARD.digest,
        "tiers": ["low", "mid", "high"],
    }
    assert found["compare"]["version"] == 2
    assert [found[name] for name in ("customers", "up", "down", "same", "undirected")] == [5, 2, 0, 3, 0]
    assert found["rows"] == {"low": 3, "mid": 1, "high": 1}
    assert found["columns"] == {"low": 1, "mid": 3, "high": 1}
    assert [cell for cell in found["cells"] if cell["customers"] and cell["move"] == "up"] == [
        {"from": "low", "to": "mid", "customers": 2, "share": 0.4, "share_of_row": 0.666667, "move": "up"}
    ]


@pytest.mark.parametrize("answer", [[], ["--json"], ["--list", "low:mid"]])
def test_a_picture_comes_besides_the_answer(given: list[str], tmp_path: Path, answer: list[str]) -> None:
    without = simulate(*given, *answer).stdout
    assert simulate(*given, *answer, "--picture", str(tmp_path / "m.svg")).stdout == without
    assert simulate(*given, *answer, "--picture", str(tmp_path / "M.PNG")).stdout == without
    assert (tmp_path / "m.svg").read_text(encoding="utf-8").startswith("<svg xmlns=")
    with Image.open(tmp_path / "M.PNG") as image:
        image.load()


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--list", "low"], "--list is 'low'; write two tiers with a colon between, such as low:high"),
        (["--list", "top:mid"], "--list: --policy has no tier 'top'; write one of low, mid, high"),
        (["--list", "low:top"], "--list: --compare has no tier 'top'; write one of low, mid, high"),
        (["--list", "low:mid", "--json"], "--list and --json are two answers; write one of them"),
        (["--full"], "--full shows the outputs of one policy; leave out --compare, or --full"),
        (["--from-kafka"], "write either --events FILE or --from-kafka: one of them says where the events are"),
        (["--picture", "m.jpg"], "--picture: m.jpg ends with .jpg; write a name with .svg or .png"),
        (["--picture", "m"], "--picture: m ends with nothing; write a name with .svg or .png"),
        (["--picture", "nowhere/m.svg"], "--picture: there is no folder nowhere; make it, or write another one"),
        (["--compare", "missing.toml"], "--compare: missing.toml cannot be read: No such file or directory; "),
    ],
)
def test_options_that_do_not_go_together_are_told(given: list[str], words: list[str], complaint: str) -> None:
    done = simulate(*given, *words)
    assert isinstance(done.exception, UsageError)
    assert str(done.exception).startswith(complaint)


@pytest.mark.parametrize("words", [["--list", "low:mid"], ["--json"], ["--picture", "m.svg"]])
def test_answers_of_a_comparison_need_one(words: list[str], tmp_path: Path) -> None:
    done = simulate(*options(TODAY, tmp_path / "missing.jsonl"), *words)
    assert str(done.exception).startswith(f"{words[0]} needs another policy to compare with; write --compare FILE too")


def test_events_come_from_somewhere() -> None:
    assert str(simulate("--policy", str(TODAY)).exception).startswith("write either --events FILE or --from-kafka")
