"""How often a customer may be approached by campaigns together."""

from streams.engine.sections import courses_of
from streams.engine.state import CustomerState
from streams.policy.campaigns import Contact
from streams.values.calendar import Calendar


def is_left_in_peace(state: CustomerState, contact: Contact, now_ms: int, calendar: Calendar) -> bool:
    """Says whether the contact limits hold a trigger back (docs/policies.md#leaving-people-in-peace).

    Drops from the state, in place, the triggers that are too old to count.
    """
    span = max(contact.in_days, contact.quiet_days)
    courses = courses_of(state)
    courses.contacts_ms = [at_ms for at_ms in courses.contacts_ms if calendar.days_later_ms(at_ms, span) > now_ms]
    # A trigger older than in_days is here only if quiet_days is longer, and then quiet_days holds back anyway.
    if contact.at_most is not None and len(courses.contacts_ms) >= contact.at_most:
        return True
    if not contact.quiet_days or not courses.contacts_ms:
        return False
    return calendar.days_later_ms(courses.contacts_ms[-1], contact.quiet_days) > now_ms
