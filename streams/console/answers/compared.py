"""Who would move under another policy."""

import msgspec


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
