"""Rare garbage collection, for processes that work batches."""

import gc

# A batch makes tens of thousands of objects that live until its end, and no cycles. A collection every 700 objects,
# Python's default, finds nothing and costs a third of the work.
_THRESHOLDS = (200_000, 20, 100)


def collect_rarely() -> None:
    """Raises the collector's thresholds for this process."""
    gc.set_threshold(*_THRESHOLDS)
