"""Warnings of risk rules that decide nothing, or that are stricter with the better customer."""

from itertools import pairwise
from typing import TYPE_CHECKING

from streams.languages.said import say
from streams.policy.check.found import Warnings
from streams.policy.check.phrases import listed
from streams.policy.language.document import PolicyFile
from streams.policy.loans import STRICTNESS, LoanRules
from streams.policy.policy import Policy
from streams.values.money import ONE_SHARE
from streams.values.standings import STANDINGS

if TYPE_CHECKING:
    from streams.policy.language.problem import Path


def loan_warnings(policy: Policy, file: PolicyFile) -> Warnings:
    """Gives what is odd about how loans are decided."""
    rules, written = policy.loan_rules, file.risk
    if rules is None or written is None:
        return
    if not (rules.large_loan_e16 or rules.standing or rules.fresh or rules.volatile):
        yield (
            ("risk",),
            say("no rule makes a loan enhanced or refers it, so every loan is standard, and none is watched"),
        )
        return
    yield from _limits(rules, policy)
    yield from _standings(rules)
    if rules.times_assets_e16 is not None and rules.against_assets == "enhanced":
        says = say("a large loan is enhanced already, so this decides nothing")
        yield ("risk", "against_assets", "outcome"), say('{says}; write outcome = "refer"', says=says)
    for word, limit in (("fresh_assets", rules.fresh), ("volatile_assets", rules.volatile)):
        if limit is not None and limit.more_than_e4 == ONE_SHARE:
            yield ("risk", word, "more_than"), say("this asks more than the whole, which only an overdraft can give")


def _limits(rules: LoanRules, policy: Policy) -> Warnings:
    """Gives tiers without a limit, and limits that are lower than that of a lower tier."""
    limits = rules.large_loan_e16
    missing = [tier.id for tier in policy.tiers if tier.id not in limits]
    if limits and missing:
        yield (
            ("risk", "large_loan"),
            say("there is no limit for {missing}, so no loan is large there", missing=listed(missing)),
        )
    known = [tier.id for tier in policy.tiers if tier.id in limits]
    for lower, higher in pairwise(known):
        if limits[higher] < limits[lower]:
            yield (
                ("risk", "large_loan", higher),
                say("the limit is lower than that of {lower}, which is the lower tier", lower=lower),
            )


def _standings(rules: LoanRules) -> Warnings:
    for better, worse in pairwise(STANDINGS):
        if STRICTNESS[rules.standing.get(worse, "standard")] < STRICTNESS[rules.standing.get(better, "standard")]:
            place: Path = ("risk", "standing", worse if worse in rules.standing else better)
            yield (
                place,
                say(
                    "{worse} is the worse standing, and less strictly looked at than {better}",
                    worse=worse,
                    better=better,
                ),
            )
    if "good" in rules.standing:
        yield (
            ("risk", "standing", "good"),
            say("customers of whom no standing is known count as good: this is for them, too"),
        )
