"""Why a customer has a tier, and what the next one needs."""

from typing import Literal

import msgspec

from streams.console.answers.texts import Names

Language = Literal["en", "zh-TW", "zh-CN"]


class TierName(msgspec.Struct, frozen=True, kw_only=True):
    """A tier and its names."""

    id: str
    names: Names


class FloorNow(msgspec.Struct, frozen=True, kw_only=True):
    """A floor of a tier, and how far the customer is from it."""

    tier: str
    names: Names
    measure: str
    measure_names: Names
    is_: str = msgspec.field(name="is")
    at_least: str
    missing: str
    met: bool


class NextTier(msgspec.Struct, frozen=True, kw_only=True):
    """The tier above. missing: the amount that its floor lacks; null where that is no one amount."""

    tier: str
    names: Names
    missing: str | None


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """What keeps the tier, or caps it."""

    kind: Literal["protection", "grace", "term", "pin", "cap"]
    until: str | None = None
    reason: str | None = None
    by: str | None = None


class Fall(msgspec.Struct, frozen=True, kw_only=True):
    """The tier to which the customer falls if nothing changes, and when."""

    tier: str
    names: Names
    at: str


class Pinned(msgspec.Struct, frozen=True, kw_only=True):
    """A tier that a person has fixed."""

    tier: str
    until: str
    reason: str
    by: str
    at: str | None


class LostTier(msgspec.Struct, frozen=True, kw_only=True):
    """The tier that the newest downgrade took away. missing: what its floor lacked then."""

    tier: str
    names: Names
    at: str
    reason: str
    missing: str | None


class NamedService(msgspec.Struct, frozen=True, kw_only=True):
    """A service of the tier."""

    id: str
    kind: str
    names: Names


class NamedCampaign(msgspec.Struct, frozen=True, kw_only=True):
    """A campaign of the tier."""

    id: str
    names: Names


class StrategyNow(msgspec.Struct, frozen=True, kw_only=True):
    """What the bank does for customers of the tier."""

    needs: list[Names]
    services: list[NamedService]
    campaigns: list[NamedCampaign]
    risk_controls: list[str]


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """All that an agent needs to answer "why this tier, and what do I need?"."""

    customer_id: str
    tier: TierName
    earned_tier: TierName
    since: str | None
    direction: str | None
    reason: str | None
    as_of: str
    currency: str
    value: str | None
    floors: list[FloorNow]
    next: NextTier | None
    held_by: list[Held]
    falls: Fall | None
    pin: Pinned | None
    consent: Literal["opted_in", "opted_out"]
    lost: LostTier | None
    strategy: StrategyNow
    sentences: dict[Language, list[str]]
