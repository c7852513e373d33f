"""When a policy rates customers: at once, or by the calendar."""

from typing import Literal

import msgspec

When = Literal["at_once", "daily", "month_end", "dates"]


class Schedule(msgspec.Struct, frozen=True):
    """When customers are rated: at once, with each event, or else at the midnight that ends a rating day."""

    when: When
    dates: tuple[tuple[int, int], ...] = ()  # month and day of the year, rising
