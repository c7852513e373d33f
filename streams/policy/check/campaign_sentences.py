"""What campaigns do, a sentence for each, in the words of marketing."""

from decimal import Decimal

from streams.languages.said import clauses, joined, say
from streams.policy.check.phrases import amount, in_days, in_seconds, listed, percent
from streams.policy.language.campaigns import SETTLES_S, BudgetRule, CampaignRule, ContactRule
from streams.policy.language.document import PolicyFile

_PERIODS = {"ever": say("in all"), "month": say("each month"), "year": say("each year"), "day": say("each day")}


def campaign_sentences(file: PolicyFile) -> list[str]:
    """Gives a sentence for each campaign, and one for the limits on contact, if there are any."""
    return [*(_campaign(rule, file) for rule in file.campaigns), *_contact(file.contact)]


def _campaign(rule: CampaignRule, file: PolicyFile) -> str:
    parts = [_occasion(rule, file)]
    if rule.budget is not None:
        parts.append(_budget(rule.budget))
    if Decimal(rule.hold_out):
        salt = "" if rule.salt is None else say(" by the salt {salt}", salt=rule.salt)
        parts.append(say("{hold_out} of the customers are held out{salt}", hold_out=percent(rule.hold_out), salt=salt))
    return say("Campaign {id}, for {whom}: {parts}", id=rule.id, whom=_whom(rule), parts=joined(parts, clauses))


def _whom(rule: CampaignRule) -> str:
    if rule.tiers:
        return listed(rule.tiers)
    return say("everybody below {to}", to=rule.to) if rule.kind == "near_tier" else say("everybody")


def _occasion(rule: CampaignRule, file: PolicyFile) -> str:  # noqa: PLR0911 - one for each kind
    match rule.kind:
        case "gift":
            gift = "" if rule.amount is None else say("{amount} for ", amount=amount(rule.amount))
            within = in_days(rule.within_days or 0)
            floor = amount(rule.at_least)
            return say(
                "{gift}the first balance or deposit of at least {floor}, within {within} of the first event, once",
                gift=gift,
                floor=floor,
                within=within,
            )
        case "welcome":
            return _welcome(rule)
        case "cash_back":
            return _cash_back(rule)
        case "near_tier":
            return _near_tier(rule, file)
        case "dormant":
            return say(
                "no transaction for {without_transaction_days}",
                without_transaction_days=in_days(rule.without_transaction_days or 0),
            )
        case "at_risk":
            return say(
                "{days_before} before the tier is lost if nothing changes",
                days_before=in_days(rule.days_before or 0),
            )
        case "fee_alert":
            return say("at each month's end, {measure} below {below}", measure=rule.measure, below=amount(rule.below))


def _welcome(rule: CampaignRule) -> str:
    upgrade = say("an upgrade to it") if len(rule.tiers) == 1 else say("an upgrade to one of them")
    settles_s = SETTLES_S if rule.settles_seconds is None else rule.settles_seconds
    return (
        say(
            "{upgrade}, not within {settles_s} of a customer's first event",
            upgrade=upgrade,
            settles_s=in_seconds(settles_s),
        )
        if settles_s
        else upgrade
    )


def _cash_back(rule: CampaignRule) -> str:
    types = listed(["purchase"] if rule.types is None else rule.types)
    limit = "" if rule.at_most is None else say(", at most {at_most}", at_most=amount(rule.at_most))
    if rule.per == "transaction":
        floor = "" if rule.at_least is None else say(" of at least {at_least}", at_least=amount(rule.at_least))
        return say(
            "{rate} of each {types} transaction{floor}{limit}",
            rate=percent(rule.rate or "0"),
            types=types,
            floor=floor,
            limit=limit,
        )
    floor = "" if rule.at_least is None else say(", from a sum of {at_least} on", at_least=amount(rule.at_least))
    settles_days = rule.settles_after_days
    when = (
        say("{days} after each month's end", days=in_days(settles_days)) if settles_days else say("at each month's end")
    )
    return say(
        "{when} {rate} of the month's {types} transactions{floor}{limit}",
        when=when,
        rate=percent(rule.rate or "0"),
        types=types,
        floor=floor,
        limit=limit,
    )


def _near_tier(rule: CampaignRule, file: PolicyFile) -> str:
    tier = next(tier for tier in file.tiers if tier.id == rule.to)
    is_value = tier.enter is None or tier.enter.measure in {None, "value"}
    measure = say("the value") if tier.enter is None or is_value else f"{tier.enter.measure}"
    floor = tier.at_least if tier.enter is None else tier.enter.at_least
    near = say("at least {at_least}", at_least=amount(rule.at_least))
    if rule.within is not None:
        near = say("at most {within} below", within=amount(rule.within))
    elif rule.within_share is not None:
        near = say("at most {within_share} below", within_share=percent(rule.within_share))
    to = (
        say(" and below the {floor} of {to}", floor=amount(floor), to=rule.to)
        if rule.at_least
        else say(" the {floor} of {to}", floor=amount(floor), to=rule.to)
    )
    days = say(" for {for_days} in a row", for_days=in_days(rule.for_days)) if rule.for_days else ""
    again = say(", at most once in {every_days}", every_days=in_days(rule.every_days)) if rule.every_days else ""
    offer = say(", an offer of {offer_days}", offer_days=in_days(rule.offer_days)) if rule.offer_days else ""
    return say(
        "{measure} is {near}{to}{days}{again}{offer}",
        measure=measure,
        near=near,
        to=to,
        days=days,
        again=again,
        offer=offer,
    )


def _budget(rule: BudgetRule) -> str:
    ends = [] if rule.triggers is None else [_triggers(rule.triggers)]
    ends += [] if rule.amount is None else [say("{amount} paid", amount=amount(rule.amount))]
    per = _PERIODS[rule.per]
    return say("no more than {ends} {per}", ends=listed(ends), per=per)


def _triggers(number: int) -> str:
    return say("1 trigger") if number == 1 else say("{number} triggers", number=f"{number:,}")


def _contact(rule: ContactRule) -> list[str]:
    if not rule.campaigns:
        return []
    limits = []
    if rule.at_most is not None:
        limits.append(
            say("at most {at_most} in {in_days}", at_most=f"{rule.at_most:,}", in_days=in_days(rule.in_days or 0))
        )
    if rule.quiet_days:
        limits.append(say("none within {quiet_days} of the last", quiet_days=in_days(rule.quiet_days)))
    return [say("Of {campaigns} a customer gets {limits}", campaigns=listed(rule.campaigns), limits=listed(limits))]
