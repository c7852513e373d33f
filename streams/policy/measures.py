"""What the rules look at, compiled: measures, the terms of the value, conditions and their floors.

Amounts, counts and scores are all held in units of 10**-16 (`_e16`), so that every floor is compared alike.
"""

from typing import Literal

import msgspec

from streams.values.products import Holding

MeasureKind = Literal["total", "average", "month_end", "sum", "count", "score", "standing"]


class Measure(msgspec.Struct, frozen=True):
    """One figure of a customer, over the last days or the last whole months.

    `window` is the number of the running sum that answers it, where there is one.
    """

    name: str
    kind: MeasureKind
    of: Holding = "assets"
    types: frozenset[str] = frozenset()
    days: int = 0
    months: int = 0
    window: int | None = None


class Term(msgspec.Struct, frozen=True):
    """A measure's part in the value; the measure by its number."""

    measure: int
    weight_e4: int
    at_most_e16: int | None


class Condition(msgspec.Struct, frozen=True):
    """A measure (its number; None: the value) against an inclusive floor, or several conditions together."""

    measure: int | None = None
    at_least_e16: int = 0
    all: "tuple[Condition, ...] | None" = None
    any: "tuple[Condition, ...] | None" = None


class Floor(msgspec.Struct, frozen=True):
    """A floor of a tier's condition to enter or to keep it; a measure by its number, None for the value."""

    tier: str
    rule: Literal["enter", "keep"]
    measure: int | None
    at_least_e16: int
