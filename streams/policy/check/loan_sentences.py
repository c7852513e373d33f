"""How loan applications are decided, in sentences, in the words of risk control."""

from streams.policy.check.phrases import amount, count, listed, percent
from streams.policy.language.loans import AgainstAssetsRule, MonitoringRule, RiskRule, ShareRule

_OUTCOMES = {"enhanced": "enhanced", "refer": "referred"}
_FRESH = "of the assets came in during"
_VOLATILE = "of the highest total lies between it and the lowest one of"


def risk_sentences(rule: RiskRule | None) -> list[str]:
    """Gives a sentence for all rules, and one for the watching of loans; none without [risk]."""
    if rule is None:
        return []
    rules = [
        *_large(rule),
        *_against(rule.against_assets),
        *(f"{_OUTCOMES[outcome]} in {standing} standing" for standing, outcome in rule.standing.items()),
        *_share(rule.fresh_assets, _FRESH),
        *_share(rule.volatile_assets, _VOLATILE),
    ]
    told = f"A loan application is {'; '.join(rules)}; else standard" if rules else "Every loan application is standard"
    return [told, *_monitoring(rule.monitoring)]


def _large(rule: RiskRule) -> list[str]:
    limits = [f"{amount(limit)} for {tier}" for tier, limit in rule.large_loan.items()]
    return [f"enhanced if it is large, which is from {listed(limits)}"] if limits else []


def _against(rule: AgainstAssetsRule | None) -> list[str]:
    if rule is None:
        return []
    return [f"{_OUTCOMES[rule.outcome]} if it is large and more than {amount(rule.more_than_times)} times the assets"]


def _share(rule: ShareRule | None, what: str) -> list[str]:
    if rule is None:
        return []
    return [
        f"{_OUTCOMES[rule.outcome]} if more than {percent(rule.more_than)} {what} the last {count(rule.days, 'day')}"
    ]


def _monitoring(rule: MonitoringRule | None) -> list[str]:
    if rule is None:
        return []
    shares = [percent(share) for share in rule.assets_at_most]
    falls = f"when the assets have come down to {listed(shares)} of what they were, and " if shares else ""
    return [
        f"A loan that is not standard is watched for {count(rule.days, 'day')}: an alert {falls}at each worse standing"
    ]
