"""Whom a campaign is for."""

from streams.engine.state import CustomerState


def is_for(state: CustomerState, tiers: frozenset[str]) -> bool:
    """Says whether the customer is served one of these tiers now. An empty set stands for all tiers."""
    return not tiers or state.tier in tiers
