"""Figures as text, for messages and for people."""

from collections.abc import Callable
from functools import lru_cache

from streams.contracts.templates import encode
from streams.policy.measures import Measure
from streams.values.money import ONE_E16, Figure, format_e4, format_value
from streams.values.standings import standing_of


def format_figure(figure: Figure, rule: Measure | None) -> str:
    """Writes a measure's figure, in units of 10**-16; None: the value.

    An amount gets 2 to 4 decimals, a count or a score none if it is whole, and a standing is written as its word.
    """
    if rule is not None and rule.kind == "standing":
        return standing_of(int(figure))
    if rule is not None and rule.kind in ("count", "score") and figure % ONE_E16 == 0:
        return str(figure // ONE_E16)
    return format_value(figure)


@lru_cache(8_192)  # one decision writes the same few figures several times
def value_json(value_e16: Figure) -> bytes:
    """Writes a figure as format_value() does, as JSON."""
    return encode(format_value(value_e16))


@lru_cache(1_024)  # many gifts are of one amount
def amount_json(amount_e4: int) -> bytes:
    """Writes an amount as format_e4() does, as JSON."""
    return encode(format_e4(amount_e4))


def figure_json(rule: Measure | None) -> Callable[[Figure], bytes]:
    """Gives what writes a measure's figures as format_figure() does, as JSON."""
    if rule is None or rule.kind not in ("standing", "count", "score"):
        return value_json
    return lambda figure: encode(format_figure(figure, rule))
