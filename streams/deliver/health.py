"""How an endpoint does, and so how many requests it may get now. Pure: time and chance are handed in."""

from collections.abc import Callable
from typing import Literal

from streams.deliver.config import Endpoint

# So many failures with nothing accepted between mean the endpoint, not the events.
DOWN_AFTER = 5
# So many events refused for good with nothing accepted between: more likely the endpoint is set up wrong.
REFUSED_IN_A_ROW = 20

State = Literal["up", "busy", "down", "gone"]
STATES: tuple[State, ...] = ("up", "busy", "down", "gone")


class Health:
    """up: requests flow. busy: it asked for a pause. down: one request at a time, ever more rarely. gone: none."""

    def __init__(self, endpoint: Endpoint, random: Callable[[], float]) -> None:
        self.state: State = "up"
        self.resumes_at_s = 0.0
        self.accepted_count = 0
        self._endpoint = endpoint
        self._random = random
        self._window = endpoint.in_flight
        self._failures = self._busy = self._parked = 0

    def room(self, now_s: float, in_flight: int) -> int:
        """How many requests may begin now."""
        if self.state == "gone" or (self.state != "up" and now_s < self.resumes_at_s):
            return 0
        if self.state == "down":
            return 0 if in_flight else 1
        self.state = "up"
        return max(0, self._window - in_flight)

    def accepted(self) -> None:
        """It took an event: after a trouble the requests at a time grow again, doubling."""
        self.accepted_count += 1
        self._busy = self._parked = 0
        self._answered()

    def refused(self) -> None:
        """It answered, although it does not want the event."""
        self._answered()

    def failed(self, now_s: float) -> None:
        """It could not be reached, or is in trouble."""
        # The requests that were on their way when it went down tell nothing new.
        if self.state not in {"up", "down"} or (self.state == "down" and now_s < self.resumes_at_s):
            return
        self._failures += 1
        if self.state == "up":
            if self._failures < DOWN_AFTER:
                return
            self.state, self._window, self._failures = "down", 1, 1
        self.resumes_at_s = now_s + self.backoff_s(self._failures)

    def busy(self, now_s: float, retry_after_s: float | None) -> None:
        """It asks for a pause, of so many seconds or as long as we think."""
        if self.state == "gone":
            return
        self._busy += 1
        wait_s = self.backoff_s(self._busy) if retry_after_s is None else retry_after_s
        earlier_s = self.resumes_at_s if self.state == "busy" else 0.0
        self.state, self._window, self.resumes_at_s = "busy", 1, max(earlier_s, now_s + wait_s)

    def gone(self) -> None:
        """It asks for no more, until somebody starts us anew."""
        self.state = "gone"

    def parked(self) -> None:
        """An event was given up."""
        self._parked += 1

    @property
    def refuses_everything(self) -> bool:
        """Whether so much was refused for good that no more is to be parked for that."""
        return self._parked >= REFUSED_IN_A_ROW

    def backoff_s(self, failures: int) -> float:
        """The pause after so many failures, 1 or more: doubling up to the limit, then half to all of it by chance."""
        grown = self._endpoint.backoff_s * 2.0 ** min(failures - 1, 30)
        return min(grown, self._endpoint.backoff_limit_s) * (0.5 + self._random() / 2)

    def _answered(self) -> None:
        self._failures = 0
        if self.state == "down":
            self.state = "up"
        self._window = min(self._endpoint.in_flight, self._window + 1)
