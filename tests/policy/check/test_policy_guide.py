"""docs/policies.md: every policy of the guide can be used and does what its table says; no word is left out."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from streams.policy.check.check import check
from streams.policy.compile.load import load_policy
from streams.policy.language.document import PolicyFile
from tierflow.testing import Bank

GUIDE = (Path(__file__).parents[3] / "docs" / "policies.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"```toml\n(?P<policy>.*?)```\n(?P<table>\n\| when .*?\n\n)?", re.DOTALL)
STEPS = {load_policy(found["policy"]).name: (found["policy"], found["table"] or "") for found in BLOCK.finditer(GUIDE)}


@pytest.mark.parametrize("name", STEPS)
def test_every_policy_of_the_guide_can_be_used_and_gives_no_warning(name: str) -> None:
    report = check(STEPS[name][0])
    assert (report.errors, report.warnings) == ([], [])


@pytest.mark.parametrize("name", [name for name, (_, table) in STEPS.items() if table])
def test_every_table_of_the_guide_is_what_the_engine_does(name: str) -> None:
    document, table = STEPS[name]
    Bank(document).check(table)


def test_the_conditions_of_the_loan_of_the_guide_are_those_of_its_message() -> None:
    document, table = STEPS["loans"]
    bank = Bank(document)
    bank.check(table)
    (message,) = [loan for loan in bank.loans() if loan["id"] == "C:L3:decision"]
    (shown,) = re.findall(r"```json\n(.*?)```", GUIDE, re.DOTALL)
    assert json.loads(shown) == message["conditions"]


def words_of(kind: Any, seen: tuple[Any, ...] = ()) -> Iterator[str]:
    match kind:
        case msgspec.inspect.StructType(cls=cls, fields=fields) if cls not in seen:
            for field in fields:
                yield field.name
                yield from words_of(field.type, (*seen, cls))
        case msgspec.inspect.LiteralType(values=values):
            yield from map(str, values)
        case msgspec.inspect.ListType(item_type=item) | msgspec.inspect.DictType(value_type=item):
            yield from words_of(item, seen)
        case msgspec.inspect.Metadata(type=item):
            yield from words_of(item, seen)
        case msgspec.inspect.UnionType(types=types):
            for option in types:
                yield from words_of(option, seen)


WORDS = sorted(set(words_of(msgspec.inspect.type_info(PolicyFile))))


@pytest.mark.parametrize("word", WORDS)
def test_every_word_of_the_language_is_in_an_example_and_in_the_list(word: str) -> None:
    examples = "\n".join(document for document, _ in STEPS.values())
    assert re.search(rf"\b{word}\b", examples)
    words = GUIDE.partition("## All words")[2]
    assert re.search(rf'`"?{word}"?`', words)


def test_the_list_has_no_other_words() -> None:
    listed = re.findall(r"^\| (`[^|]*`) \|", GUIDE.partition("## All words")[2], re.MULTILINE)
    assert {word for cell in listed for word in re.findall(r"\w+", cell)} <= set(WORDS)


def test_the_errors_of_the_guide_are_told_like_that() -> None:
    for message in re.findall(r"^my-policy\.toml, line \d+, [\w.]+: (.*)$", GUIDE, re.MULTILINE):
        broken = (
            STEPS["two-tiers"][0].replace('"500000"', "500000")
            + "[falling]\nafter_month = 3\n[rating]\nwhen = 'daily'\n"
        )
        assert message in [error.message for error in check(broken).errors]
