"""Figures as text, for messages and for people."""

from streams.policy.measures import Measure
from streams.values.money import ONE_E16, Figure, format_value
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
