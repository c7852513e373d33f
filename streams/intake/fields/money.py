"""Numbers of a source to amounts: exact, in ten-thousandths (docs/intake.md#numbers)."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from streams.intake.decimals import decimal_of_bytes, is_variable_scale, variable_scale
from streams.intake.exact import DIGITS_LIMIT, EXACT, ROUNDING, plain
from streams.intake.language.rules import MoneyRule, SourceWords
from streams.intake.refused import RefusedError
from streams.intake.texts import in_plain_signs, named
from streams.policy.language.forms import quoted
from streams.values.currencies import minor_decimals
from streams.values.money import amount_from_text, format_e4

Number = Callable[[Any], Decimal]
_USUAL = re.compile(r"(0|[1-9][0-9]{0,13})\.[0-9]{2}", re.ASCII)
_DIGITS = re.compile(r"[0-9]+(\.[0-9]*)?|\.[0-9]+", re.ASCII)


def compile_money(rule: MoneyRule, source: SourceWords, *, is_from_zero: bool) -> Callable[[Any, Any, str], str]:
    """Gives what reads a value as an amount: (value, what its sign's path has, the currency) -> decimal string."""
    read, signed = compile_number(rule, source), _compile_sign(rule)
    scale, round_to = rule.scale, rule.round_to
    is_plain = rule == MoneyRule(path=rule.path) and source.decimal_point == "."

    def read_money(value: Any, sign: Any, currency: str) -> str:
        if is_plain and type(value) is str and _USUAL.fullmatch(value):
            return value
        number = read(value)
        if not number.is_finite() or abs(number.adjusted()) > DIGITS_LIMIT:
            raise RefusedError("the number is beyond what an amount can be")
        if scale:
            number = EXACT.scaleb(number, -(minor_decimals(currency) if scale == "currency" else scale))
        number = signed(number, sign)
        if round_to is not None:
            number = ROUNDING.quantize(number, Decimal(1).scaleb(-round_to))
        amount = _amount(number)
        if is_from_zero and amount.startswith("-"):
            raise RefusedError(f'{amount} is below 0, and the type says the direction; write sign = "drop"')
        return amount

    return read_money


def _amount(number: Decimal) -> str:
    try:
        return format_e4(amount_from_text(plain(number)))
    except ValueError as error:
        said = str(error)
        more = "; write round_to = 4, or scale =" if said.endswith("decimals") else ""
        raise RefusedError(said + more) from error


def compile_number(rule: MoneyRule, source: SourceWords) -> Number:
    """Gives what reads a value as a number, exactly."""
    in_bytes, allows_double = rule.bytes, rule.allow_double
    read_text = _compile_text(rule, source)

    def read(value: Any) -> Decimal:
        if type(value) is str:
            return decimal_of_bytes(value, 0, in_bytes) if in_bytes else read_text(value)
        if isinstance(value, Decimal):
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return Decimal(value)
        if isinstance(value, float):
            if allows_double:
                return Decimal(repr(value))
            raise RefusedError(
                "it is a binary floating-point number, which holds no cents exactly; have the source send a decimal, "
                "or write allow_double = true"
            )
        if isinstance(value, bytes) and in_bytes:
            return decimal_of_bytes(value, 0)
        if is_variable_scale(value):
            return variable_scale(value)
        raise RefusedError(f"{named(value)} is no number")

    return read


def _compile_text(rule: MoneyRule, source: SourceWords) -> Callable[[str], Decimal]:
    thousands = rule.thousands if rule.thousands is not None else source.thousands
    point = rule.decimal_point or source.decimal_point
    negative, symbol, full_width = rule.negative, rule.symbol, rule.full_width or source.full_width
    is_grouped = None if not thousands else re.compile(rf"[0-9]{{1,3}}({re.escape(thousands)}[0-9]{{3}})+", re.ASCII)

    def read(text: str) -> Decimal:
        written = (in_plain_signs(text) if full_width else text).strip()
        digits, is_negative = _without_sign(_without_symbol(written, symbol), negative)
        if symbol and not is_negative:
            digits, is_negative = _without_sign(_without_symbol(digits, symbol), negative)
        digits = _without_symbol(digits, symbol)
        whole, at, fraction = digits.partition(point)
        if is_grouped is not None and is_grouped.fullmatch(whole):
            whole = whole.replace(thousands or "", "")
        plain_digits = f"{whole}.{fraction}" if at else whole
        if len(plain_digits) > DIGITS_LIMIT or not _DIGITS.fullmatch(plain_digits) or (at and "." in fraction):
            raise RefusedError(_no_number(text, written, thousands))
        number = Decimal(plain_digits)
        return number.copy_negate() if is_negative else number

    return read


def _without_symbol(written: str, symbol: str) -> str:
    return written.removeprefix(symbol).removesuffix(symbol).strip() if symbol else written


def _without_sign(written: str, negative: str) -> tuple[str, bool]:
    if negative == "trailing" and written[-1:] in {"-", "+"}:
        return written[:-1].rstrip(), written[-1] == "-"
    if negative == "parentheses" and written[:1] == "(" and written[-1:] == ")":
        return written[1:-1].strip(), True
    if written[:1] in {"-", "+"}:
        return written[1:].lstrip(), written[0] == "-"
    return written, False


def _no_number(text: str, written: str, thousands: str | None) -> str:
    said = f"{quoted(text)} is no number"
    if in_plain_signs(written) != written:
        return f"{said}; where digits may be full-width write full_width = true"
    if written.endswith("-"):
        return f'{said}; where the minus stands behind write negative = "trailing"'
    if written.startswith("("):
        return f'{said}; where parentheses mean below 0 write negative = "parentheses"'
    if written[:1].isalpha() or written[-1:].isalpha() or "$" in written:
        return f"{said}; where a currency stands beside the digits write symbol, such as symbol = {quoted('NT$')}"
    if "," in written and not thousands:
        return f'{said}; where commas stand between thousands write thousands = ","'
    return said


def _compile_sign(rule: MoneyRule) -> Callable[[Decimal, Any], Decimal]:
    if rule.sign == "drop":
        return lambda number, _: number.copy_abs()
    if rule.sign == "turn":
        return lambda number, _: number.copy_negate() if number else number
    if rule.sign is None or isinstance(rule.sign, str):
        return lambda number, _: number
    plus, minus = frozenset(rule.sign.plus), frozenset(rule.sign.minus)
    known = ", ".join(map(quoted, [*rule.sign.plus, *rule.sign.minus]))

    def by_indicator(number: Decimal, word: Any) -> Decimal:
        if word not in minus and word not in plus:
            raise RefusedError(f"its sign is {named(word)}; there are {known}")
        if number < 0:
            raise RefusedError(f"{number:f} is below 0 already, beside the sign {named(word)}; which one counts?")
        return number.copy_negate() if number and word in minus else number

    return by_indicator
