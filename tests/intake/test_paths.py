"""Paths, conditions and templates: JMESPath, numbers exact."""

from decimal import Decimal

import jmespath
import pytest

from streams.intake.exact import read_json
from streams.intake.paths import compile_condition, compile_path
from streams.intake.refused import MissingError, RefusedError
from streams.intake.templates import compile_template

ROW = read_json(
    """{"id": 7, "amount": -12.50, "big": 12345678901234567.123456, "kind": "POS", "empty": "", "none": null,
    "customer": {"id": "C1", "names": ["a", "b"]}, "交易類別": "存款", "account-id": "A-1", "branch no": 3,
    "legs": [{"dc": "D", "amount": 1.10}, {"dc": "C", "amount": 2.20}], "_record": {"offset": 17}}"""
)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("id", 7),
        ("customer.id", "C1"),
        ("customer.names[1]", "b"),
        ("customer.names[-1]", "b"),
        ("customer.names[9]", None),
        ("nothing.at.all", None),
        ("id.of.a.number", None),
        ("_record.offset", 17),
        ('"交易類別"', "存款"),
        ("交易類別", "存款"),
        ("account-id", "A-1"),
        ("branch no", 3),
        ("legs[?dc=='C'].amount | [0]", Decimal("2.20")),
        ("customer.id || 'unknown'", "C1"),
        ("none || kind", "POS"),
        ("abs(amount)", Decimal("12.50")),
        ("abs(big)", Decimal("12345678901234567.123456")),
        ("sum(legs[].amount)", Decimal("3.30")),
        ("to_number('0.1')", Decimal("0.1")),
        ("to_string(amount)", "-12.50"),
        ("join('-', [kind, to_string(id)])", "POS-7"),
        ("max(legs[].amount)", Decimal("2.20")),
        ("type(amount)", "number"),
        ("@.id", 7),
    ],
)
def test_a_path_finds_its_value(path: str, value: object) -> None:
    assert compile_path(path).find(ROW) == value


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("kind == 'POS'", True),
        ("kind != 'POS'", False),
        ("amount < `0`", True),
        ("amount == `-12.5`", True),
        ("big > `12345678901234567`", True),
        ("id == `7` && kind == 'ATM'", False),
        ("contains(['POS', 'ATM'], kind)", True),
        ("starts_with(kind, 'P')", True),
        ("交易類別 == '存款'", True),
        ("交易類別 == '交易類別'", False),
        ("none", False),
        ("empty", False),
        ("id", True),
        ("!none", True),
        ("nothing > `5`", False),
    ],
)
def test_a_condition_holds_or_does_not(condition: str, holds: object) -> None:
    assert compile_condition(condition).find(ROW) is holds


@pytest.mark.parametrize(
    ("path", "roots"),
    [
        ("id", {"id"}),
        ("customer.id", {"customer"}),
        ("legs[?dc=='C'].amount | [0]", {"legs"}),
        ("none || customer.id", {"none", "customer"}),
        ("join('-', [kind, _record.topic])", {"kind", "_record"}),
    ],
)
def test_the_names_that_a_path_begins_with_are_known(path: str, roots: set[str]) -> None:
    assert compile_path(path).roots == roots


@pytest.mark.parametrize("condition", ["kind == 'POS'", "kind != 'POS'", "a.b == 'POS'", "a[0] != 'POS'", "kind == ''"])
@pytest.mark.parametrize("value", ["POS", "ATM", "", None, 5, True, [], {}, ["POS"], {"b": "POS"}])
def test_a_comparison_with_a_text_says_what_jmespath_says(condition: str, value: object) -> None:
    row = {"kind": value, "a": value}
    assert compile_condition(condition).find(row) is jmespath.search(condition, row)


def test_what_cannot_be_worked_out_is_refused() -> None:
    with pytest.raises(RefusedError, match="cannot be worked out"):
        compile_path("abs(kind)").find(ROW)
    with pytest.raises(RefusedError, match="write to_number"):
        compile_condition("kind > `5`").find(ROW)


def test_a_template_is_filled_with_what_its_paths_find() -> None:
    assert compile_template("{kind}-{id}-{{{customer.id}}}").find(ROW) == "POS-7-{C1}"
    with pytest.raises(MissingError, match='there is nothing at "none"'):
        compile_template("x-{none}").find(ROW)
