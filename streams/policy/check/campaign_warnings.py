"""Warnings of campaigns that reach nobody, or everybody, or at an odd time, and of contact limits without effect."""

from streams.languages.said import say
from streams.policy.campaigns import AtRisk, Campaign, FeeAlert, Gift, NearTier
from streams.policy.check.found import Warnings
from streams.policy.language.campaigns import CampaignRule
from streams.policy.language.document import PolicyFile
from streams.policy.language.forms import quoted, unknown
from streams.policy.language.problem import Path
from streams.policy.policy import Policy
from streams.values.money import ONE_SHARE

# By kind, the word for what a customer waits for. An offer that is held back does not come again.
_AWAITED = {"gift": say("gift"), "cash_back": say("payment"), "welcome": say("welcome"), "fee_alert": say("alert")}


def campaign_warnings(policy: Policy, file: PolicyFile) -> Warnings:
    """Gives what is odd about each campaign by itself."""
    languages = sorted({language for rule in file.campaigns for language in rule.name})
    for number, (campaign, rule) in enumerate(zip(policy.campaigns, file.campaigns, strict=True)):
        path: Path = ("campaigns", number)
        yield from _hold_out(path, campaign, rule)
        yield from _by_kind(path, campaign, rule, policy)
        missing = [language for language in languages if language not in rule.name]
        if rule.name and missing:
            yield (
                (*path, "name"),
                say(
                    "{id} has no name in {missing}, and other campaigns have one",
                    id=rule.id,
                    missing=", ".join(missing),
                ),
            )


def strategy_warnings(policy: Policy, file: PolicyFile) -> Warnings:
    """Gives the strategies that name a campaign which the file does not have, or which is not for that tier.

    A file without campaigns is left alone: its strategies name campaigns that are run elsewhere.
    """
    rules = {rule.id: rule for rule in file.campaigns}
    for rank, tier in enumerate(file.tiers):
        for number, name in enumerate(tier.strategy.campaigns if rules else []):
            path: Path = ("tiers", rank, "strategy", "campaigns", number)
            rule = rules.get(name)
            if rule is None:
                yield path, unknown(name, list(rules), say("campaign"))
            elif rule.tiers and tier.id not in rule.tiers:
                yield (
                    path,
                    say(
                        "{name} is for {tiers}, so nobody in {id} gets it",
                        name=name,
                        tiers=", ".join(rule.tiers),
                        id=tier.id,
                    ),
                )
            elif rule.kind == "near_tier" and rank >= policy.rank[rule.to or ""]:
                yield (
                    path,
                    say("{name} is for tiers below {to}, so nobody in {id} gets it", name=name, to=rule.to, id=tier.id),
                )


def contact_warnings(policy: Policy, file: PolicyFile) -> Warnings:
    """Gives limits on contact that never decide, and campaigns whose triggers customers would miss."""
    contact = file.contact
    for number, name in enumerate(contact.campaigns):
        kind = next(campaign.kind for campaign in policy.campaigns if campaign.id == name)
        if kind in _AWAITED:
            lost = say(
                "where a customer has been approached enough, the {awaited} of {name} is lost for good",
                awaited=_AWAITED[kind],
                name=name,
            )
            yield ("contact", "campaigns", number), say("{lost}; take it out, unless that is meant", lost=lost)
    if contact.at_most is not None and contact.quiet_days and contact.in_days is not None:
        in_quiet = -(-contact.in_days // contact.quiet_days)  # the quiet days alone let no more than this through
        if contact.at_most >= in_quiet:
            leave = say(
                "{quiet_days} quiet days leave no more than {in_quiet} in {in_days} days",
                quiet_days=contact.quiet_days,
                in_quiet=in_quiet,
                in_days=contact.in_days,
            )
            yield ("contact", "at_most"), say("{leave}, so this never decides", leave=leave)


def _hold_out(path: Path, campaign: Campaign, rule: CampaignRule) -> Warnings:
    if campaign.hold_out_e4 == ONE_SHARE:
        yield (*path, "hold_out"), say("everybody is held out, so nobody is treated")
    if rule.salt is not None and not campaign.hold_out_e4:
        yield (*path, "salt"), say("nobody is held out, so this decides nothing; write hold_out, or take it out")


def _by_kind(path: Path, campaign: Campaign, rule: CampaignRule, policy: Policy) -> Warnings:
    first = policy.tiers[0].id
    terms = campaign.terms
    match terms:
        case Gift(amount_e4=int() as amount_e4):
            budget = campaign.budget
            if budget is not None and budget.amount_e4 is not None and budget.amount_e4 < amount_e4:
                yield (*path, "budget", "amount"), say("one gift costs more than the whole budget, so nobody gets it")
        case NearTier():
            yield from _near_tier(path, terms, rule, policy)
        case AtRisk():
            yield from _at_risk(path, terms, policy)
        case FeeAlert(measure=measure):
            if measure.months != 1:
                says = say(
                    "it looks at a whole month, and {name} is no figure of one whole month", name=quoted(measure.name)
                )
                yield (
                    (*path, "measure"),
                    say("{says}; use an average, a sum or a count with months = 1, or a month_end", says=says),
                )
        case _:
            pass
    if rule.kind in {"welcome", "at_risk"} and first in rule.tiers:
        says = say("nobody is upgraded to it") if rule.kind == "welcome" else say("nobody falls from it")
        yield (
            (*path, "tiers", rule.tiers.index(first)),
            say("{first} is the first tier, and {says}; take it out", first=first, says=says),
        )


def _near_tier(path: Path, terms: NearTier, rule: CampaignRule, policy: Policy) -> Warnings:
    word = next(word for word in ("at_least", "within", "within_share") if getattr(rule, word) is not None)
    to = policy.rank[rule.to or ""]
    if terms.at_least_e16 >= terms.floor_e16:
        yield (*path, word), say("nobody is near: who has this much meets the floor of {to} already", to=rule.to)
    elif terms.at_least_e16 <= 0:
        yield (*path, word), say("everybody below the floor of {to} is near, with nothing at all, too", to=rule.to)
    for place, tier in enumerate(rule.tiers):
        if policy.rank[tier] >= to:
            yield (
                (*path, "tiers", place),
                say("who is in {tier} need not be told how near {to} is; take it out", tier=tier, to=rule.to),
            )
    if terms.for_days and policy.rises.when not in {"at_once", "daily"}:
        looked = say("customers are rated by the calendar, so what is near is looked at then alone")
        yield (
            (*path, "for_days"),
            say("{looked}: these are days after a rating; write 0, unless that is meant", looked=looked),
        )


def _at_risk(path: Path, terms: AtRisk, policy: Policy) -> Warnings:
    falling = policy.falling
    waits = falling.after_days or falling.after_months or falling.protection_days or falling.term_months
    if policy.falls_at_once and not waits and not policy.next_month:
        yield path, say("a tier is lost at once, so no fall can be seen coming and nobody gets this")
    elif falling.after_days and not falling.protection_days and terms.days_before >= falling.after_days:
        yield (
            (*path, "days_before"),
            say(
                "the whole grace is {after_days} days, so this comes as soon as it begins; write fewer days",
                after_days=falling.after_days,
            ),
        )
