"""Rates that come from a topic: as they were read, and as a policy decides by them. Structs alone; see day_rates.py."""

from typing import Any, NamedTuple

import msgspec


class Quoted(NamedTuple):
    """What a record of the topic says. pair: the currency, and the one that its rate is told in."""

    pair: tuple[str, str]
    at_ms: int
    rate_e8: int


class RateTable(msgspec.Struct, frozen=True):
    """All that was read of the topic of rates up to an offset.

    quotes: by a currency and the one it is told in, times and rates (`_e8`), the earliest first.
    """

    quotes: dict[tuple[str, str], tuple[tuple[int, int], ...]] = {}
    next_offset: int = 0


class DayRate(msgspec.Struct, frozen=True, gc=False, array_like=True, forbid_unknown_fields=True):
    """The rate of a local day: what one unit of the currency is worth in the policy's own."""

    currency: str
    rate_e8: int
    day: int


class Rates(msgspec.Struct, frozen=True):
    """The rates of a policy with `rates = "topic"`.

    used: those that the policy's `to_value` is made of, by currency.
    """

    by_currency: dict[str, tuple[DayRate, ...]] = {}  # by day, the earliest first
    days: tuple[int, ...] = ()  # those on which a rate begins to hold, the earliest first
    next_offset: int = 0  # up to where the topic was read
    used: dict[str, DayRate] = {}
    on_days: dict[int, Any] = {}  # policies by the number of days that had begun: worked out once (day_rates.py)
