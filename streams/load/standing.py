"""The credit standing of an account, derived from the Berka data, which has none.

It begins at good. Each sanction interest (the bank's charge for an overdrawn account) of the last 180 days takes it
one step down, and so does a balance below zero at the end of the day. With neither it is good again.
"""

from collections import defaultdict, deque

from streams.values.standings import Standing

# By the number of steps down; more steps than these change nothing.
STANDING_BY_STEPS: tuple[Standing, ...] = ("good", "fair", "poor", "default")
# Today and the 179 days before it.
REMEMBERED_DAYS = 180


class Standings:
    """The standing of each account as of its last day with a booking."""

    def __init__(self) -> None:
        self._sanction_days: defaultdict[str, deque[int]] = defaultdict(deque)
        self._standing: dict[str, Standing] = {}

    def after_day(self, account: str, day: int, sanctions: int, *, below_zero: bool) -> Standing | None:
        """Takes in an account's day, and gives its standing if it has changed. Call it for the days in order.

        sanctions: how many sanction interests were booked. below_zero: the balance at the end of the day.
        """
        remembered = self._sanction_days[account]
        remembered.extend([day] * sanctions)
        while remembered and remembered[0] <= day - REMEMBERED_DAYS:
            remembered.popleft()
        steps = len(remembered) + below_zero
        standing = STANDING_BY_STEPS[min(steps, len(STANDING_BY_STEPS) - 1)]
        if standing == self._standing.get(account, "good"):
            return None
        self._standing[account] = standing
        return standing
