"""Which events concern which campaigns, worked out once: most events concern few.

Beside these, its own due time wakes a campaign, and another policy wakes all of them.
"""

from typing import assert_never

from streams.policy.campaigns import (
    AtRisk,
    Campaign,
    CampaignsByEvent,
    CampaignTerms,
    CashBack,
    Dormant,
    FeeAlert,
    Gift,
    NearTier,
    Welcome,
    WokenCampaigns,
)
from streams.values.events import TRANSACTION_TYPES

BALANCE = "balance"


def campaigns_by_event(campaigns: tuple[Campaign, ...]) -> CampaignsByEvent:
    """Gives the campaigns that each kind of event wakes."""

    def woken(word: str, *, decided: bool, changed: bool) -> tuple[Campaign, ...]:
        return tuple([c for c in campaigns if _is_woken(c.terms, word, decided=decided, changed=changed)])

    return {
        word: WokenCampaigns(
            undecided=woken(word, decided=False, changed=False),
            decided=woken(word, decided=True, changed=False),
            changed=woken(word, decided=True, changed=True),
        )
        for word in ("", BALANCE, *TRANSACTION_TYPES)
    }


def _is_woken(terms: CampaignTerms, word: str, *, decided: bool, changed: bool) -> bool:
    """Says whether an event may be an occasion. decided: the tier was looked at; changed: and is another one."""
    match terms:
        case Gift():  # what brings money in
            return word in {BALANCE, "deposit"}
        case CashBack():  # what it counts, and another tier
            return word in terms.month.types or (changed and not terms.per_transaction)
        case NearTier():  # new figures
            return decided
        case Dormant():  # a transaction, or another tier
            return changed or word in TRANSACTION_TYPES
        case Welcome() | FeeAlert():  # another tier
            return changed
        case AtRisk():  # a decision: it may have put a fall off, or brought one near
            return decided
        case never:
            assert_never(never)
