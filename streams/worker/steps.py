"""How long each step of a batch takes, from its records' arrival to their commit (metrics.STEPS)."""

import time


class StepTimes:
    """The seconds of each step of one batch, by its name. begins_at: when the first one begins (time.perf_counter)."""

    def __init__(self, begins_at: float) -> None:
        self.seconds: dict[str, float] = {}
        self._begins_at = self._at = begins_at

    def done(self, step: str) -> float:
        """Notes the end of a step, which is the beginning of the next; gives how long it took."""
        began, self._at = self._at, time.perf_counter()
        took = self.seconds[step] = self._at - began
        return took

    @property
    def total_s(self) -> float:
        """All that are done, one after another."""
        return self._at - self._begins_at
