"""Ids, codes and free text of a source to the contract's (docs/intake.md#codes)."""

import re
from collections.abc import Callable
from typing import Any

from streams.contracts.inputs import CONTROL_CHARACTERS, ID_BYTES_LIMIT, SCORE_LIMIT
from streams.intake.inputs import WORDS, Kind
from streams.intake.language.rules import SourceWords, WordRule
from streams.intake.refused import MissingError, RefusedError, UnknownCodeError
from streams.intake.texts import text_of
from streams.policy.language.forms import quoted
from streams.values.currencies import CODES, meant_by

Read = Callable[[Any], Any]
_CONTROL_CHARACTER = re.compile(CONTROL_CHARACTERS)
_SHORT_ID = ID_BYTES_LIMIT // 4
# Of what people write: how long it may be (contracts/inputs.py).
_TEXT_LIMITS = {"reason": 1_000, "by": 256}
# What Debezium writes for a large column that did not change (its unavailable.value.placeholder).
_UNAVAILABLE = "__debezium_unavailable_value"
_WHOLE = re.compile(r"-?[0-9]{1,18}(\.0*)?", re.ASCII)


def compile_word(rule: WordRule, source: SourceWords, name: str, kind: Kind) -> Read:
    """Gives what reads a value as a field of this name and kind."""
    check = _check_of(name, kind)
    trim = source.trim if rule.trim is None else rule.trim
    codes = {code.strip(): word for code, word in rule.codes.items()} if trim else rule.codes
    otherwise = rule.otherwise

    def read(value: Any) -> Any:
        text = value if type(value) is str else text_of(value)
        if trim:
            text = text.strip()
        if not codes:
            return check(text) if otherwise is None else _checked_or(check, text, otherwise)
        word = codes.get(text, otherwise)
        if word is None:
            raise UnknownCodeError(f"{quoted(text)} is in no code table; add it to codes, or write otherwise =")
        return check(word)

    return read


def _checked_or(check: Read, text: str, otherwise: str) -> Any:
    try:
        return check(text)
    except UnknownCodeError:
        return check(otherwise)


def check_constant(text: str, name: str, kind: Kind) -> str | None:
    """Says what is wrong with a word that the mapping itself has for a field; None: nothing."""
    try:
        _check_of(name, kind)(text)
    except RefusedError as error:
        return str(error)
    return None


def _check_of(name: str, kind: Kind) -> Read:
    match kind:
        case "id":
            return _id
        case "currency":
            return _currency
        case "type" | "standing" | "action":
            return _one_of(kind)
        case "whole":
            return _whole
        case "score":
            return _limited(SCORE_LIMIT)
        case _:
            return _limited(_TEXT_LIMITS.get(name, 1_000))


def _id(text: str) -> str:
    if text.isalnum() and len(text) <= _SHORT_ID:
        return text  # nearly always
    if not text:
        raise MissingError("it is empty")
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        raise RefusedError("it holds half a character") from error
    if size > ID_BYTES_LIMIT:
        raise RefusedError(f"it has {size:,} bytes; an id has at most {ID_BYTES_LIMIT}")
    if text == _UNAVAILABLE:
        raise RefusedError("the database left this column out, since it did not change; set REPLICA IDENTITY FULL")
    if _CONTROL_CHARACTER.search(text):
        raise RefusedError(f"{quoted(text)} holds a control character")
    return text


def _currency(text: str) -> str:
    if text in CODES:
        return text
    meant = meant_by(text.upper()) or (text.upper() if text.upper() in CODES else None)
    hint = f'; write codes = {{ {quoted(text)} = "{meant}" }}' if meant else ""
    raise RefusedError(f"{quoted(text)} is no code of ISO 4217{hint}")


def _one_of(kind: Kind) -> Read:
    known = frozenset(WORDS[kind])
    listed = ", ".join(WORDS[kind])

    def check(text: str) -> str:
        if text in known:
            return text
        if text.lower() in known and kind == "type":
            return text.lower()
        raise UnknownCodeError(f"{quoted(text)} is no {kind}; write codes, from the source's words to: {listed}")

    return check


def _whole(text: str) -> int:
    if _WHOLE.fullmatch(text):
        return int(text.partition(".")[0])
    raise RefusedError(f"{quoted(text)} is no whole number")


def _limited(limit: int) -> Read:
    def check(text: str) -> str:
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise RefusedError("it holds half a character") from error
        if len(text) <= limit:
            return text
        raise RefusedError(f"it has {len(text):,} characters; at most {limit:,} are allowed")

    return check
