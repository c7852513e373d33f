"""Credit standing from what the Berka data has: sanction interest, and balances below zero.

Every sanction interest (the bank's charge for an overdrawn account) of the last 180 days takes the standing one step
down, and so does an account that closes the day below zero. Without either the standing is good again.
"""

from collections import defaultdict, deque

from streams.values.standings import Standing

# By the number of steps down; beyond the last it stays there.
STANDING_BY_STEPS: tuple[Standing, ...] = ("good", "fair", "poor", "default")
# The last 180 days are today and the 179 before it.
REMEMBERED_DAYS = 180


class Standings:
    """The standing of every account as of the last day on which something was booked. Days come in order."""

    def __init__(self) -> None:
        self._sanction_days: defaultdict[str, deque[int]] = defaultdict(deque)
        self._standing: dict[str, Standing] = {}

    def after_day(self, account: str, day: int, sanctions: int, *, below_zero: bool) -> Standing | None:
        """The account's standing after a day with so many sanction interests, where it is another than before."""
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
