"""What a policy does, in sentences that its author can hold against what was meant."""

from collections.abc import Sequence
from decimal import Decimal

from streams.policy.check.campaign_sentences import campaign_sentences
from streams.policy.check.loan_sentences import risk_sentences
from streams.policy.check.phrases import amount, count, listed, percent
from streams.policy.language.document import (
    ConditionRule,
    FallingRule,
    MeasureRule,
    PolicyFile,
    RatingRule,
    TermRule,
    TierRule,
)
from streams.policy.policy import Policy

_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def in_words(policy: Policy, file: PolicyFile) -> str:
    """Tells a policy in a paragraph: tiers and floors, the value, its measures, ratings, and how a tier is lost.

    Below it stand a line for each campaign, and one for loans, where the file has any.
    """
    tiers = "1 tier" if len(file.tiers) == 1 else f"{len(file.tiers)} tiers"
    sentences = [
        f"{file.name}, version {file.version}: {tiers}, in {file.currency}, by the days of {file.time_zone}",
        _tiers(file.tiers),
        *_value(policy, file),
        *_measures(policy, file),
        *_products(file),
        *_accounts(file),
        *(f"In {standing} standing nobody is above {tier}" for standing, tier in file.caps.items()),
        _rating(file.rating),
        *_falling(file.rating, file.falling, file.tiers),
    ]
    loans = risk_sentences(file.risk)
    paragraphs = [sentences, *([sentence] for sentence in campaign_sentences(file)), *([loans] if loans else [])]
    return "\n".join(". ".join(paragraph) + "." for paragraph in paragraphs)


def _products(file: PolicyFile) -> list[str]:
    told = [f"{word} counts as {product}" for word, product in file.products.items()]
    return [f"Of products, {listed(told)}"] if told else []


def _accounts(file: PolicyFile) -> list[str]:
    if file.accounts is None:
        return []
    whom = {
        "first": "wholly to its first owner",
        "each": "wholly to each owner",
        "shares": "to each owner by the share",
    }
    return [f"A joint account counts {whom[file.accounts.joint]}"]


def _tiers(tiers: Sequence[TierRule]) -> str:
    parts = [f"Everybody is at least {tiers[0].id}"]
    for tier in tiers[1:]:
        enter = f"from a value of {amount(tier.at_least)}" if tier.at_least is not None else ""
        if tier.enter is not None:
            enter = f"from {_condition(tier.enter)}"
        keep = f", kept from {_condition(tier.keep)}" if tier.keep is not None else ""
        parts.append(f"{tier.id} is {enter}{keep}")
    return "; ".join(parts)


def _condition(rule: ConditionRule) -> str:
    if rule.measure is not None:
        return f"{'a value' if rule.measure == 'value' else rule.measure} of {amount(rule.at_least)}"
    if rule.standing_at_least is not None:
        return f"a standing of {rule.standing_at_least} or better"
    word = " and " if rule.all is not None else " or "
    parts = [_condition(part) for part in rule.all or rule.any or []]
    return word.join(f"({part})" if " and " in part or " or " in part else part for part in parts)


def _value(policy: Policy, file: PolicyFile) -> list[str]:
    looks_at_value = any(tier.at_least is not None or _names_value(tier) for tier in file.tiers)
    if not looks_at_value:
        return []
    told = f"The value is {' + '.join(map(_term, file.value.terms))}"
    shares = [
        f"{percent(share)} of the assets {'less' if share[0] == '-' else 'more'} in {standing} standing"
        for standing, share in file.value.credit.items()
        if policy.credit_share_e4[standing]
    ]
    return [", ".join([told, *shares])]


def _names_value(tier: TierRule) -> bool:
    return any(_mentions(rule, "value") for rule in (tier.enter, tier.keep) if rule is not None)


def _mentions(rule: ConditionRule, name: str) -> bool:
    return rule.measure == name or any(_mentions(part, name) for part in [*(rule.all or []), *(rule.any or [])])


def _term(term: TermRule) -> str:
    weight = "" if Decimal(term.weight) == 1 else f"{term.weight} times "
    limit = "" if term.at_most is None else f" (at most {amount(term.at_most)})"
    return f"{weight}{term.measure}{limit}"


def _measures(policy: Policy, file: PolicyFile) -> list[str]:
    looks_at_value = bool(_value(policy, file))
    conditions = [rule for tier in file.tiers for rule in (tier.enter, tier.keep) if rule is not None]
    used = [
        measure.name
        for measure in policy.measures
        if any(_mentions(rule, measure.name) for rule in conditions)
        or (looks_at_value and any(term.measure == measure.name for term in file.value.terms))
    ]
    told = [f"{name} is {_measure(file.measures[name])}" for name in used if name in file.measures]
    told += ["assets are the newest total of all products but debts"] if "assets" in used else []
    told += ["loans are the newest total of the loans"] if "loans" in used else []
    told += ["score is the newest credit score"] if "score" in used else []
    if not told:
        return []
    text = "; ".join(told)
    return [f"Here {text}"]


def _measure(rule: MeasureRule) -> str:
    span = f"the last {count(rule.days, 'day')}" if rule.days else f"the last {count(rule.months or 0, 'whole month')}"
    if rule.months == 1:
        span = "the last whole month"
    if rule.total is not None:
        return f"the newest total of the {rule.total}"
    if rule.month_end is not None:
        return f"the total of the {rule.month_end} at the last month's end"
    if rule.average is not None:
        return f"the average of the {rule.average}' daily closing totals over {span}"
    what = "amount" if rule.sum is not None else "number"
    return f"the {what} of {listed(rule.sum or rule.count or [])} transactions in {span}"


def _rating(rule: RatingRule) -> str:
    effect = "; a change is served from the next month's beginning" if rule.effect == "next_month" else ""
    first = "" if rule.when == "at_once" else f"; until the first rating a customer is in the lowest tier{effect}"
    return f"Customers are rated {_when(rule.when)}{first or effect}"


def _when(when: str | Sequence[str]) -> str:
    match when:
        case "at_once":
            return "at once, whenever something changes"
        case "daily":
            return "at every midnight"
        case "month_end":
            return "at each month's end"
        case _:
            return f"at the end of {listed([_day(text) for text in when])}"


def _day(text: str) -> str:
    month, _, day = text.partition("-")
    return f"{int(day)} {_MONTHS[int(month) - 1]}"


def _falling(rating: RatingRule, rule: FallingRule, tiers: Sequence[TierRule]) -> list[str]:
    if len(tiers) == 1:
        return []
    to = {"earned": "to the tier that is earned", "one_step": "one tier down", "higher_of_last_two": ""}[rule.to]
    when = "" if rule.when is None or rule.when == rating.when else f", which is judged {_when(rule.when)}"
    at_once = (rating.when if rule.when is None else rule.when) == "at_once"
    if rule.after_days or rule.after_months:
        span = count(rule.after_days, "day") if rule.after_days else count(rule.after_months, "month")
        told = f"A tier is lost after {span} in a row below its floor{when}, {to}"
    elif rule.term_months:
        grace = f", and then for a grace of {count(rule.grace_months, 'month')}" if rule.grace_months else ""
        term = f"A tier is sure for {count(rule.term_months, 'month')}{grace}"
        told = f"{term}; below its floor it is then lost{when}, {to}"
    elif rule.to == "higher_of_last_two":
        told = f"A tier is lost at a rating{when}, to the higher of what the last two ratings gave"
    else:
        told = f"A tier is lost at {'once' if at_once else 'the first rating'} below its floor{when}, {to}"
    protected = count(rule.protection_days, "day")
    return [told, f"Nobody falls within {protected} of an upgrade"] if rule.protection_days else [told]
