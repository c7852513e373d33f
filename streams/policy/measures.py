"""What the rules look at, compiled: measures, the terms of the value, conditions and their floors.

Amounts, counts and scores are all in units of 10**-16 (`_e16`), so that one comparison serves every floor. A measure's
number is its place in Policy.measures.
"""

from typing import Literal

import msgspec

from streams.values.products import Holding

MeasureKind = Literal["total", "average", "month_end", "sum", "count", "score", "standing"]


class Measure(msgspec.Struct, frozen=True):
    """One figure of a customer: of now, or over the last `days` or the last whole `months`.

    of: what a total or an average is of. types: the transactions of a sum or a count. window: the number of the
    running sum that answers it; None: it is worked out when it is asked for.
    """

    name: str
    kind: MeasureKind
    of: Holding = "assets"
    types: frozenset[str] = frozenset()
    days: int = 0
    months: int = 0
    window: int | None = None


class Term(msgspec.Struct, frozen=True):
    """A measure's part in the value: its figure times a weight, at most so much. The measure is given by its number."""

    measure: int
    weight_e4: int
    at_most_e16: int | None


class Condition(msgspec.Struct, frozen=True):
    """A floor, itself included, for a measure (by its number; None: the value).

    Or, where `all` or `any` is there, several conditions; the measure and the floor then mean nothing.
    """

    measure: int | None = None
    at_least_e16: int = 0
    all: "tuple[Condition, ...] | None" = None
    any: "tuple[Condition, ...] | None" = None


class Floor(msgspec.Struct, frozen=True):
    """One floor in a tier's condition to enter or to stay, for a measure (by its number; None: the value)."""

    tier: str
    rule: Literal["enter", "keep"]
    measure: int | None
    at_least_e16: int
