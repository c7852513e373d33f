"""The console's answers and the bodies that it takes. Structs alone: docs/openapi.json is made of them.

Times are RFC 3339 in the offset of the policy's time zone, money decimal text, names by language as the policy gives
them. Null means that something is not known, or that there is none.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec

from streams.security.console_access import Role

Names = dict[str, str]
Permission = Literal["read_customers", "pin", "replay", "propose", "approve"]
Kind = Literal["tier", "campaign", "loan", "alert"]
Language = Literal["en", "zh-TW", "zh-CN"]


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks, and what that one may do."""

    name: str
    role: Role
    may: list[Permission]


# --- the bank as a whole ---


class PolicyInForce(msgspec.Struct, frozen=True, kw_only=True):
    """The policy that decides now, since when."""

    name: str
    version: int
    digest: str
    since: str


class TierCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many customers a tier has. share: of all, as a part of 1."""

    id: str
    names: Names
    customers: int
    share: str


class Tiers(msgspec.Struct, frozen=True, kw_only=True):
    """The tiers, the lowest first. complete: false while the index is being made."""

    tiers: list[TierCount]
    customers: int
    complete: bool
    policy: PolicyInForce | None


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """How many tier changes went from a tier to another. previous_tier: null for customers' first tiers."""

    previous_tier: str | None
    tier: str
    direction: str
    changes: int


class Flows(msgspec.Struct, frozen=True, kw_only=True):
    """The tier changes of a time, from its first instant to before its last."""

    from_: str = msgspec.field(name="from")
    to: str
    flows: list[Flow]


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """What was decided in a minute."""

    at: str
    upgrades: int
    downgrades: int
    initial: int
    triggers: int
    decisions: int
    alerts: int


class Rates(msgspec.Struct, frozen=True, kw_only=True):
    """A point a minute, the oldest first."""

    points: list[Rate]


# --- one customer ---


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


class HistoryEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What was decided of a customer: a message of docs/messages.md."""

    at: str
    kind: Kind
    message: msgspec.Raw


class History(msgspec.Struct, frozen=True, kw_only=True):
    """A page of what was decided of a customer, the newest first. next: `after` of the next page."""

    items: list[HistoryEntry]
    next: str | None


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


class LoanMessages(msgspec.Struct, frozen=True, kw_only=True):
    """A page of loan decisions or alerts, as docs/messages.md has them, the newest first."""

    items: list[msgspec.Raw]
    next: str | None


# --- campaigns, policies ---


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """A campaign's budget. limit: what the policy says; granted: triggers since the period began; since: null: ever."""

    limit: Mapping[str, Any]
    granted: int
    since: str | None


class CampaignNow(msgspec.Struct, frozen=True, kw_only=True):
    """A campaign, and its triggers so far. kind: null where the policy in force has it no more."""

    id: str
    kind: str | None
    names: Names
    treated: int
    held_out: int
    newest_at: str | None
    budget: Budget | None


class Campaigns(msgspec.Struct, frozen=True, kw_only=True):
    """The campaigns of the policy in force, then others that have had triggers."""

    items: list[CampaignNow]


class PolicyListed(msgspec.Struct, frozen=True, kw_only=True):
    """A policy that was published."""

    name: str
    version: int
    digest: str
    at: str


class Policies(msgspec.Struct, frozen=True, kw_only=True):
    """The policies that were ever published, the newest last."""

    in_force: PolicyInForce | None
    items: list[PolicyListed]


class PolicyWords(msgspec.Struct, frozen=True, kw_only=True):
    """A paragraph of what a policy does, by language, and the line that it is about."""

    line: int
    text: dict[str, str]


class PolicyText(msgspec.Struct, frozen=True, kw_only=True):
    """A policy as it was published, and in words."""

    name: str
    version: int
    digest: str
    toml: str
    words: list[PolicyWords]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Something wrong or odd in a policy file. text: by language."""

    line: int
    field: str
    severity: Literal["error", "warning"]
    text: dict[str, str]


class PolicyFloor(msgspec.Struct, frozen=True, kw_only=True):
    """A floor to enter a tier."""

    tier: str
    names: Names
    measure: str
    at_least: str


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What a check of a policy file found."""

    ok: bool
    findings: list[Finding]
    floors: list[PolicyFloor]


class PolicyId(msgspec.Struct, frozen=True, kw_only=True):
    """Which policy."""

    name: str
    version: int
    digest: str


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """How many customers would be in `to` instead of `from`."""

    from_: str = msgspec.field(name="from")
    to: str
    customers: int


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """Who would move under another policy, by what the inputs hold: so many events of these dates."""

    customers: int
    from_: PolicyId = msgspec.field(name="from")
    to: PolicyId
    matrix: list[Moved]
    events: int
    first_at: str | None
    last_at: str | None


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """A policy that somebody proposes, and what became of it."""

    id: int
    name: str
    version: int
    digest: str
    note: str
    proposed_by: str
    proposed_at: str
    approved_by: str | None
    approved_at: str | None


class Proposals(msgspec.Struct, frozen=True, kw_only=True):
    """The proposals, the newest first."""

    items: list[Proposal]


# --- operating ---


class WorkerNow(msgspec.Struct, frozen=True, kw_only=True):
    """A worker as it answers now."""

    url: str
    ready: bool
    reasons: list[str]
    partitions: list[int]
    events_per_s: float | None
    delay_p50_s: float | None
    delay_p99_s: float | None


class PartitionNow(msgspec.Struct, frozen=True, kw_only=True):
    """A partition: who has it, how many records wait, and how old the oldest of them is."""

    partition: int
    worker: str | None
    lag_records: int | None
    oldest_age_s: float | None


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is wrong now, and the page of the documentation that says what to do: a path in the checkout.

    text: by language; what a worker itself says in it is English.
    """

    since: str
    severity: Literal["warning", "critical"]
    text: dict[str, str]
    runbook: str


class Operations(msgspec.Struct, frozen=True, kw_only=True):
    """How the workers are."""

    workers: list[WorkerNow]
    partitions: list[PartitionNow]
    incidents: list[Incident]


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """An input that could not be used, without its bytes."""

    id: str
    at: str
    topic: str
    partition: int
    offset: int
    reason: str
    detail: str


class DeadLetters(msgspec.Struct, frozen=True, kw_only=True):
    """A page of dead letters that were not sent again, the newest first; and how many there are of each reason."""

    items: list[DeadLetter]
    next: str | None
    reasons: dict[str, int]


class NotReplayed(msgspec.Struct, frozen=True, kw_only=True):
    """A dead letter that was not sent again, and why."""

    id: str
    why: str


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """How many dead letters were sent again, and which were not."""

    replayed: int
    refused: list[NotReplayed]


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """The event that was sent; a worker decides on it."""

    event_id: str


# --- bodies ---

ShortText = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class PolicyBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A policy file."""

    toml: Annotated[str, msgspec.Meta(max_length=65_536)]


class ProposalBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A policy file, and why it is proposed."""

    toml: Annotated[str, msgspec.Meta(max_length=65_536)]
    note: ShortText


class ReplayBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which dead letters to send again, by their ids."""

    ids: Annotated[list[Annotated[str, msgspec.Meta(max_length=40)]], msgspec.Meta(min_length=1, max_length=500)]


class PinBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A tier to fix, until when (RFC 3339), and why."""

    tier: ShortText
    until: Annotated[str, msgspec.Meta(max_length=40)]
    reason: ShortText


class UnpinBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a fixed tier is let go."""

    reason: ShortText
