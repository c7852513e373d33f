"""The floors in the conditions of tiers: all of them, and those that stand alone."""

from collections.abc import Iterator

from streams.policy.measures import Condition, Floor
from streams.policy.policy import Tier


def floors_of(tier: Tier) -> Iterator[Floor]:
    """All floors of a tier, those to enter first."""
    for leaf in leaves(tier.enter):
        yield Floor(tier.id, "enter", leaf.measure, leaf.at_least_e16)
    for leaf in leaves(tier.keep):
        yield Floor(tier.id, "keep", leaf.measure, leaf.at_least_e16)


def leaves(condition: Condition | None) -> Iterator[Condition]:
    """Gives the conditions that a condition is made of, down to those that hold one measure against one floor."""
    if condition is None:
        return
    parts = condition.all if condition.all is not None else condition.any
    if parts is None:
        yield condition
        return
    for part in parts:
        yield from leaves(part)


def value_floors(tiers: tuple[Tier, ...]) -> tuple[int, ...] | None:
    """The value's floors where each tier has one, and no other condition: then the tier is found by bisection."""
    floors: list[int] = []
    for tier in tiers[1:]:
        if tier.enter is None or tier.enter.all or tier.enter.any or tier.enter.measure is not None:
            return None
        if floors and tier.enter.at_least_e16 <= floors[-1]:
            return None  # not in their order: the highest that is met counts
        floors.append(tier.enter.at_least_e16)
    return tuple(floors)
