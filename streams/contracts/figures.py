"""Figures as messages and people read them."""

from streams.policy.measures import Measure
from streams.values.money import ONE_E16, Figure, format_value
from streams.values.standings import standing_of


def format_figure(figure: Figure, rule: Measure | None) -> str:
    """The figure as it is written: an amount with at least 2 decimals, a count or a score without idle ones, a word."""
    if rule is not None and rule.kind == "standing":
        return standing_of(int(figure))
    if rule is not None and rule.kind in ("count", "score") and figure % ONE_E16 == 0:
        return str(figure // ONE_E16)
    return format_value(figure)
