"""Compiles what tiers are for, and the days on which that changes (docs/policies.md#services-and-their-days)."""

from collections.abc import Iterable

from streams.policy.language.document import ServiceRule, StrategyRule
from streams.policy.services import Service, Strategy
from streams.values.calendar import parse_day


def compile_strategy(rule: StrategyRule) -> Strategy:
    """Compiles the table [tiers.strategy]."""
    return Strategy(rule.needs, tuple(map(_service, rule.services)), rule.campaigns, rule.risk_controls)


def _service(rule: ServiceRule) -> Service:
    first_day = None if rule.valid_from is None else read_day(rule.valid_from)
    last_day = None if rule.valid_until is None else read_day(rule.valid_until)
    return Service(rule.id, rule.kind, rule.name, first_day, last_day)


def strategy_days(strategies: Iterable[Strategy]) -> tuple[int, ...]:
    """Gives the first days of services, and the days after their last ones, in order.

    Between two of these days the services of all tiers stay the same.
    """
    days = set()
    for strategy in strategies:
        for service in strategy.services:
            if service.first_day is not None:
                days.add(service.first_day)
            if service.last_day is not None:
                days.add(service.last_day + 1)
    return tuple(sorted(days))


def read_day(text: str) -> int:
    """Reads a date such as 2026-12-31 as a day; 0 for a text that language/forms.py has refused."""
    try:
        return parse_day(text)
    except ValueError:
        return 0
