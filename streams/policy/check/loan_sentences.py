"""How loan applications are decided, in sentences, in the words of risk control."""

from streams.languages.said import clauses, joined, say
from streams.policy.check.phrases import amount, in_days, listed, percent
from streams.policy.language.loans import AgainstAssetsRule, MonitoringRule, RiskRule, ShareRule

_OUTCOMES = {"enhanced": say("enhanced"), "refer": say("referred")}


def risk_sentences(rule: RiskRule | None) -> list[str]:
    """Gives a sentence for all rules, and one for the watching of loans; none without [risk]."""
    if rule is None:
        return []
    rules = [
        *_large(rule),
        *_against(rule.against_assets),
        *(
            say("{outcomes} in {standing} standing", outcomes=_OUTCOMES[outcome], standing=standing)
            for standing, outcome in rule.standing.items()
        ),
        *_fresh(rule.fresh_assets),
        *_volatile(rule.volatile_assets),
    ]
    told = (
        say("A loan application is {rules}; else standard", rules=joined(rules, clauses))
        if rules
        else say("Every loan application is standard")
    )
    return [told, *_monitoring(rule.monitoring)]


def _large(rule: RiskRule) -> list[str]:
    limits = [say("{limit} for {tier}", limit=amount(limit), tier=tier) for tier, limit in rule.large_loan.items()]
    return [say("enhanced if it is large, which is from {limits}", limits=listed(limits))] if limits else []


def _against(rule: AgainstAssetsRule | None) -> list[str]:
    if rule is None:
        return []
    return [
        say(
            "{outcomes} if it is large and more than {more_than_times} times the assets",
            outcomes=_OUTCOMES[rule.outcome],
            more_than_times=amount(rule.more_than_times),
        )
    ]


def _fresh(rule: ShareRule | None) -> list[str]:
    if rule is None:
        return []
    return [say("{outcome} if more than {share} of the assets came in during the last {days}", **_limit(rule))]


def _volatile(rule: ShareRule | None) -> list[str]:
    if rule is None:
        return []
    return [
        say(
            "{outcome} if more than {share} of the highest total lies between it and the lowest one of the last {days}",
            **_limit(rule),
        )
    ]


def _limit(rule: ShareRule) -> dict[str, str]:
    return {"outcome": _OUTCOMES[rule.outcome], "share": percent(rule.more_than), "days": in_days(rule.days)}


def _monitoring(rule: MonitoringRule | None) -> list[str]:
    if rule is None:
        return []
    shares = [percent(share) for share in rule.assets_at_most]
    falls = (
        say("when the assets have come down to {shares} of what they were, and ", shares=listed(shares))
        if shares
        else ""
    )
    return [
        say(
            "A loan that is not standard is watched for {days}: an alert {falls}at each worse standing",
            days=in_days(rule.days),
            falls=falls,
        )
    ]
