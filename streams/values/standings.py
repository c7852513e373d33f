"""Credit standings: the five words, their order, and a standing as a figure that a condition can compare."""

from typing import Literal, get_args

from streams.values.money import ONE_E16

Standing = Literal["excellent", "good", "fair", "poor", "default"]

STANDINGS: tuple[Standing, ...] = get_args(Standing)
"""From the best to the worst."""

STANDING_UNLESS_KNOWN: Standing = "good"
"""What a customer counts as whose standing is not known."""


def standing_e16(standing: Standing) -> int:
    """Gives a standing as a figure in units of 10**-16: the better the standing, the higher."""
    figure: int = (len(STANDINGS) - 1 - STANDINGS.index(standing)) * ONE_E16
    return figure


def standing_of(figure_e16: int) -> Standing:
    """Gives the standing of a figure that `standing_e16` has made."""
    return STANDINGS[len(STANDINGS) - 1 - figure_e16 // ONE_E16]


def is_worse(standing: Standing, than: Standing) -> bool:
    """Says whether one standing is worse than another."""
    return STANDINGS.index(standing) > STANDINGS.index(than)
