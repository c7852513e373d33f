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
    moves = ["5", "customers:", "2", "up", "(40.0%),", "0", "down", "(0.0%),", "3", "stay", "(60.0%)"]
    assert moves in lines
    below = done.stdout.splitlines()
    assert "events from 24 November 2026 to 24 November 2026" in below
    assert "  mid is entered from 300,000.00, no longer from 500,000.00" in below
    assert below[-1] == "customers with mobile-only-products: 1; then 3"
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


def test_table_and_picture_are_told_in_the_language_that_is_asked_for(given: list[str], tmp_path: Path) -> None:
    done = simulate(*given, "--lang", "zh-TW", "--picture", str(tmp_path / "m.svg"))
    lines = done.stdout.splitlines()
    assert lines[2].split() == ["由／至", "低價值客戶", "中等價值客戶", "高淨值客戶", "合計"]
    told = [
        "共 5 位客戶：2 位升等（40.0%）、0 位調降（0.0%）、3 位不變（60.0%）",
        "資料期間：2026年11月24日至2026年11月24日",
        "  進入 中等價值客戶 的門檻為 300,000.00，不再是 500,000.00",
        "享有「手機銀行專屬產品」的客戶數：1；改後 3",
    ]
    assert [line for line in told if line not in lines] == []
    picture = (tmp_path / "m.svg").read_text(encoding="utf-8")
    assert [line for line in told if line.strip() not in picture] == []


def test_what_campaigns_pay_is_told_under_both_policies(given: list[str], tmp_path: Path) -> None:
    lines = [
        {"topic": "bank.balances", "value": {"balance": "400000", "as_of": 1_795_492_800_000}},
        {
            "topic": "bank.transactions",
            "value": {"amount": "5000", "type": "purchase", "occurred_at": 1_795_492_801_000},
        },
        {"topic": "bank.balances", "value": {"balance": "400001", "as_of": 1_799_492_800_000}},
    ]
    for number, line in enumerate(lines):
        line["value"] |= {"event_id": f"e{number}", "customer_id": "C1", "account_id": "a", "currency": "TWD"}
    (tmp_path / "events.jsonl").write_text("\n".join(map(json.dumps, lines)))
    told = simulate(*given).stdout.splitlines()
    assert "campaigns pay TWD 50; then TWD 0: TWD 50 less" in told
    assert "triggers of cash-back: 1 (TWD 50); then 0" in told
    found = json.loads(simulate(*given, "--json").stdout)
    assert (found["first_at"], found["last_at"]) == ("2026-11-24T12:00:00+08:00", "2027-01-09T19:06:40+08:00")
    assert {"campaign": "cash-back", "triggers_in_policy": 1, "triggers_in_compare": 0} | {
        "paid_in_policy": "50.00",
        "paid_in_compare": "0.00",
    } in found["campaigns"]


def test_a_picture_in_chinese_needs_a_font(given: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.simulate.png._system_font", lambda: None)
    done = simulate(*given, "--lang", "zh-TW", "--picture", str(tmp_path / "m.png"))
    assert str(done.exception).startswith("--picture: no font of this machine has Chinese characters; install tierflow")
    assert simulate(*given, "--lang", "en", "--picture", str(tmp_path / "m.png")).exit_code == 0


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
