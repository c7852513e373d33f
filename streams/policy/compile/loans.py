"""Compiles the rules for loan applications (docs/policies.md#loans-enhanced-or-referred)."""

from collections.abc import Mapping

from streams.languages.said import say
from streams.policy.compile.numbers import read_fixed
from streams.policy.language.forms import quoted, unknown
from streams.policy.language.loans import RiskRule, ShareRule
from streams.policy.language.problems import Problems
from streams.policy.loans import LoanRules, ShareLimit
from streams.values.money import SHARE_DECIMALS, VALUE_DECIMALS


def compile_loan_rules(rule: RiskRule, rank: Mapping[str, int], problems: Problems) -> LoanRules:
    """Compiles the table [risk]. rank: by tier id. Where a problem was noted, the result must not be used."""
    _check(rule, rank, problems)
    against, monitoring = rule.against_assets, rule.monitoring
    shares = [] if monitoring is None else [read_fixed(share, SHARE_DECIMALS) for share in monitoring.assets_at_most]
    return LoanRules(
        large_loan_e16={tier: read_fixed(amount, VALUE_DECIMALS) for tier, amount in rule.large_loan.items()},
        standing=dict(rule.standing),
        times_assets_e16=None if against is None else read_fixed(against.more_than_times, VALUE_DECIMALS),
        against_assets="refer" if against is None else against.outcome,
        fresh=_share_limit(rule.fresh_assets),
        volatile=_share_limit(rule.volatile_assets),
        monitor_days=0 if monitoring is None else monitoring.days,
        alert_shares_e4=tuple(sorted(set(shares), reverse=True)),
    )


def days_looked_back(rules: LoanRules | None) -> int:
    """Gives how many days of closing totals the rules look at, today included; 0 where they look at none."""
    fresh = rules.fresh.days + 1 if rules is not None and rules.fresh is not None else 0
    volatile = rules.volatile.days if rules is not None and rules.volatile is not None else 0
    return max(fresh, volatile)


def _check(rule: RiskRule, rank: Mapping[str, int], problems: Problems) -> None:
    for tier in rule.large_loan:
        if tier not in rank and not problems.has_broken_tiers():
            problems.add_unless_known(("risk", "large_loan", tier), unknown(tier, list(rank), say("tier")))
    if rule.against_assets is not None and not rule.large_loan and not problems.has(("risk", "large_loan")):
        problems.add_unless_known(
            ("risk", "against_assets"),
            say(
                "it looks at large loans, and nothing says which are large; write [risk.large_loan], and below it a "
                'line for each tier: low = "300000"'
            ),
        )
    shares = [] if rule.monitoring is None else rule.monitoring.assets_at_most
    for number, share in enumerate(shares):
        if not 0 < read_fixed(share, SHARE_DECIMALS) < 10**SHARE_DECIMALS:
            problems.add_unless_known(
                ("risk", "monitoring", "assets_at_most", number),
                say(
                    '{share} is no part of the assets; write a share between "0" and "1", such as "0.70"',
                    share=quoted(share),
                ),
            )


def _share_limit(rule: ShareRule | None) -> ShareLimit | None:
    if rule is None:
        return None
    return ShareLimit(rule.days, read_fixed(rule.more_than, SHARE_DECIMALS), rule.outcome)
