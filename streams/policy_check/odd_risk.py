"""Risk rules that decide nothing, or that ask more of the better customer."""

from collections.abc import Iterator
from itertools import pairwise
from typing import get_args

from streams.engine.events import Standing
from streams.engine.money import ONE_SHARE
from streams.engine.policy import Policy
from streams.engine.problems import Path
from streams.engine.risk import Risk
from streams.engine.rules import PolicyFile
from streams.policy_check.phrases import listed

_Odd = Iterator[tuple[Path, str]]

_STANDINGS: tuple[Standing, ...] = get_args(Standing)  # from the best to the worst
_STRICTNESS = {None: 0, "enhanced": 1, "refer": 2}


def odd_risk(policy: Policy, file: PolicyFile) -> _Odd:
    """All that is odd about how loans are decided."""
    risk, rule = policy.risk, file.risk
    if risk is None or rule is None:
        return
    if not (risk.large_loan_e16 or risk.standing or risk.fresh or risk.volatile):
        yield ("risk",), "no rule makes a loan enhanced or refers it, so every loan is standard, and none is watched"
        return
    yield from _limits(risk, policy)
    yield from _standings(risk)
    if risk.times_assets_e16 is not None and risk.against_assets == "enhanced":
        says = "a large loan is enhanced already, so this decides nothing"
        yield ("risk", "against_assets", "outcome"), f'{says}; write outcome = "refer"'
    for word, limit in (("fresh_assets", risk.fresh), ("volatile_assets", risk.volatile)):
        if limit is not None and limit.more_than_e4 == ONE_SHARE:
            yield ("risk", word, "more_than"), "this asks more than the whole, which only an overdraft can give"


def _limits(risk: Risk, policy: Policy) -> _Odd:
    """Tiers without a limit, and limits that are lower the higher the tier."""
    limits = risk.large_loan_e16
    missing = [tier.id for tier in policy.tiers if tier.id not in limits]
    if limits and missing:
        yield ("risk", "large_loan"), f"there is no limit for {listed(missing)}, so no loan is large there"
    known = [tier.id for tier in policy.tiers if tier.id in limits]
    for lower, higher in pairwise(known):
        if limits[higher] < limits[lower]:
            yield ("risk", "large_loan", higher), f"the limit is lower than that of {lower}, which is the lower tier"


def _standings(risk: Risk) -> _Odd:
    for better, worse in pairwise(_STANDINGS):
        if _STRICTNESS[risk.standing.get(worse)] < _STRICTNESS[risk.standing.get(better)]:
            place: Path = ("risk", "standing", worse if worse in risk.standing else better)
            yield place, f"{worse} is the worse standing, and less strictly looked at than {better}"
    if "good" in risk.standing:
        yield (
            ("risk", "standing", "good"),
            "customers of whom no standing is known count as good: this is for them, too",
        )
