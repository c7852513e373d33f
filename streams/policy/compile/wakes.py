"""Works out which kinds of events wake which campaigns, so that an event asks only the few that it concerns.

A campaign is also woken by its own due time (engine/apply.py), and all campaigns by another policy.
"""

from typing import assert_never

from streams.policy.campaigns import (
    BALANCE,
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


def campaigns_by_event(campaigns: tuple[Campaign, ...]) -> CampaignsByEvent:
    """Gives the campaigns that each kind of event wakes, by what it does to the tier."""

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
    """Says whether a campaign has to be asked.

    word: the kind of event, as in CampaignsByEvent. decided: the tier was looked at. changed: it is another one now.
    """
    match terms:
        case Gift():  # events that bring money in
            return word in {BALANCE, "deposit"}
        case CashBack():  # transactions that it counts; by the month also another tier, with which it may begin
            return word in terms.counted.types or (changed and not terms.per_transaction)
        case NearTier():  # a decision: there are new figures
            return decided
        case Dormant():  # a transaction, or another tier
            return changed or word in TRANSACTION_TYPES
        case Welcome() | FeeAlert():  # another tier
            return changed
        case AtRisk():  # a decision: a fall may be off now, or nearer
            return decided
        case never:
            assert_never(never)
