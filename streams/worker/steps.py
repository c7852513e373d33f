"""How long each step of a batch takes, from its records' arrival to their commit (metrics.STEPS)."""

import time


class StepTimes:
    """The seconds of each step of one batch, by its name. begins_at_s: of the first one (time.perf_counter)."""

    def __init__(self, begins_at_s: float) -> None:
        self.seconds: dict[str, float] = {}
        self.begins_at_s = self._at_s = begins_at_s

    def done(self, step: str) -> float:
        """Notes the end of a step, which is the beginning of the next; gives how long it took."""
        began_s, self._at_s = self._at_s, time.perf_counter()
        took = self.seconds[step] = self._at_s - began_s
        return took

    @property
    def total_s(self) -> float:
        """All that are done, one after another."""
        return self._at_s - self.begins_at_s
