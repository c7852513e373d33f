"""Whom a campaign is for."""

from streams.engine.case import Case


def is_for(case: Case, tiers: frozenset[str]) -> bool:
    """Says whether the customer is served one of the tiers now; none named: any."""
    return not tiers or case.state.tier in tiers
