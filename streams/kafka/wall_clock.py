"""This machine's clock. Record batches are stamped by it, and it is held against the brokers' (broker_clock.py)."""

import time


def wall_ms() -> int:
    """Gives the time of this machine's clock, in epoch milliseconds."""
    return time.time_ns() // 1_000_000
