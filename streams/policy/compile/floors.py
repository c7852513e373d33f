"""The floors in the conditions of tiers: all of them, or the value's where there are no others."""

from collections.abc import Iterator, Sequence

from streams.policy.measures import Condition, Floor, Measure
from streams.policy.policy import Tier


def floors_of(tier: Tier) -> Iterator[Floor]:
    """Gives all floors of a tier, those to enter first."""
    for leaf in leaves(tier.enter):
        yield Floor(tier.id, "enter", leaf.measure, leaf.at_least_e16)
    for leaf in leaves(tier.keep):
        yield Floor(tier.id, "keep", leaf.measure, leaf.at_least_e16)


def leaves(condition: Condition | None) -> Iterator[Condition]:
    """Gives the innermost parts of a condition: those with one measure and one floor."""
    if condition is None:
        return
    parts = condition.all if condition.all is not None else condition.any
    if parts is None:
        yield condition
        return
    for part in parts:
        yield from leaves(part)


def value_floors(tiers: tuple[Tier, ...]) -> tuple[int, ...] | None:
    """Gives the value's floors from the second tier up, rising, so that a tier is found by bisection.

    None where a tier has another condition to enter, or where the floors do not rise.
    """
    floors: list[int] = []
    for tier in tiers[1:]:
        if tier.enter is None or tier.enter.all or tier.enter.any or tier.enter.measure is not None:
            return None
        if floors and tier.enter.at_least_e16 <= floors[-1]:
            return None  # bisection needs rising floors; the engine then tries the tiers from the highest down
        floors.append(tier.enter.at_least_e16)
    return tuple(floors)


def held_measures(floors: Sequence[Floor], measures: Sequence[Measure]) -> tuple[int | None, ...]:
    """Gives the measures with a floor to enter; None: the value. A standing is left out: it is no figure to show."""
    held = {floor.measure: None for floor in floors if floor.rule == "enter"}
    return tuple(m for m in held if m is None or measures[m].kind != "standing") or (None,)
