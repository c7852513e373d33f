"""When a policy rates: at once, or by the calendar."""

from typing import Literal

import msgspec

When = Literal["at_once", "daily", "month_end", "dates"]


class Schedule(msgspec.Struct, frozen=True):
    """At once: whenever something changes. Otherwise at the midnight that ends a rating day."""

    when: When
    dates: tuple[tuple[int, int], ...] = ()  # month and day of the year, rising
