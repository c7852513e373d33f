"""Campaigns: what is an occasion for one (occasions.py), and whether a trigger comes of it.

An occasion that is held back is over: by history, by an opt-out, or because the customer has been approached enough.
It gets no number and is not made up for.
"""

from hashlib import blake2b
from typing import Literal

import msgspec

from streams.engine.calendar import Calendar
from streams.engine.campaign_rules import BudgetPeriod, CampaignKind
from streams.engine.events import TRANSACTION_TYPES, Cause
from streams.engine.money import ONE_SHARE, Figure
from streams.engine.occasions import OccasionRule, Offer, Scene, Waking
from streams.engine.state import Course, CustomerState

Group = Literal["treated", "held_out"]

_BLANK = Course()
_HASH_BYTES = 8


class Budget(msgspec.Struct, frozen=True):
    """What a campaign has in all, or in each period. None: no end."""

    triggers: int | None
    amount_cents: int | None
    per: BudgetPeriod


class Contact(msgspec.Struct, frozen=True):
    """How often campaigns together may approach a customer."""

    at_most: int | None
    in_days: int
    quiet_days: int


class Campaign(msgspec.Struct, frozen=True):
    """A campaign, compiled. contact: what it keeps to together with others."""

    id: str
    kind: CampaignKind
    rule: OccasionRule
    hold_out_e4: int
    salt: str
    budget: Budget | None
    contact: Contact | None


class Trigger(msgspec.Struct, frozen=True, gc=False):
    """A campaign is to act for a customer. `number` counts the customer's triggers of the campaign from 1."""

    customer_id: str
    campaign: Campaign
    tier: str
    number: int
    group: Group
    triggered_at_ms: int
    period: str | None
    amount_cents: int | None
    missing: Figure | None
    due_ms: int | None
    cause: Cause | None


# By an event's word (occasions.Waking): those woken where nothing was decided, where something was, by a change.
Woken = dict[str, tuple[tuple[Campaign, ...], tuple[Campaign, ...], tuple[Campaign, ...]]]


def woken_by(campaigns: tuple[Campaign, ...]) -> Woken:
    """Which campaigns an event concerns, worked out beforehand: most concern few."""

    def woken(word: str, *, decided: bool, changed: bool) -> tuple[Campaign, ...]:
        by = Waking(word, decided, changed)
        return tuple(campaign for campaign in campaigns if campaign.rule.is_woken(by))

    return {
        word: (
            woken(word, decided=False, changed=False),
            woken(word, decided=True, changed=False),
            woken(word, decided=True, changed=True),
        )
        for word in ("", "balance", *TRANSACTION_TYPES)
    }


def look_at_campaigns(scene: Scene, campaigns: tuple[Campaign, ...]) -> list[Trigger]:
    """What comes of an event, or of time alone, once the tier is decided; moves the courses on, in place."""
    state, triggers, blank = scene.state, [], Course()
    courses = state.courses
    for campaign in campaigns:
        rule = campaign.rule
        if rule.once and campaign.id in state.occasions:
            continue
        known = courses.get(campaign.id)
        course = blank if known is None else known
        looks_at_ms = course.looks_at_ms
        offer = rule.look(scene, course)
        if offer is not None and (trigger := _trigger(scene, campaign, offer)) is not None:
            triggers.append(trigger)
            if rule.once:  # its number says so for ever
                course = blank = Course()
            elif rule.recalls:
                course.triggered_ms = scene.now_ms
        if course.looks_at_ms != looks_at_ms:
            scene.moves = True
        if known is None and course != _BLANK:
            courses[campaign.id], blank = course, Course()
        elif known is not None and course == _BLANK:
            del courses[campaign.id]
    return triggers


def begin_courses(state: CustomerState, campaigns: tuple[Campaign, ...]) -> None:
    """Under another policy: what was dealt with stays dealt with; what is under way begins anew."""
    ids = {campaign.id for campaign in campaigns}
    state.courses = {
        name: Course(None, None, course.settled_ms, course.triggered_ms)
        for name, course in state.courses.items()
        if name in ids
    }


def due_campaigns(state: CustomerState, campaigns: tuple[Campaign, ...], now_ms: int) -> tuple[Campaign, ...]:
    """Those whose own time has come."""
    looks = {name: course.looks_at_ms for name, course in state.courses.items()}
    return tuple([c for c in campaigns if (at_ms := looks.get(c.id)) is not None and at_ms <= now_ms])


def next_look_ms(state: CustomerState) -> int | None:
    """When a campaign may next come due by time alone."""
    return min([c.looks_at_ms for c in state.courses.values() if c.looks_at_ms is not None], default=None)


def _trigger(scene: Scene, campaign: Campaign, offer: Offer) -> Trigger | None:
    state, now_ms = scene.state, scene.now_ms
    if scene.is_history or state.opted_out or state.tier is None:
        return None
    if campaign.contact is not None:
        if _is_left_in_peace(state, campaign.contact, now_ms, scene.policy.calendar):
            return None
        state.contacts_ms.append(now_ms)
    number = state.occasions.get(campaign.id, 0) + 1
    state.occasions[campaign.id] = number
    return Trigger(
        customer_id=scene.customer_id,
        campaign=campaign,
        tier=state.tier,
        number=number,
        group=group_of(scene.customer_id, campaign),
        triggered_at_ms=now_ms,
        period=offer.period,
        amount_cents=offer.amount_cents,
        missing=offer.missing,
        due_ms=offer.due_ms,
        cause=scene.cause,
    )


def group_of(customer_id: str, campaign: Campaign) -> Group:
    """Held out or treated: by a hash of salt and customer alone, so that it is the same for ever.

    The first 8 bytes of BLAKE2b-64 of "salt:customer", as a big-endian share of 2**64, against the campaign's share.
    """
    if not campaign.hold_out_e4:
        return "treated"
    digest = blake2b(f"{campaign.salt}:{customer_id}".encode(), digest_size=_HASH_BYTES).digest()
    share = int.from_bytes(digest, "big")
    return "held_out" if share * ONE_SHARE < campaign.hold_out_e4 << (8 * _HASH_BYTES) else "treated"


def _is_left_in_peace(state: CustomerState, contact: Contact, now_ms: int, calendar: Calendar) -> bool:
    """Whether the customer has been approached as often as may be, or too short a time ago; forgets what is over."""
    span = max(contact.in_days, contact.quiet_days)
    state.contacts_ms = [at_ms for at_ms in state.contacts_ms if calendar.days_later_ms(at_ms, span) > now_ms]
    # Those beyond in_days are there only where a longer quiet_days holds back anyway.
    if contact.at_most is not None and len(state.contacts_ms) >= contact.at_most:
        return True
    if not contact.quiet_days or not state.contacts_ms:
        return False
    return calendar.days_later_ms(state.contacts_ms[-1], contact.quiet_days) > now_ms
