"""Whom a campaign is for."""

from streams.engine.case import Case


def is_for(case: Case, tiers: frozenset[str]) -> bool:
    """Says whether the customer is served one of these tiers now. An empty set stands for all tiers."""
    return not tiers or case.state.tier in tiers
