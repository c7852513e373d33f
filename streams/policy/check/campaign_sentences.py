"""What campaigns do, a sentence for each, in the words of marketing."""

from decimal import Decimal

from streams.policy.check.phrases import amount, count, listed, percent
from streams.policy.language.campaigns import SETTLES_S, BudgetRule, CampaignRule, ContactRule
from streams.policy.language.document import PolicyFile


def campaign_sentences(file: PolicyFile) -> list[str]:
    """Gives a sentence for each campaign, and one for the limits on contact, if there are any."""
    return [*(_campaign(rule, file) for rule in file.campaigns), *_contact(file.contact)]


def _campaign(rule: CampaignRule, file: PolicyFile) -> str:
    parts = [_occasion(rule, file)]
    if rule.budget is not None:
        parts.append(_budget(rule.budget))
    if Decimal(rule.hold_out):
        salt = "" if rule.salt is None else f" by the salt {rule.salt}"
        parts.append(f"{percent(rule.hold_out)} of the customers are held out{salt}")
    return f"Campaign {rule.id}, for {_whom(rule)}: {'; '.join(parts)}"


def _whom(rule: CampaignRule) -> str:
    if rule.tiers:
        return listed(rule.tiers)
    return f"everybody below {rule.to}" if rule.kind == "near_tier" else "everybody"


def _occasion(rule: CampaignRule, file: PolicyFile) -> str:  # noqa: PLR0911 - one for each kind
    match rule.kind:
        case "gift":
            gift = "" if rule.amount is None else f"{amount(rule.amount)} for "
            within = count(rule.within_days or 0, "day")
            floor = amount(rule.at_least)
            return f"{gift}the first balance or deposit of at least {floor}, within {within} of the first event, once"
        case "welcome":
            return _welcome(rule)
        case "cash_back":
            return _cash_back(rule)
        case "near_tier":
            return _near_tier(rule, file)
        case "dormant":
            return f"no transaction for {count(rule.without_transaction_days or 0, 'day')}"
        case "at_risk":
            return f"{count(rule.days_before or 0, 'day')} before the tier is lost if nothing changes"
        case "fee_alert":
            return f"at each month's end, {rule.measure} below {amount(rule.below)}"


def _welcome(rule: CampaignRule) -> str:
    upgrade = "an upgrade to it" if len(rule.tiers) == 1 else "an upgrade to one of them"
    settles_s = SETTLES_S if rule.settles_seconds is None else rule.settles_seconds
    return f"{upgrade}, not within {count(settles_s, 'second')} of a customer's first event" if settles_s else upgrade


def _cash_back(rule: CampaignRule) -> str:
    types = listed(["purchase"] if rule.types is None else rule.types)
    limit = "" if rule.at_most is None else f", at most {amount(rule.at_most)}"
    if rule.per == "transaction":
        floor = "" if rule.at_least is None else f" of at least {amount(rule.at_least)}"
        return f"{percent(rule.rate or '0')} of each {types} transaction{floor}{limit}"
    floor = "" if rule.at_least is None else f", from a sum of {amount(rule.at_least)} on"
    days = rule.settles_after_days
    when = f"{count(days, 'day')} after each month's end" if days else "at each month's end"
    return f"{when} {percent(rule.rate or '0')} of the month's {types} transactions{floor}{limit}"


def _near_tier(rule: CampaignRule, file: PolicyFile) -> str:
    tier = next(tier for tier in file.tiers if tier.id == rule.to)
    measure = "the value" if tier.enter is None or tier.enter.measure == "value" else f"{tier.enter.measure}"
    floor = tier.at_least if tier.enter is None else tier.enter.at_least
    near = f"at least {amount(rule.at_least)}"
    if rule.within is not None:
        near = f"at most {amount(rule.within)} below"
    elif rule.within_share is not None:
        near = f"at most {percent(rule.within_share)} below"
    to = f" and below the {amount(floor)} of {rule.to}" if rule.at_least else f" the {amount(floor)} of {rule.to}"
    days = f" for {count(rule.for_days, 'day')} in a row" if rule.for_days else ""
    again = f", at most once in {count(rule.every_days, 'day')}" if rule.every_days else ""
    offer = f", an offer of {count(rule.offer_days, 'day')}" if rule.offer_days else ""
    return f"{measure} is {near}{to}{days}{again}{offer}"


def _budget(rule: BudgetRule) -> str:
    ends = [] if rule.triggers is None else [count(rule.triggers, "trigger")]
    ends += [] if rule.amount is None else [f"{amount(rule.amount)} paid"]
    per = "in all" if rule.per == "ever" else f"each {rule.per}"
    return f"no more than {listed(ends)} {per}"


def _contact(rule: ContactRule) -> list[str]:
    if not rule.campaigns:
        return []
    limits = []
    if rule.at_most is not None:
        limits.append(f"at most {rule.at_most:,} in {count(rule.in_days or 0, 'day')}")
    if rule.quiet_days:
        limits.append(f"none within {count(rule.quiet_days, 'day')} of the last")
    return [f"Of {listed(rule.campaigns)} a customer gets {listed(limits)}"]
