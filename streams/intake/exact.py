"""Numbers as they are, never through a float: reading JSON, and JMESPath on what was read."""

from decimal import ROUND_HALF_UP, Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow
from typing import Any

import msgspec
from jmespath.functions import Functions, signature

from streams.intake.refused import RefusedError

DIGITS_LIMIT = 40
# Nothing is rounded: what would have to be is an error.
EXACT = Context(prec=3 * DIGITS_LIMIT, traps=[Inexact, InvalidOperation, Overflow, DivisionByZero])
ROUNDING = Context(prec=3 * DIGITS_LIMIT, rounding=ROUND_HALF_UP, traps=[InvalidOperation, Overflow, DivisionByZero])
"""Where a mapping asks for rounding."""

read_json = msgspec.json.Decoder(float_hook=Decimal).decode
"""Reads JSON: a number with a point or an exponent is a Decimal, any other an int."""


def plain(number: Decimal) -> str:
    """Writes a number without an exponent.

    Raises:
        RefusedError: It has more digits than any amount, or is none.
    """
    if not number.is_finite() or abs(number.adjusted()) > DIGITS_LIMIT or len(number.as_tuple().digits) > DIGITS_LIMIT:
        raise RefusedError("the number is beyond what an amount or an id can be")
    return f"{number:f}"


class ExactFunctions(Functions):
    """JMESPath's functions, where a Decimal is a number, and no number becomes a float."""

    def _get_allowed_pytypes(self, types: Any) -> Any:
        allowed, allowed_inside = super()._get_allowed_pytypes(types)  # type: ignore[misc] # its types are not whole
        inside = [(*names, "Decimal") if "float" in names else names for names in allowed_inside]
        return [*allowed, "Decimal"] if "float" in allowed else allowed, inside

    def _convert_to_jmespath_type(self, pyobject: Any) -> Any:
        return "number" if pyobject == "Decimal" else super()._convert_to_jmespath_type(pyobject)  # type: ignore[misc]

    @signature({"types": []})
    def _func_to_number(self, arg: Any) -> Any:
        if isinstance(arg, bool) or not isinstance(arg, str | int | Decimal):
            return None
        try:
            number = Decimal(arg)
            plain(number)
        except (ArithmeticError, ValueError):
            return None
        return arg if not isinstance(arg, str) else number

    @signature({"types": []})
    def _func_to_string(self, arg: Any) -> Any:
        if isinstance(arg, Decimal):
            return plain(arg)
        return super()._func_to_string(arg)  # type: ignore[misc]

    @signature({"types": []})
    def _func_type(self, arg: Any) -> Any:
        return "number" if isinstance(arg, Decimal) else super()._func_type(arg)  # type: ignore[misc]

    @signature({"types": ["number"]})
    def _func_abs(self, arg: Any) -> Any:
        return arg.copy_abs() if isinstance(arg, Decimal) else abs(arg)

    @signature({"types": ["array-number"]})
    def _func_sum(self, arg: Any) -> Any:
        total = Decimal(0)
        for number in arg:
            total = EXACT.add(total, Decimal(number))
        return total

    @signature({"types": ["array-number"]})
    def _func_avg(self, arg: Any) -> Any:
        return ROUNDING.divide(self._func_sum(arg), Decimal(len(arg))) if arg else None
