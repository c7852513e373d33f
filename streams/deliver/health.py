"""How an endpoint does, and so how many requests it may get now. Time and chance are handed in."""

from collections.abc import Callable
from typing import Literal

from streams.deliver.config import Endpoint

# After so many failures with nothing accepted between, the fault is the endpoint's, not that of the events.
DOWN_AFTER = 5
# After so many parked events with nothing accepted between, the endpoint is more likely set up wrong.
REFUSED_IN_A_ROW = 20

State = Literal["up", "busy", "down", "gone"]
STATES: tuple[State, ...] = ("up", "busy", "down", "gone")


class Health:
    """The state of one endpoint.

    up: requests flow. busy: the endpoint asked for a pause. down: it gets one request at a time, after growing pauses.
    gone: it gets none.
    """

    def __init__(self, endpoint: Endpoint, random: Callable[[], float]) -> None:
        self.state: State = "up"
        self.resumes_at_s = 0.0
        self.accepted_count = 0
        self._endpoint = endpoint
        self._random = random
        self._window = endpoint.in_flight
        self._failures = self._busy = self._parked = 0

    def room(self, now_s: float, in_flight: int) -> int:
        """Gives how many more requests may start now."""
        if self.state == "gone" or (self.state != "up" and now_s < self.resumes_at_s):
            return 0
        if self.state == "down":
            return 0 if in_flight else 1
        self.state = "up"
        return max(0, self._window - in_flight)

    def accepted(self) -> None:
        """Notes that the endpoint took an event.

        After a trouble each answer allows one more request at a time, so that their number doubles each round.
        """
        self.accepted_count += 1
        self._busy = self._parked = 0
        self._answered()

    def refused(self) -> None:
        """Notes that the endpoint answered, although it does not want the event."""
        self._answered()

    def failed(self, now_s: float) -> None:
        """Notes that the endpoint could not be reached, or is in trouble."""
        # Requests that were in flight when the endpoint went down tell nothing new.
        if self.state not in {"up", "down"} or (self.state == "down" and now_s < self.resumes_at_s):
            return
        self._failures += 1
        if self.state == "up":
            if self._failures < DOWN_AFTER:
                return
            self.state, self._window, self._failures = "down", 1, 1
        self.resumes_at_s = now_s + self.backoff_s(self._failures)

    def busy(self, now_s: float, retry_after_s: float | None) -> None:
        """Notes that the endpoint asks for a pause. retry_after_s: how long; None leaves that to the backoff."""
        if self.state == "gone":
            return
        self._busy += 1
        wait_s = self.backoff_s(self._busy) if retry_after_s is None else retry_after_s
        earlier_s = self.resumes_at_s if self.state == "busy" else 0.0
        self.state, self._window, self.resumes_at_s = "busy", 1, max(earlier_s, now_s + wait_s)

    def gone(self) -> None:
        """Notes that the endpoint wants no more events, until `tierflow deliver` is started again."""
        self.state = "gone"

    def parked(self) -> None:
        """Notes that an event was given up."""
        self._parked += 1

    @property
    def refuses_everything(self) -> bool:
        """Says whether so many events were parked in a row that a refusal now counts as a failure."""
        return self._parked >= REFUSED_IN_A_ROW

    def backoff_s(self, failures: int) -> float:
        """Gives the pause after so many failures, 1 or more. It doubles up to the limit; half of it is by chance."""
        grown = self._endpoint.backoff_s * 2.0 ** min(failures - 1, 30)
        return min(grown, self._endpoint.backoff_limit_s) * (0.5 + self._random() / 2)

    def _answered(self) -> None:
        self._failures = 0
        if self.state == "down":
            self.state = "up"
        self._window = min(self._endpoint.in_flight, self._window + 1)
