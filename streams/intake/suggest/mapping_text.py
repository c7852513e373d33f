"""The text of a first mapping, made of the columns of sample rows."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from streams.intake.inputs import INPUTS, InputField
from streams.intake.suggest.columns import Column
from streams.intake.suggest.likely import is_sign, likely
from streams.intake.suggest.shapes import UNKNOWN, clock_form, has_negative, has_zone, is_day, money_words, time_words
from streams.policy.language.forms import quoted
from streams.values.currencies import CODES, meant_by
from streams.values.events import TRANSACTION_TYPES
from streams.values.products import PRODUCTS

_UNKNOWN_FIELD = f"{UNKNOWN}  # could not be guessed"
_BY_PLACE = "# event_id: no key was found, so it is made of topic, partition and offset"
_DELETES = f'deletes = {UNKNOWN}  # what a deleted row means: "skip", or "map" for the row as it was'
_SIGNS = {"c", "cr", "crdt", "credit", "貸", "贷"}, {"d", "dr", "dbit", "debit", "借"}
_CURRENCIES = {
    "NT$": "TWD",
    "新台幣": "TWD",
    "新臺幣": "TWD",
    "台幣": "TWD",
    "臺幣": "TWD",
    "人民币": "CNY",
    "人民幣": "CNY",
}
_CURRENCIES |= {
    "US$": "USD",
    "美元": "USD",
    "美金": "USD",
    "€": "EUR",
    "欧元": "EUR",
    "歐元": "EUR",
    "日元": "JPY",
    "日圓": "JPY",
}
_MINOR = re.compile(r"minor|(^|_)(cents?|fen|pennies)(_|$)|分$")
# By input: the field that it is not an input without.
_MAIN = {"transactions": "amount", "balances": "balance", "credit": "standing"}


class Sample(NamedTuple):
    """What is known of a source before its rows are looked at.

    words: further lines of its table. tables: of the tables inside it.
    """

    name: str
    format: str
    words: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()


def mapping_text(sample: Sample, columns: Sequence[Column]) -> str:
    """Writes a mapping; what could not be guessed is "?", so that the check refuses it."""
    found = likely(columns)
    at = found.get("at")
    lines = [f"[sources.{sample.name}]", f"format = {quoted(sample.format)}", *sample.words]
    if sample.format == "debezium":
        lines.append(_DELETES)
    if at is not None and not has_zone(at):
        lines.append(f"zone = {UNKNOWN}  # times have none: whose clocks were they read from?")
    lines += sample.tables
    inputs = _inputs(found)
    for name in inputs:
        suffix = "" if len(inputs) == 1 or name == "transactions" else f"-{name.removesuffix('s')}"
        lines += ["", f"[sources.{sample.name}.{name}]", *_Table(name, suffix, sample, found, columns).lines()]
    unread = [column.path for column in columns if column not in found.values()]
    return "\n".join([*lines, *(["", f"# Read by nothing: {', '.join(unread)}"] if unread else [])]) + "\n"


def _inputs(found: dict[str, Column]) -> list[str]:
    if "loan_id" in found and "amount" in found and "balance" not in found:
        return ["loans"]
    return [name for name, field in _MAIN.items() if field in found] or ["transactions"]


def _is_beside(one: Column, other: Column) -> bool:
    return one.path.rpartition(".")[0] == other.path.rpartition(".")[0]


class _Table(NamedTuple):
    """A table of an input. suffix: what makes its event ids others than those of the table before."""

    name: str
    suffix: str
    sample: Sample
    found: dict[str, Column]
    columns: Sequence[Column]

    def lines(self) -> Iterator[str]:
        """Gives the lines below the table's heading."""
        main = self._main()
        if main is not None and self.suffix and len(main.values) < self._rows():
            yield f"when = {_path(main)}  # not all records have one"
        for field in INPUTS[self.name]:
            written = self._field(field)
            if written is not None:
                yield f"{field.name} = {written}"
            elif field.name == "event_id" and self.sample.format != "csv":
                yield _BY_PLACE
            elif field.is_required:
                yield f"{field.name} = {_UNKNOWN_FIELD}"

    def _field(self, field: InputField) -> str | None:  # noqa: PLR0911 - one for each kind
        if field.name == "event_id":
            return self._event_id()
        match field.kind:
            case "money":
                return self._money(is_from_zero=field.is_from_zero)
            case "time" if field.is_required:
                return self._time()
            case "currency":
                return self._currency()
            case "type":
                return self._type()
            case "product":
                return _codes(self.found.get("product"), {word: word for word in PRODUCTS})
            case "standing":
                return _codes(self.found.get("standing"), {})
            case "id" | "score":
                column = self.found.get(field.name)
                return None if column is None else _path(column)
            case _:
                return None

    def _event_id(self) -> str | None:
        """Makes an id of the key, and of the account where the key alone is not one row's."""
        key = self.found.get("event_id")
        if self.sample.format == "cloudevents":
            item = "-{_record.item}" if any(word.startswith("each") for word in self.sample.words) else ""
            return f'{{ template = "{{_record.event.id}}{item}{self.suffix}" }}'
        if key is None:
            return None
        rows = self._rows()
        counts_rows = any(str(value).isdecimal() and int(value) <= rows for value in key.values)
        is_alone = len(set(map(str, key.values))) == rows and not counts_rows
        parts = [key] if is_alone or "account_id" not in self.found else [self.found["account_id"], key]
        if parts == [key] and not self.suffix:
            return _path(key)
        template = "-".join(f"{{{part.path}}}" for part in parts) + self.suffix
        return f"{{ template = {_in_quotes(template)} }}"

    def _rows(self) -> int:
        return max(len(column.values) for column in self.columns)

    def _main(self) -> Column | None:
        return self.found.get("balance" if self.name == "balances" else "amount")

    def _money(self, *, is_from_zero: bool) -> str | None:
        column = self._main()
        if column is None:
            return None
        words = money_words(column) or ""
        if _MINOR.search(column.name) and not words:
            words = ', scale = "currency"'
        if is_from_zero and has_negative(column):
            words += ', sign = "drop"'
        if not is_from_zero:
            words += self._sign(column)
        return f"{{ path = {_path(column)}{words} }}" if words else _path(column)

    def _sign(self, balance: Column) -> str:
        """Says which column has the sign of a balance. One that stands beside an amount, too, is the amount's."""
        amount = self.found.get("amount")
        if amount is not None and _is_beside(amount, balance):
            return ""
        sign = next((other for other in self.columns if is_sign(other) and _is_beside(other, balance)), None)
        if sign is None:
            return ""
        plus, minus = (
            ", ".join(quoted(word) for word in sign.words if word.lower() in known) or UNKNOWN for known in _SIGNS
        )
        return f", sign = {{ path = {_path(sign)}, plus = [{plus}], minus = [{minus}] }}"

    def _currency(self) -> str | None:
        """Takes the currency that stands beside the amount, where there are several."""
        column, main = self.found.get("currency"), self._main()
        if column is None or main is None:
            return None
        beside = f"{main.path.rpartition('.')[0]}.{column.path.rpartition('.')[2]}"
        column = next((other for other in self.columns if other.path == beside), column)
        meant = {word: code for word in column.words if (code := meant_by(word.upper())) is not None}
        return _codes(column, {code: code for code in CODES} | _CURRENCIES | meant)

    def _type(self) -> str | None:
        sign, kind = self.found.get("sign"), self.found.get("type")
        if kind is not None and (sign is None or any(word.lower() in TRANSACTION_TYPES for word in kind.words)):
            return _codes(kind, {word: word.lower() for word in kind.words if word.lower() in TRANSACTION_TYPES})
        if sign is None:
            return None
        plus, minus = _SIGNS
        known = {word: "deposit" for word in sign.words if word.lower() in plus}
        return _codes(sign, known | {word: "withdrawal" for word in sign.words if word.lower() in minus})

    def _time(self) -> str | None:
        column, clock = self.found.get("at"), self.found.get("clock")
        if column is None:
            return None
        ways, read = time_words(column.values), f"path = {_path(column)}"
        form = None if clock is None or has_zone(column) else clock_form(clock)
        if form is not None and clock is not None:
            read = f"template = {_in_quotes(f'{{{column.path}}} {{{clock.path}}}')}"
            ways = [_with_clock(way, form, column) for way in ways]
        if len(ways) != 1:
            either = " or ".join(way.removeprefix(", ") for way in ways)
            return f"{{ {read}, form = {UNKNOWN} }}  # {either}"
        words = ways[0]
        if self.name == "balances" and is_day(column, words):
            return (
                f"{{ {read}{words}, of_day = {UNKNOWN} }}  # is it the balance at the end of the day, or at its start?"
            )
        if self.sample.format == "debezium" and "unit" in words:
            # Without a schema, only columns without a zone come as numbers, and these count local time.
            words += f", zone = {UNKNOWN}"
        return f"{{ {read}{words} }}" if words or form is not None else _path(column)


def _with_clock(words: str, clock: str, column: Column) -> str:
    """Adds the form of a clock to that of a date; ISO 8601 has one of its own."""
    known = re.search(r'form = "(.+?)"', words)
    day = known[1] if known else "%Y-%m-%d" if "-" in str(column.values[0]) else "%Y%m%d"
    calendar = ', calendar = "roc"' if "roc" in words else ""
    return f", form = {quoted(f'{day} {clock}')}{calendar}"


def _codes(column: Column | None, known: dict[str, str]) -> str | None:
    if column is None:
        return None
    if all(known.get(word) == word for word in column.words):
        return _path(column)
    codes = ", ".join(f"{quoted(word)} = {quoted(known.get(word, '?'))}" for word in column.words)
    return f"{{ path = {_path(column)}, codes = {{ {codes} }} }}"


def _path(column: Column) -> str:
    return _in_quotes(column.path)


def _in_quotes(text: str) -> str:
    return f"'{text}'" if '"' in text else f'"{text}"'
