"""When services are valid: from a local day on, and through another."""

from collections.abc import Iterable, Sequence
from datetime import date

from streams.engine.rules import Service, StrategyRule, TierRule

_EPOCH_DAY = date(1970, 1, 1).toordinal()


def services_on(strategy: StrategyRule, day: int) -> Sequence[Service]:
    """The services that are valid on the day, both ends included."""
    return [
        service
        for service in strategy.services
        if (service.valid_from is None or day_number(service.valid_from) <= day)
        and (service.valid_until is None or day <= day_number(service.valid_until))
    ]


def strategy_days(tiers: Iterable[TierRule]) -> tuple[int, ...]:
    """The days with which some service begins or has ended; between two of them strategies stay the same."""
    days = set()
    for tier in tiers:
        for service in tier.strategy.services:
            if service.valid_from is not None:
                days.add(day_number(service.valid_from))
            if service.valid_until is not None:
                days.add(day_number(service.valid_until) + 1)
    return tuple(sorted(days))


def day_number(text: str) -> int:
    """The day of a date of the form 2026-12-31; 0 for one that was told to be wrong."""
    try:
        return date.fromisoformat(text).toordinal() - _EPOCH_DAY
    except ValueError:
        return 0
