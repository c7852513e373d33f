"""How the values of a column are written: the words of a mapping that read all of them."""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from itertools import product
from typing import Any

from streams.intake.fields.money import compile_money
from streams.intake.fields.times import compile_time
from streams.intake.language.rules import CsvRule, MoneyRule, SourceWords, TimeRule
from streams.intake.refused import RefusedError
from streams.intake.suggest.columns import Column
from streams.intake.texts import in_plain_signs
from streams.intake.time_forms import has_clock
from streams.policy.language.forms import quoted

UNKNOWN = '"?"'
_WORDS = SourceWords(format="json", csv=CsvRule())
_DATES = (
    "%Y%m%d",
    "%Y/%m/%d",
    "%d.%m.%Y",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d-%m-%Y",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%d.%m.%y",
    "%y%m%d",
)
_CLOCKS = ("%H:%M:%S", "%H:%M", "%H%M%S", "%H:%M:%S.%f", "%H%M")
_BEFORE_A_CLOCK = ("", " ", "T", "-")
_ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_BASE64 = re.compile(r"[A-Za-z0-9+/]{1,42}={0,2}", re.ASCII)
_YEARS = (1990, 2100)
# By unit, a number of them since 1970 in these years.
_NUMBERS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_SECONDS = (631_152_000, 4_102_444_800)


def money_words(column: Column) -> str | None:
    """Gives the words, behind the path, that read all values as amounts; None where there are none."""
    texts = [value for value in column.values if isinstance(value, str)]
    is_base64 = len(texts) == len(column.values) and all(
        _BASE64.fullmatch(text) and not len(text) % 4 for text in texts
    )
    symbols = sorted({found.strip() for found in re.findall(r"[^\d\s.,()+-]{1,4}", "".join(texts))})
    always: dict[str, Any] = {} if in_plain_signs("".join(texts)) == "".join(texts) else {"full_width": True}
    for symbol in ("", *symbols):
        for words in _candidates({**always, "symbol": symbol} if symbol else always):
            if _are_amounts(column.values, MoneyRule(path="x", **words)):
                return "".join(f", {name} = {_written(word)}" for name, word in words.items())
        if is_base64:
            return f', bytes = "base64", scale = {UNKNOWN}'
    return None


def _are_amounts(values: Iterable[Any], rule: MoneyRule) -> bool:
    read = compile_money(rule, _WORDS, is_from_zero=False)
    return all(_reads(lambda value: read(value, None, "TWD"), value) for value in values)


def _candidates(always: dict[str, Any]) -> Iterator[dict[str, Any]]:
    points: tuple[dict[str, str], ...] = (
        {},
        {"thousands": ","},
        {"decimal_point": ","},
        {"thousands": ".", "decimal_point": ","},
    )
    negatives: tuple[dict[str, str], ...] = ({}, {"negative": "trailing"}, {"negative": "parentheses"})
    for point, negative in product(points, negatives):
        yield {**point, **negative, **always}


def has_negative(column: Column) -> bool:
    """Says whether a value may be below 0."""
    return any("-" in str(value) or str(value).startswith("(") for value in column.values)


def is_money(column: Column) -> bool:
    """Says whether all values may be amounts."""
    return money_words(column) is not None


def time_words(values: Iterable[Any]) -> list[str]:
    """Gives the words that read all values as times, without a zone: none, one, or several where it cannot be told."""
    known = list(values)
    if all(isinstance(value, int | Decimal) and not isinstance(value, bool) for value in known):
        units = [f', unit = "{unit}"' for unit, size in _NUMBERS.items() if _are_seconds(known, size)]
        if units or not all(len(str(value)) in {7, 8, 14} for value in known):
            return units
    if all(isinstance(value, date) for value in known):
        return [""]
    texts = [str(value).strip() for value in known]
    if not all(re.fullmatch(r"[0-9]{8}", text) for text in texts) and _read_all(TimeRule(path="x", zone="UTC"), texts):
        return [""]
    return [
        f", form = {quoted(form)}{calendar}"
        for form in _forms()
        for calendar, word in (("", "common"), (', calendar = "roc"', "roc"))
        if (word == "common" or "%Y" in form)
        and _read_all(TimeRule(path="x", zone="UTC", form=form, calendar=word), texts)  # type: ignore[arg-type]
    ]


def _are_seconds(values: Iterable[Any], size: int) -> bool:
    return all(_SECONDS[0] <= value // size <= _SECONDS[1] for value in values)


def _forms() -> Iterator[str]:
    yield from _DATES
    for day, between, clock in product(_DATES, _BEFORE_A_CLOCK, _CLOCKS):
        yield f"{day}{between}{clock}"


def _read_all(rule: TimeRule, texts: list[str]) -> bool:
    read = _reader(rule)
    return all(_reads(lambda text: _year(read(text)), text) for text in texts)


@cache
def _reader(rule: TimeRule) -> Callable[[Any], int | str]:
    return compile_time(rule, _WORDS)


def _year(at: int | str) -> None:
    if isinstance(at, str) or not _YEARS[0] <= datetime.fromtimestamp(at / 1000, UTC).year <= _YEARS[1]:
        raise RefusedError("it is of another time than bookings are")


def is_time(column: Column) -> bool:
    """Says whether all values may be times."""
    return bool(time_words(column.values))


def is_day(column: Column, words: str) -> bool:
    """Says whether the values are days without a time of day. words: those that read them."""
    form = re.search(r'form = "(.+?)"', words)
    if form is not None:
        return not has_clock(form[1])
    return all(
        (isinstance(value, date) and not isinstance(value, datetime)) or _ISO_DAY.fullmatch(str(value))
        for value in column.values
    )


def has_zone(column: Column) -> bool:
    """Says whether the values are instants: numbers of units, or texts with an offset."""
    return all(
        isinstance(value, int | Decimal) or bool(re.search(r"(Z|[+-][0-9]{2}:?[0-9]{2})$", str(value)))
        for value in column.values
    )


def is_clock(column: Column) -> bool:
    """Says whether the values are times of a day."""
    return clock_form(column) is not None


def clock_form(column: Column) -> str | None:
    """Gives the form of the times of a day, such as %H:%M:%S; None where they are none."""
    texts = [f"2000-01-01 {value}" for value in column.values]
    for form in _CLOCKS:
        if _read_all(TimeRule(path="x", zone="UTC", form=f"%Y-%m-%d {form}"), texts):
            return form
    return None


def is_code(column: Column) -> bool:
    """Says whether the values may be currencies: a few short words."""
    return len(column.words) <= len(_DATES) and all(0 < len(word) <= len("人民幣元") for word in column.words)


def _reads(read: Any, value: Any) -> bool:
    try:
        read(value)
    except (RefusedError, ArithmeticError, ValueError):
        return False
    return True


def _written(word: Any) -> str:
    return quoted(word) if isinstance(word, str) else str(word).lower()
