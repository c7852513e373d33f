"""What is kept of an account. Structs alone; packing.py makes bytes of them.

Every change of their form raises `packing.VERSION`.
"""

import msgspec

from streams.accounts.records import Counting

OWNERSHIPS_KEPT = 16
BALANCES_KEPT = 16
"""Of an account; balances by currency. What is older is not corrected any more by what comes late."""


class Ownership(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What account records said, from the own time of the first one that said so to that of the last one."""

    first_ms: int
    last_ms: int
    owners: tuple[Counting, ...]
    closed_ms: int | None
    product: str | None
    currency: str | None


class Point(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A balance. mark: the fingerprint of its event id."""

    at_ms: int
    amount_e4: int
    product: str | None
    mark: bytes


class Points(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The balances of an account in a currency, the newest last.

    told_ms: further times as of which owners were told what they hold, since they did so by what was known then.
    since_ms: what is older is not kept any more; None: all is. product: the one last told of what is not kept.
    """

    kept: tuple[Point, ...] = ()
    told_ms: tuple[int, ...] = ()
    since_ms: int | None = None
    product: str | None = None


class Waiting(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A booking that waits for its account. timestamp_ms: of its record; it waits until `until_ms`."""

    offset: int
    timestamp_ms: int
    until_ms: int
    value: bytes


class AccountState(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    """An account.

    since_ms: what account records of before said is not kept any more. seen_ms: what falls due after that was not
    decided yet. moves: how many balances were told that nobody has booked; their event ids have this number.
    """

    ownerships: list[Ownership] = []
    since_ms: int | None = None
    seen_ms: int = 0
    moves: int = 0
    balances: dict[str, Points] = {}
    waiting: list[Waiting] = []
