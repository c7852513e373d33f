"""What a policy does, in sentences that its author can hold against what was meant."""

from collections.abc import Sequence
from decimal import Decimal

from streams.languages.said import Said, and_also, clauses, commas, joined, or_else, say
from streams.policy.check.campaign_sentences import campaign_sentences
from streams.policy.check.loan_sentences import risk_sentences
from streams.policy.check.phrases import amount, in_days, in_months, listed, percent
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
    *(say("January"), say("February"), say("March"), say("April"), say("May"), say("June"), say("July")),
    *(say("August"), say("September"), say("October"), say("November"), say("December")),
)


def in_words(policy: Policy, file: PolicyFile) -> list[Said]:
    """Tells a policy in a paragraph: tiers and floors, the value, its measures, ratings, and how a tier is lost.

    After it come one for each campaign, and one for loans, where the file has any.
    """
    tiers = say("1 tier") if len(file.tiers) == 1 else say("{tiers} tiers", tiers=len(file.tiers))
    sentences = [
        say(
            "{name}, version {version}: {tiers}, in {currency}, by the days of {time_zone}",
            name=file.name,
            version=file.version,
            tiers=tiers,
            currency=file.currency,
            time_zone=file.time_zone,
        ),
        _tiers(file.tiers),
        *_rules(policy, file),
    ]
    loans = risk_sentences(file.risk)
    paragraphs = [sentences, *([sentence] for sentence in campaign_sentences(file)), *([loans] if loans else [])]
    return [say("{sentences}.", sentences=joined(paragraph, _sentences)) for paragraph in paragraphs]


def rules_in_words(policy: Policy, file: PolicyFile) -> list[str]:
    """Tells all but what the tiers are, a sentence each: those of two policies can be held against each other."""
    return [*_rules(policy, file), *campaign_sentences(file), *risk_sentences(file.risk)]


def _rules(policy: Policy, file: PolicyFile) -> list[str]:
    caps = [
        say("In {standing} standing nobody is above {tier}", standing=standing, tier=tier)
        for standing, tier in file.caps.items()
    ]
    return [
        *_value(policy, file),
        *_measures(policy, file),
        *_products(file),
        *_accounts(file),
        *_rates(file),
        *caps,
        _rating(file.rating),
        *_falling(file.rating, file.falling, file.tiers),
    ]


def _sentences(one: str, other: str) -> Said:
    return say("{one}. {other}", one=one, other=other)


def _products(file: PolicyFile) -> list[str]:
    told = [say("{word} counts as {product}", word=word, product=product) for word, product in file.products.items()]
    return [say("Of products, {told}", told=listed(told))] if told else []


def _rates(file: PolicyFile) -> list[str]:
    if file.rates != "topic":
        return []
    return [
        say(
            "Other currencies count in {currency} by the newest rate of the day or before, from bank.rates",
            currency=file.currency,
        )
    ]


def _accounts(file: PolicyFile) -> list[str]:
    if file.accounts is None:
        return []
    whom = {
        "first": say("wholly to its first owner"),
        "each": say("wholly to each owner"),
        "shares": say("to each owner by the share"),
    }
    return [say("A joint account counts {whom}", whom=whom[file.accounts.joint])]


def _tiers(tiers: Sequence[TierRule]) -> str:
    parts = [say("Everybody is at least {id}", id=tiers[0].id)]
    for tier in tiers[1:]:
        enter = say("from a value of {at_least}", at_least=amount(tier.at_least)) if tier.at_least is not None else ""
        if tier.enter is not None:
            enter = say("from {enter}", enter=_condition(tier.enter))
        keep = say(", kept from {keep}", keep=_condition(tier.keep)) if tier.keep is not None else ""
        parts.append(say("{id} is {enter}{keep}", id=tier.id, enter=enter, keep=keep))
    return joined(parts, clauses)


def _condition(rule: ConditionRule) -> str:
    if rule.measure is not None:
        measure = say("a value") if rule.measure == "value" else rule.measure
        return say("{measure} of {at_least}", measure=measure, at_least=amount(rule.at_least))
    if rule.standing_at_least is not None:
        return say("a standing of {standing_at_least} or better", standing_at_least=rule.standing_at_least)
    parts = [_part(part) for part in rule.all or rule.any or []]
    return joined(parts, and_also if rule.all is not None else or_else)


def _part(rule: ConditionRule) -> str:
    """Tells a condition of a list; one that is a list itself stands in brackets."""
    told = _condition(rule)
    return say("({condition})", condition=told) if len(rule.all or rule.any or ()) > 1 else told


def _value(policy: Policy, file: PolicyFile) -> list[str]:
    looks_at_value = any(tier.at_least is not None or _names_value(tier) for tier in file.tiers)
    if not looks_at_value:
        return []
    told = say("The value is {term}", term=joined(map(_term, file.value.terms), _plus))
    shares = [
        say("{share} of the assets less in {standing} standing", share=percent(share), standing=standing)
        if share[0] == "-"
        else say("{share} of the assets more in {standing} standing", share=percent(share), standing=standing)
        for standing, share in file.value.credit.items()
        if policy.credit_share_e4[standing]
    ]
    return [joined([told, *shares], commas)]


def _plus(one: str, other: str) -> Said:
    return say("{one} + {other}", one=one, other=other)


def _names_value(tier: TierRule) -> bool:
    return any(_mentions(rule, "value") for rule in (tier.enter, tier.keep) if rule is not None)


def _mentions(rule: ConditionRule, name: str) -> bool:
    return rule.measure == name or any(_mentions(part, name) for part in [*(rule.all or []), *(rule.any or [])])


def _term(term: TermRule) -> str:
    measure = term.measure
    if Decimal(term.weight) != 1:
        measure = say("{weight} times {measure}", weight=term.weight, measure=measure)
    return (
        measure if term.at_most is None else say("{term} (at most {limit})", term=measure, limit=amount(term.at_most))
    )


def _measures(policy: Policy, file: PolicyFile) -> list[str]:
    looks_at_value = bool(_value(policy, file))
    conditions = [rule for tier in file.tiers for rule in (tier.enter, tier.keep) if rule is not None]
    used = [
        measure.name
        for measure in policy.measures
        if any(_mentions(rule, measure.name) for rule in conditions)
        or (looks_at_value and any(term.measure == measure.name for term in file.value.terms))
    ]
    told = [
        say("{name} is {measures}", name=name, measures=_measure(file.measures[name]))
        for name in used
        if name in file.measures
    ]
    told += [say("assets are the newest total of all products but debts")] if "assets" in used else []
    told += [say("loans are the newest total of the loans")] if "loans" in used else []
    told += [say("score is the newest credit score")] if "score" in used else []
    if not told:
        return []
    return [say("Here {measures}", measures=joined(told, clauses))]


def _measure(rule: MeasureRule) -> str:
    span = (
        say("the last {days}", days=in_days(rule.days))
        if rule.days
        else say("the last {months} whole months", months=f"{rule.months or 0:,}")
    )
    if rule.months == 1:
        span = say("the last whole month")
    if rule.total is not None:
        return say("the newest total of the {total}", total=rule.total)
    if rule.month_end is not None:
        return say("the total of the {month_end} at the last month's end", month_end=rule.month_end)
    if rule.average is not None:
        return say("the average of the {average}' daily closing totals over {span}", average=rule.average, span=span)
    types = listed(rule.sum or rule.count or [])
    if rule.sum is not None:
        return say("the amount of {types} transactions in {span}", types=types, span=span)
    return say("the number of {types} transactions in {span}", types=types, span=span)


def _rating(rule: RatingRule) -> str:
    effect = say("; a change is served from the next month's beginning") if rule.effect == "next_month" else ""
    first = (
        ""
        if rule.when == "at_once"
        else say("; until the first rating a customer is in the lowest tier{effect}", effect=effect)
    )
    return say("Customers are rated {when}{first}", when=_when(rule.when), first=first or effect)


def _when(when: str | Sequence[str]) -> str:
    match when:
        case "at_once":
            return say("at once, whenever something changes")
        case "daily":
            return say("at every midnight")
        case "month_end":
            return say("at each month's end")
        case _:
            return say("at the end of {dates}", dates=listed([_day(text) for text in when]))


def _day(text: str) -> str:
    month, _, day = text.partition("-")
    return say("{day} {month}", day=int(day), month=_MONTHS[int(month) - 1])


def _falling(rating: RatingRule, rule: FallingRule, tiers: Sequence[TierRule]) -> list[str]:
    if len(tiers) == 1:
        return []
    to = {"earned": say("to the tier that is earned"), "one_step": say("one tier down"), "higher_of_last_two": ""}[
        rule.to
    ]
    when = (
        "" if rule.when is None or rule.when == rating.when else say(", which is judged {when}", when=_when(rule.when))
    )
    at_once = (rating.when if rule.when is None else rule.when) == "at_once"
    if rule.after_days or rule.after_months:
        span = in_days(rule.after_days) if rule.after_days else in_months(rule.after_months)
        told = say("A tier is lost after {span} in a row below its floor{when}, {to}", span=span, when=when, to=to)
    elif rule.term_months:
        grace = (
            say(", and then for a grace of {grace_months}", grace_months=in_months(rule.grace_months))
            if rule.grace_months
            else ""
        )
        term = say("A tier is sure for {term_months}{grace}", term_months=in_months(rule.term_months), grace=grace)
        told = say("{term}; below its floor it is then lost{when}, {to}", term=term, when=when, to=to)
    elif rule.to == "higher_of_last_two":
        told = say("A tier is lost at a rating{when}, to the higher of what the last two ratings gave", when=when)
    else:
        told = say(
            "A tier is lost at {instant} below its floor{when}, {to}",
            instant=say("once") if at_once else say("the first rating"),
            when=when,
            to=to,
        )
    protected = in_days(rule.protection_days)
    return (
        [told, say("Nobody falls within {protected} of an upgrade", protected=protected)]
        if rule.protection_days
        else [told]
    )
