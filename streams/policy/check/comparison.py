"""What would change if a policy came into force in the place of another one, in sentences."""

from collections.abc import Callable, Iterator

from streams.languages.said import say
from streams.policy.check.phrases import amount, listed
from streams.policy.policy import Policy, Tier
from streams.values.money import format_value


def currencies_lost(before: Policy, after: Policy) -> list[str]:
    """Gives the currencies that have a rate now and would have none: what is held in them would count as nothing.

    Of a topic whose rates are not known here nothing can be said.
    """
    if after.rates is not None and not after.rates.next_offset:
        return []
    return sorted(before.to_value.keys() - after.to_value.keys())


def changes_between(before: Policy, after: Policy, named: Callable[[str], str] = str) -> Iterator[str]:
    """Tells what customers, and who reads the messages, would notice: the gravest first. named: a tier's id as told."""
    if after.currency != before.currency:
        yield say(
            "the policy's currency is {currency}, no longer {former}",
            currency=after.currency,
            former=before.currency,
        )
    if after.rates is not None and before.rates is None:
        yield say("rates come from the topic of rates, day by day; a currency that has none there is refused")
    if before.rates is not None and after.rates is None:
        yield say("rates are those of the file, no longer those of the topic")
    if lost := currencies_lost(before, after):
        says = say("its events are refused, and what is held in it counts as nothing")
        yield from (say("{currency} loses its rate: {says}", currency=currency, says=says) for currency in lost)
    for currency in sorted(after.to_value.keys() - before.to_value.keys()):
        yield say("{currency} gets a rate", currency=currency)
    if gone := [tier.id for tier in before.tiers if tier.id not in after.rank]:
        yield say(
            "tiers that vanish: {gone}; whoever is in one is rated anew, from the lowest", gone=listed(map(named, gone))
        )
    if new := [tier.id for tier in after.tiers if tier.id not in before.rank]:
        yield say("new tiers: {new}", new=listed(map(named, new)))
    kept = [tier.id for tier in before.tiers if tier.id in after.rank]
    if kept != [tier.id for tier in after.tiers if tier.id in before.rank]:
        yield say("tiers change their order")
    yield from _floors(before, after, named)
    yield from _words(before, after)


def _floors(before: Policy, after: Policy, named: Callable[[str], str]) -> Iterator[str]:
    former = {tier.id: _floor(tier) for tier in before.tiers}
    for tier in after.tiers:
        if tier.id in former and former[tier.id] != _floor(tier):
            yield say(
                "{id} is entered from {floor}, no longer from {former}",
                id=named(tier.id),
                floor=_told(_floor(tier)),
                former=_told(former[tier.id]),
            )


def _words(before: Policy, after: Policy) -> Iterator[str]:
    if gone := sorted(before.products.keys() - after.products.keys()):
        yield say(
            "words for products that are no longer known: {gone}; balances that bear one are refused", gone=listed(gone)
        )
    if after.joint != before.joint:
        yield (
            say(
                'joint accounts count by "{joint}", no longer by "{former}": each from its next balance on, what is '
                "there stays as it was counted",
                joint=after.joint,
                former=before.joint,
            )
        )
    ids = [{campaign.id for campaign in policy.campaigns} for policy in (before, after)]
    if ended := sorted(ids[0] - ids[1]):
        yield say("campaigns that end: {ended}", ended=listed(ended))
    if begun := sorted(ids[1] - ids[0]):
        yield say("campaigns that begin: {begun}", begun=listed(begun))


def _floor(tier: Tier) -> int | None:
    """Gives the one floor to enter; None where there is none, or where several conditions decide."""
    enter = tier.enter
    return None if enter is None or enter.all is not None or enter.any is not None else enter.at_least_e16


def _told(floor_e16: int | None) -> str:
    return say("other conditions") if floor_e16 is None else amount(format_value(floor_e16))
