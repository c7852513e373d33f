"""A first mapping from samples: what can be told is told, what cannot is marked, and nothing else is wrong with it."""

import gzip
import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import UsageError
from streams.intake.check import check_mapping
from streams.intake.compile.mapping import load_mapping
from streams.intake.suggest.columns import Column, columns_of
from streams.intake.suggest.mapping_text import Sample, mapping_text
from streams.intake.suggest.shapes import money_words, time_words
from streams.load.suggested import suggested
from streams.load.trial import tried
from streams.policy.compile.load import load_policy
from streams.settings import policy_folder
from tests.support.laws import laws
from tests.support.samples import FOLDER, MAPPINGS, sample_of

SAMPLES = [sample_of(path) for path in MAPPINGS if path.stem != "camt"]


def values(mapping: Path | str, sample: Path, topic_number: int = 0) -> list[dict[str, Any]]:
    """The events of one input that come of a sample, by a mapping that is given as a file or as text."""
    read = load_mapping(mapping if isinstance(mapping, str) else mapping.read_text("utf-8"))
    [(name, source)] = read.sources.items()
    policy = load_policy((policy_folder() / "standard.toml").read_text())
    rows = list(tried(source, read.file.sources[name], sample, policy))
    assert [row.refused for row in rows if row.refused] == []
    return [json.loads(event.value) for row in rows for event in row.events if event.topic == topic_number]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_what_could_not_be_guessed_is_marked_and_nothing_else_is_wrong(sample: Path) -> None:
    text = suggested(sample, None, None)
    lines = text.splitlines()
    errors = check_mapping(text).errors
    assert errors
    assert [error for error in errors if '"?"' not in lines[error.line - 1]] == []


def test_a_core_s_file_lacks_its_zone_alone() -> None:
    sample = FOLDER / "taiwan-core.csv"
    text = suggested(sample, "deposits", None)
    assert text.count('"?"') == 1
    guessed = values(text.replace('zone = "?"', 'zone = "Asia/Taipei"\nskip = "狀態 != \'正常\'"'), sample)
    by_hand = values(FOLDER / "taiwan-core.toml", sample)
    assert guessed == [{name: value for name, value in event.items() if name != "product"} for event in by_hand]


def test_cents_and_rows_inside_a_record_are_seen() -> None:
    sample = FOLDER / "json-postings.jsonl"
    text = suggested(sample, None, "ledger.journal")
    for code in ("card", "end of day", "transfer"):
        text = text.replace(f'"{code}" = "?"', f'"{code}" = "other"')
    guessed = [event["balance"] for event in values(text, sample)]
    assert guessed == [event["balance"] for event in values(FOLDER / "json-postings.toml", sample)]


def test_a_file_of_another_dialect_is_told(tmp_path: Path) -> None:
    path = tmp_path / "buchungen.csv.gz"
    rows = "Auszug\n\nNr;Konto;Kunde;Betrag;Saldo;Währung;Buchungstag\n17;A1;K1;-1.250,50;3.000,00;EUR;24.11.2026\n"
    path.write_bytes(gzip.compress((rows + "18;A1;K1;2.000,00;5.000,00;EUR;25.11.2026\n").encode()))
    read = tomllib.loads(suggested(path, None, None))["sources"]["buchungen"]
    assert read["csv"] == {"encoding": "utf-8", "delimiter": ";", "skip_lines": 2}
    money = {"thousands": ".", "decimal_point": ","}
    assert read["transactions"]["amount"] == {"path": "Betrag", **money, "sign": "drop"}
    assert read["balances"]["balance"] == {"path": "Saldo", **money}
    assert read["balances"]["as_of"] == {"path": "Buchungstag", "form": "%d.%m.%Y", "of_day": "?"}
    assert (read["balances"]["customer_id"], read["balances"]["currency"]) == ("Kunde", "Währung")
    assert read["balances"]["event_id"] == {"template": "{Nr}-balance"}


def test_the_topic_is_that_of_the_records_where_they_say_it(tmp_path: Path) -> None:
    record = {
        "topic": "core.bookings",
        "partition": 0,
        "offset": 1,
        "tstype": "create",
        "ts": 1,
        "payload": '{"id": 1}',
    }
    (tmp_path / "x.jsonl").write_text(json.dumps(record))
    assert 'topic = "core.bookings"' in suggested(tmp_path / "x.jsonl", None, None)
    assert 'topic = "other"' in suggested(tmp_path / "x.jsonl", None, "other")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (["1234.50", "-7"], ""),
        (["1,234.50"], ', thousands = ","'),
        (["1.234,50", "5,00"], ', thousands = ".", decimal_point = ","'),
        (["100.00-", "5"], ', negative = "trailing"'),
        (["(100)", "5"], ', negative = "parentheses"'),
        (["NT$1,234"], ', thousands = ",", symbol = "NT$"'),
        (["１，２３４．５０"], ', thousands = ",", full_width = true'),
        (["AeI6"], ', bytes = "base64", scale = "?"'),
        (["Lin", "1"], None),
    ],
)
def test_how_amounts_are_written_is_told_by_all_of_them(values: list[str], words: str | None) -> None:
    assert money_words(Column("x", "x", tuple(values))) == words


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (["2026-11-24T09:30:00Z"], [""]),
        (["2026-11-24", "2026-11-25 10:00"], [""]),
        ([1795483800125], [', unit = "ms"']),
        ([1795483800], [', unit = "s"']),
        ([20261124], [', form = "%Y%m%d"']),
        (["1151124"], [', form = "%Y%m%d", calendar = "roc"']),
        (["24.11.2026 09:30"], [', form = "%d.%m.%Y %H:%M"']),
        (["03/04/2026"], [', form = "%d/%m/%Y"', ', form = "%m/%d/%Y"']),
        (["03/04/2026", "13/04/2026"], [', form = "%d/%m/%Y"']),
        (["24-NOV-26"], [', form = "%d-%b-%y"']),
        (["tomorrow"], []),
    ],
)
def test_how_times_are_written_is_told_by_all_of_them(values: list[Any], words: list[str]) -> None:
    assert time_words(values) == words


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file has no rows"),
        (b"\xff\xff\xfe\n", "its encoding cannot be told"),
        (b"<Document/>", "copy examples/sources/camt.toml"),
        (b'{"schema": 5, "payload": {"op": "c", "after": null}}', "has no record that is an object"),
    ],
)
def test_what_no_mapping_can_be_made_of_is_a_sentence(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(UsageError, match=r".") as caught:
        suggested(tmp_path / "x", None, None)
    assert said in str(caught.value)


NAMES = st.sampled_from(["id", "customer", "帳號", "amount", "Balance (TWD)", "ccy", "date", "time", "type", "dc", "x"])
LEAVES = (
    st.none() | st.integers(-(10**20), 10**20) | st.text(max_size=8) | st.sampled_from(["1,000.00", "D", "2026-11-24"])
)


@given(st.lists(st.dictionaries(NAMES, LEAVES | st.dictionaries(NAMES, LEAVES, max_size=3)), max_size=4))
@laws(150)
def test_a_mapping_of_any_rows_is_toml_and_wrong_only_where_it_is_marked(rows: list[dict[str, Any]]) -> None:
    text = mapping_text(Sample("x", "json", ('topic = "t"',)), columns_of(rows))
    lines = text.splitlines()
    assert [error for error in check_mapping(text).errors if '"?"' not in lines[error.line - 1]] == []


def test_the_sign_of_a_balance_stands_in_a_column_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    row = {"acct": {"no": "A1"}, "cif": "K1", "postedAt": "2026-11-24T10:00:00Z"}
    flags = [{**row, "bal": {"minor": 25_000, "ccy": "TWD", "drCrFlg": flag}} for flag in ("D", "C")]
    path.write_text("\n".join(map(json.dumps, flags)))
    [source] = tomllib.loads(suggested(path, None, None))["sources"].values()
    assert source["balances"]["balance"]["sign"] == {"path": "bal.drCrFlg", "plus": ["C"], "minus": ["D"]}
    path.write_text(json.dumps(flags[0]))  # the word for the other one is not known
    [source] = tomllib.loads(suggested(path, None, None))["sources"].values()
    assert source["balances"]["balance"]["sign"] == {"path": "bal.drCrFlg", "plus": ["?"], "minus": ["D"]}
