"""What would change if a policy came into force in the place of another one, in sentences."""

from collections.abc import Iterator

from streams.policy.check.phrases import amount, listed
from streams.policy.policy import Policy, Tier
from streams.values.money import format_value


def currencies_lost(before: Policy, after: Policy) -> list[str]:
    """Gives the currencies that have a rate now and would have none: what is held in them would count as nothing."""
    return sorted(before.to_value.keys() - after.to_value.keys())


def changes_between(before: Policy, after: Policy) -> Iterator[str]:
    """Tells what customers, and who reads the messages, would notice: the gravest first."""
    if after.currency != before.currency:
        yield f"the policy's currency is {after.currency}, no longer {before.currency}"
    if lost := currencies_lost(before, after):
        says = "its events are refused, and what is held in it counts as nothing"
        yield from (f"{currency} loses its rate: {says}" for currency in lost)
    for currency in sorted(after.to_value.keys() - before.to_value.keys()):
        yield f"{currency} gets a rate"
    if gone := [tier.id for tier in before.tiers if tier.id not in after.rank]:
        yield f"tiers that vanish: {listed(gone)}; whoever is in one is rated anew, from the lowest"
    if new := [tier.id for tier in after.tiers if tier.id not in before.rank]:
        yield f"new tiers: {listed(new)}"
    kept = [tier.id for tier in before.tiers if tier.id in after.rank]
    if kept != [tier.id for tier in after.tiers if tier.id in before.rank]:
        yield "tiers change their order"
    yield from _floors(before, after)
    yield from _words(before, after)


def _floors(before: Policy, after: Policy) -> Iterator[str]:
    former = {tier.id: _floor(tier) for tier in before.tiers}
    for tier in after.tiers:
        if tier.id in former and former[tier.id] != _floor(tier):
            yield f"{tier.id} is entered from {_told(_floor(tier))}, no longer from {_told(former[tier.id])}"


def _words(before: Policy, after: Policy) -> Iterator[str]:
    if gone := sorted(before.products.keys() - after.products.keys()):
        yield f"words for products that are no longer known: {listed(gone)}; balances that bear one are refused"
    if after.joint != before.joint:
        yield (
            f'joint accounts count by "{after.joint}", no longer by "{before.joint}": each from its next balance on, '
            "what is there stays as it was counted"
        )
    ids = [{campaign.id for campaign in policy.campaigns} for policy in (before, after)]
    if ended := sorted(ids[0] - ids[1]):
        yield f"campaigns that end: {listed(ended)}"
    if begun := sorted(ids[1] - ids[0]):
        yield f"campaigns that begin: {listed(begun)}"


def _floor(tier: Tier) -> int | None:
    """Gives the one floor to enter; None where there is none, or where several conditions decide."""
    enter = tier.enter
    return None if enter is None or enter.all is not None or enter.any is not None else enter.at_least_e16


def _told(floor_e16: int | None) -> str:
    return "other conditions" if floor_e16 is None else amount(format_value(floor_e16))
