"""What docs/messages.md says of an input: written anew from the page, slow and plain, sharing no code with decode.

A verdict holds every reason that the page allows ("" stands for a usable event). It is nearly always one. Where the
page leaves it open (zeros without end, a field that comes twice and is wrong the first time), there are two.
"""

import json
import re
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from streams.values.currencies import CODES

NESTED_LIMIT = 500
DAY_MS = 86_400_000
USABLE = ""
_CONTROL = set(map(chr, [*range(0x20), *range(0x7F, 0xA0)]))
_PRODUCTS = {"deposit", "time_deposit", "fund", "securities", "insurance", "loan", "mortgage", "credit_card", "other"}
_TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:([Zz])|([+-])(\d\d):(\d\d))", re.ASCII)
_MONEY = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?")
_FIELDS: tuple[dict[str, tuple[str, bool]], ...] = (
    {"account_id": ("id", True), "balance": ("money", True), "currency": ("currency", True), "as_of": ("time", True)}
    | {"product": ("product", False)},
    {"account_id": ("id", True), "type": ("text", True), "amount": ("money from 0", True)}
    | {"currency": ("currency", True), "occurred_at": ("time", True), "reverses": ("id", False)}
    | {"reversed_at": ("time", False)},
    {"standing": ("standing", True), "as_of": ("time", True), "score": ("score", False)},
    {"loan_id": ("id", True), "amount": ("money from 0", True), "currency": ("currency", True)}
    | {"applied_at": ("time", True)},
    {"action": ("action", True), "at": ("time", True), "tier": ("text", False), "until": ("time", False)}
    | {"reason": ("text 1000", False), "by": ("text 256", False)},
)
_OWN_TIME = ("as_of", "occurred_at", "as_of", "applied_at", "at")
_WORDS = {
    "standing": {"excellent", "good", "fair", "poor", "default"},
    "action": {"pin", "unpin", "opt_out", "opt_in", "erase"},
}
# What a field's content is: of another type, of the right type and a wrong form, left open by the page, or right.
_TYPE, _FORM, _OPEN, _RIGHT = "type", "form", "open", "right"


class Number(str):
    """A JSON number as it is written."""

    __slots__ = ()


class Verdict(NamedTuple):
    """The reasons that the page allows; of a usable event its own time and its amount, where they are certain."""

    reasons: frozenset[str]
    at_ms: int | None = None
    amount_e4: int | None = None


class Terms(NamedTuple):
    """What an input is held against besides the page."""

    rates: frozenset[str]
    tiers: frozenset[str]
    wall_ms: int


def classify(topic: int, key: bytes | None, value: bytes | None, terms: Terms) -> Verdict:
    """Gives the reasons that are allowed for a record, as far as they do not depend on its customer's state."""
    pairs = _read(value)
    if pairs is None:
        return Verdict(frozenset({"malformed"}))
    fields = _FIELDS[topic] | {"event_id": ("id", True), "customer_id": ("id", True)}
    found = {name: content for name, content in pairs if name in fields}
    judged = [_judge(kind, found.get(name), required) for name, (kind, required) in fields.items()]
    judged += _earlier(pairs, fields, found) + _together(topic, found, judged, terms)
    if _FORM in judged or _TYPE in judged:
        return Verdict(frozenset({"invalid_field"}))
    verdict = _usable(topic, key, found, terms)
    return verdict._replace(reasons=verdict.reasons | {"invalid_field"}) if _OPEN in judged else verdict


def _read(value: bytes | None) -> list[tuple[str, Any]] | None:
    """Gives the pairs of a JSON object, those of one name too; None of what is none."""
    if value is None:
        return None
    try:
        text = value.decode("utf-8")
        if _depth(text) > NESTED_LIMIT:
            return None
        parsed = json.loads(
            text, parse_int=Number, parse_float=Number, parse_constant=_no_constant, object_pairs_hook=_Pairs
        )
    except (ValueError, RecursionError):
        return None
    return list(parsed) if isinstance(parsed, _Pairs) else None


class _Pairs(list[tuple[str, Any]]):
    """An object, so that it is told from an array."""


def _no_constant(word: str) -> None:
    raise ValueError(word)


def _depth(text: str) -> int:
    deepest = depth = 0
    if text.count("[") + text.count("{") <= NESTED_LIMIT:
        return 0  # or more, but not too many
    is_string = is_escaped = False
    for character in text:
        if is_string:
            is_string = character != '"' or is_escaped
            is_escaped = character == "\\" and not is_escaped
        elif character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
        else:
            is_string = character == '"'
    return deepest


def _earlier(pairs: list[tuple[str, Any]], fields: dict[str, tuple[str, bool]], found: dict[str, Any]) -> list[str]:
    """Judges contents that another one of the same name follows: each has to be of its field's type."""
    judged = []
    for name, content in pairs:
        if name in fields and content is not found[name]:
            verdict = _judge(fields[name][0], content, fields[name][1])
            certain = verdict == _TYPE and not fields[name][0].startswith("money")
            judged.append(_TYPE if certain else _RIGHT if verdict == _RIGHT else _OPEN)
    return judged


def _together(topic: int, found: dict[str, Any], judged: list[str], terms: Terms) -> list[str]:
    """Judges what is required together, and takes back what is not read."""
    if (topic == 1 and found.get("reverses") is None) or (topic == 4 and found.get("action") != "pin"):
        name = "reversed_at" if topic == 1 else "until"
        if found.get(name) is not None and _judge("time", found[name]) == _FORM:
            judged.remove(_FORM)  # nobody reads it
            return [_OPEN]
        return []
    if topic == 1:
        undone_ms, at_ms = _time(found.get("reversed_at")), _time(found.get("occurred_at"))
        if found.get("reversed_at") is None or (undone_ms and at_ms and undone_ms[0] > at_ms[0] + DAY_MS):
            return [_FORM]
    if topic == 4:
        if any(found.get(name) is None for name in ("tier", "until", "reason", "by")):
            return [_FORM]
        return [_RIGHT if found["tier"] in list(terms.tiers) else _FORM]
    return []


def _usable(topic: int, key: bytes | None, found: dict[str, Any], terms: Terms) -> Verdict:
    currency, product = found.get("currency"), found.get("product")
    if currency is not None and currency not in terms.rates:
        return Verdict(frozenset({"unknown_currency"}))
    if topic == 0 and product and product.lower() not in _PRODUCTS:
        return Verdict(frozenset({"unknown_product"}))
    if key != found["customer_id"].encode():
        return Verdict(frozenset({"key_mismatch"}))
    at = _time(found[_OWN_TIME[topic]])
    assert at is not None
    amount = _money(found.get("balance", found.get("amount"))) if topic in {0, 1, 3} else None
    amount_e4 = None if amount is None or amount[0] is None else int(amount[0] * 10_000)
    reason = "future_event" if at[0] > terms.wall_ms + DAY_MS else USABLE
    return Verdict(frozenset({reason}), at[0], amount_e4)


def _judge(kind: str, content: Any, required: bool = False) -> str:  # noqa: FBT001, FBT002 - as in the table
    if content is None:
        return _TYPE if required else _RIGHT
    if kind.startswith("money"):
        return _judge_money(kind, content)
    if kind == "time":
        return _judge_time(content)
    if kind == "score":
        return _judge_score(content)
    return _judge_text(kind, content)


def _judge_money(kind: str, content: Any) -> str:
    money = _money(content)
    if money is None or (kind == "money from 0" and money[0] is not None and money[0] < 0):
        return _FORM if isinstance(content, str) else _TYPE
    return _OPEN if money[1] or (kind == "money from 0" and content.startswith("-")) else _RIGHT


def _judge_time(content: Any) -> str:
    at = _time(content)
    if at is not None:
        return _OPEN if at[1] else _RIGHT
    is_whole = not isinstance(content, Number) or content.lstrip("-").isdigit()
    return _FORM if isinstance(content, str) and is_whole else _TYPE


def _judge_text(kind: str, content: Any) -> str:
    if not isinstance(content, str) or isinstance(content, Number):
        return _TYPE
    if kind == "id":
        is_right = _is_id(content)
    elif kind == "currency":
        is_right = content in CODES
    elif kind in _WORDS:
        is_right = content in _WORDS[kind]
    else:
        limit = kind.partition("text ")[2]
        is_right = not limit or len(content) <= int(limit)
    return _RIGHT if is_right else _FORM


def _judge_score(content: Any) -> str:
    if isinstance(content, Number):
        if content.lstrip("-").isdigit():
            return _FORM if len(content) > 64 else _RIGHT
        return _OPEN if len(re.sub(r".*[eE]", "", content)) > 2 and "e" in content.lower() else _RIGHT
    if not isinstance(content, str):
        return _TYPE
    return _RIGHT if len(content) <= 64 else _FORM


def _is_id(text: str) -> bool:
    try:
        size = len(text.encode())
    except UnicodeEncodeError:  # half a surrogate pair
        return False
    return 1 <= size <= 256 and not _CONTROL & set(text)


def _money(content: Any) -> tuple[Decimal | None, bool] | None:  # noqa: PLR0911 - a way out for each form
    """Gives an amount, and whether the page leaves it open; None of what is none."""
    if not isinstance(content, str):
        return None
    if isinstance(content, Number):
        try:
            number = Decimal(content)
        except InvalidOperation:
            return None, True
        if number == 0:
            return Decimal(0), len(content) > 40 or "e" in content.lower()
        if not number.is_finite() or abs(number.adjusted()) > 60:
            return None
        content = f"{number:f}"
    matched = _MONEY.fullmatch(content)
    if not matched:
        return None
    sign, whole, decimals = matched.groups("")
    if len(decimals.rstrip("0")) > 4 or len(whole.lstrip("0")) > 14:
        return None
    amount = Decimal(f"{sign}{whole.lstrip('0') or '0'}.{decimals.rstrip('0') or '0'}")
    return amount, len(decimals) > 40 or len(whole) > 14


def _time(content: Any) -> tuple[int, bool] | None:
    """Gives an instant, and whether the page leaves it open; None of what is none."""
    at_ms, earliest_ms = None, -2_208_988_800_000
    if isinstance(content, Number):
        if content.lstrip("-").isdigit() and len(content) <= 20:
            at_ms, earliest_ms = int(content), 631_152_000_000
    elif isinstance(content, str):
        at_ms = _written(content)
    if at_ms is None or not earliest_ms <= at_ms <= 253_402_387_199_999:
        return None
    return min(at_ms, 253_402_128_000_000), at_ms >= 253_402_300_800_000


def _written(text: str) -> int | None:
    matched = _TIME.fullmatch(text)
    if not matched:
        return None
    year, month, day, hour, minute, second = map(int, matched.groups()[:6])
    offset_minutes = 0 if matched[8] else int(matched[9] + "1") * (int(matched[10]) * 60 + int(matched[11]))
    days = _day(year, month, day)
    if days is None or hour > 23 or minute > 59 or second > 60:
        return None
    if matched[8] is None and (int(matched[10]) > 23 or int(matched[11]) > 59):
        return None
    seconds = days * 86_400 + hour * 3_600 + minute * 60 + second - offset_minutes * 60
    if second == 60 and seconds % 86_400:
        return None
    return seconds * 1_000 + int((matched[7] or "0")[:3].ljust(3, "0"))


def _day(year: int, month: int, day: int) -> int | None:
    """Gives the days since 1970 by the rule of leap years, none of `datetime`."""
    if year < 1 or not 1 <= month <= 12:
        return None
    is_leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    lengths = (31, 29 if is_leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    if not 1 <= day <= lengths[month - 1]:
        return None
    before = year - 1
    leaps = before // 4 - before // 100 + before // 400
    return before * 365 + leaps + sum(lengths[: month - 1]) + day - 719_163
