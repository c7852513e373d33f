"""From offers to triggers: asks every campaign that an event or time concerns, and numbers what it offers.

    event or time -> fold -> decide -> each campaign: an offer, or none -> a trigger, or none

An offer is dropped for history, after an opt-out, and where the customer has been approached often enough. It gets no
number, and does not come later. A span of days ends at the same local time so many days later.
"""

from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Any

from msgspec import structs

from streams.engine.campaigns.at_risk import at_risk_offer
from streams.engine.campaigns.cash_back import cash_back_offer, leave_to_next_payment, payments_left
from streams.engine.campaigns.contact import is_left_in_peace
from streams.engine.campaigns.dormant import dormant_offer
from streams.engine.campaigns.each_paid import note_told
from streams.engine.campaigns.fee_alert import fee_alert_offer, look_from_now_on
from streams.engine.campaigns.gift import gift_offer
from streams.engine.campaigns.near_tier import near_tier_offer
from streams.engine.campaigns.welcome import welcome_offer
from streams.engine.case import Case
from streams.engine.outcomes import Group, Offer, Trigger
from streams.engine.sections import courses_of, special_of
from streams.engine.state import Courses, CustomerState, Progress
from streams.policy.campaigns import AtRisk, Campaign, CashBack, Dormant, FeeAlert, Gift, NearTier, Welcome
from streams.values.calendar import earliest
from streams.values.money import ONE_SHARE

# The function that makes a campaign's offers, by the type of its terms.
_OFFERS: dict[type, Callable[[Case, Any, Progress], Offer | None]] = {
    Gift: gift_offer,
    CashBack: cash_back_offer,
    NearTier: near_tier_offer,
    Dormant: dormant_offer,
    Welcome: welcome_offer,
    AtRisk: at_risk_offer,
    FeeAlert: fee_alert_offer,
}
_BLANK = Progress()
_HASH_BYTES = 8


def triggers_of(case: Case, campaigns: tuple[Campaign, ...]) -> list[Trigger]:
    """Gives the triggers of these campaigns, after the tier was decided. Moves the campaigns' progress on, in place."""
    triggers: list[Trigger] = []
    blank: Progress | None = None  # for the next campaign that has noted nothing: nearly all have not
    courses = courses_of(case.state)
    for campaign in campaigns:
        if campaign.once and campaign.id in courses.trigger_counts:
            continue
        known = courses.progress.get(campaign.id)
        progress = known or blank or Progress()
        due_ms = progress.due_ms
        offer = _OFFERS[type(campaign.terms)](case, campaign.terms, progress)
        if offer is not None and (trigger := _trigger(case, campaign, offer)) is not None:
            triggers.append(trigger)
            progress = _after_trigger(case, campaign, progress, offer)
        if progress.due_ms != due_ms:
            case.due_moves = True
        if _is_blank(progress):
            blank = progress
            if known is not None:
                del courses.progress[campaign.id]
        elif known is None:
            courses.progress[campaign.id], blank = progress, None
    return triggers


def _after_trigger(case: Case, campaign: Campaign, progress: Progress, offer: Offer) -> Progress:
    """Gives the progress as it is after a trigger."""
    if isinstance(campaign.terms, CashBack) and campaign.terms.per_transaction:
        note_told(case, progress, offer.amount_e4 or 0)
    if campaign.once:  # trigger_counts says for ever that it has come
        return Progress()
    if campaign.recalls:
        progress.triggered_ms = case.now_ms
    return progress


def _is_blank(progress: Progress) -> bool:
    """Says whether nothing is noted. Of a progress that notes anything, one of its times nearly always tells so."""
    return progress.due_ms is None and progress.since_ms is None and progress.settled_ms is None and progress == _BLANK


def begin_progress(state: CustomerState, campaigns: tuple[Campaign, ...]) -> None:
    """Makes the progress fit another policy: keeps what was dealt with, and lets what is under way begin anew."""
    if state.courses is None:
        return
    ids = {campaign.id for campaign in campaigns}
    state.courses.progress = {
        name: structs.replace(progress, due_ms=None, since_ms=None)
        for name, progress in state.courses.progress.items()
        if name in ids
    }


def progress_left(case: Case, former: Mapping[str, Progress]) -> dict[str, Progress]:
    """Gives what a late erase leaves of the progress: what was paid of what is left, so that none is paid twice."""
    paid = {
        campaign.id: payments_left(case, campaign.terms, former[campaign.id])
        for campaign in case.policy.campaigns
        if isinstance(campaign.terms, CashBack) and campaign.id in former
    }
    return {name: progress for name, progress in paid.items() if progress != _BLANK}


def progress_of_both(case: Case, courses: Courses, own: Mapping[str, Progress]) -> dict[str, Progress]:
    """Gives the progress of two ids together, without campaigns that are over and those that the policy has not.

    Of one that comes once, a trigger under either id is the last. own: the progress of the id alone.
    """
    found = {}
    for campaign in case.policy.campaigns:
        progress, terms = courses.progress.get(campaign.id), campaign.terms
        if progress is None or (campaign.once and campaign.id in courses.trigger_counts):
            continue
        if isinstance(terms, CashBack):
            leave_to_next_payment(case, terms, own.get(campaign.id, _BLANK), progress)
        elif isinstance(terms, FeeAlert):
            look_from_now_on(case, terms, progress)
        found[campaign.id] = progress
    return found


def not_due(state: CustomerState, campaigns: tuple[Campaign, ...], now_ms: int) -> tuple[Campaign, ...]:
    """Gives the campaigns whose own time has not come."""
    due = due_campaigns(state, campaigns, now_ms)
    return tuple([campaign for campaign in campaigns if campaign not in due])


def due_campaigns(state: CustomerState, campaigns: tuple[Campaign, ...], now_ms: int) -> tuple[Campaign, ...]:
    """Gives the campaigns whose own time has come."""
    due = {} if state.courses is None else {name: p.due_ms for name, p in state.courses.progress.items()}
    return tuple([c for c in campaigns if (at_ms := due.get(c.id)) is not None and at_ms <= now_ms])


def next_due_ms(courses: Courses) -> int | None:
    """Gives the instant at which a campaign may next come due by time alone."""
    return earliest([progress.due_ms for progress in courses.progress.values()])


def group_of(customer_id: str, campaign: Campaign) -> Group:
    """Says whether the customer is held out or treated: by a hash of salt and customer alone, the same for ever.

    The first 8 bytes of BLAKE2b-64 of "salt:customer", as a big-endian share of 2**64, against the campaign's share.
    """
    if not campaign.hold_out_e4:
        return "treated"
    digest = blake2b(f"{campaign.salt}:{customer_id}".encode(), digest_size=_HASH_BYTES).digest()
    share = int.from_bytes(digest, "big")
    return "held_out" if share * ONE_SHARE < campaign.hold_out_e4 << (8 * _HASH_BYTES) else "treated"


def _trigger(case: Case, campaign: Campaign, offer: Offer) -> Trigger | None:
    state, now_ms = case.state, case.now_ms
    if case.is_history or special_of(state).opted_out or state.tier is None:
        return None
    if campaign.contact is not None:
        if is_left_in_peace(state, campaign.contact, now_ms, case.policy.calendar):
            case.left_in_peace += (campaign.id,)
            return None
        courses_of(state).contacts_ms.append(now_ms)
    counts = courses_of(state).trigger_counts
    counts[campaign.id] = number = counts.get(campaign.id, 0) + 1
    return Trigger(
        customer_id=case.customer_id,
        campaign=campaign,
        tier=state.tier,
        number=number,
        group=group_of(case.customer_id, campaign),
        triggered_at_ms=now_ms,
        offer=offer,
        cause=case.cause(),
    )
