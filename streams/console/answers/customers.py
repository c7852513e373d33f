"""The customers of a tier, and what was decided of one."""

from typing import Literal

import msgspec

Kind = Literal["tier", "campaign", "loan", "alert"]


class TierCustomer(msgspec.Struct, frozen=True, kw_only=True):
    """A customer of a tier."""

    customer_id: str
    since: str
    value: str | None
    currency: str
    earned_tier: str


class TierCustomers(msgspec.Struct, frozen=True, kw_only=True):
    """A page of a tier's customers, by their ids."""

    items: list[TierCustomer]
    next: str | None


class HistoryEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What was decided of a customer: a message of docs/messages.md."""

    at: str
    kind: Kind
    message: msgspec.Raw


class History(msgspec.Struct, frozen=True, kw_only=True):
    """A page of what was decided of a customer, the newest first. next: `after` of the next page."""

    items: list[HistoryEntry]
    next: str | None
