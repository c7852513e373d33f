"""Garbage collection for those who work batches: rarely."""

import gc

# A batch makes tens of thousands of objects that live until its end, and no cycles: a look at them every 700 finds
# nothing and costs a third of the work.
_THRESHOLDS = (200_000, 20, 100)


def collect_rarely() -> None:
    """Sets it so for this process."""
    gc.set_threshold(*_THRESHOLDS)
