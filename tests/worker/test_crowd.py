"""How many decisions without an event a batch takes (worker/crowd.py), on a clock of the test's."""

import pytest

from streams.partition.work import Quota
from streams.worker.crowd import AT_FIRST, AT_LEAST, AT_MOST, BATCH_S, Crowd


class Lane:
    """A crowd whose batches take as long as a test says."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.crowd = Crowd(lambda: self.seconds)

    def works(self, *, has_events: bool, is_left: bool = True, seconds: float = BATCH_S) -> int:
        quota = self.crowd.quota(has_events=has_events)
        assert quota == Quota(quota.due, quota.due)
        self.seconds += seconds
        self.crowd.committed(is_left=is_left)
        return quota.due


def test_events_have_every_other_batch_for_themselves_while_a_crowd_is_left() -> None:
    lane = Lane()
    taken = [lane.works(has_events=True) for _ in range(6)]
    assert taken == [AT_FIRST, 0, AT_FIRST, 0, AT_FIRST, 0]


def test_without_events_every_batch_is_for_the_crowd() -> None:
    lane = Lane()
    assert [lane.works(has_events=False) for _ in range(3)] == [AT_FIRST] * 3
    assert [lane.works(has_events=True) for _ in range(2)] == [0, AT_FIRST]


def test_what_falls_due_one_by_one_waits_for_no_batch_of_events() -> None:
    lane = Lane()
    assert [lane.works(has_events=True, is_left=False) for _ in range(3)] == [AT_FIRST] * 3


@pytest.mark.parametrize(
    ("seconds", "is_left", "next_one"),
    [
        (BATCH_S, True, AT_FIRST),
        (BATCH_S / 2, True, AT_FIRST * 3 // 2),
        (BATCH_S * 4, True, AT_LEAST),
        (0.0, True, AT_MOST),
        (60.0, True, AT_LEAST),
        (60.0, False, AT_FIRST),  # it was not full: that says nothing
    ],
)
def test_a_batch_is_as_large_as_fits_into_the_time(seconds: float, is_left: bool, next_one: int) -> None:  # noqa: FBT001
    lane = Lane()
    lane.works(has_events=False, is_left=is_left, seconds=seconds)
    assert lane.works(has_events=False) == next_one


def test_a_batch_of_events_says_nothing_of_the_crowds() -> None:
    lane = Lane()
    lane.works(has_events=True)
    assert lane.works(has_events=True, seconds=60.0) == 0
    assert lane.works(has_events=True) == AT_FIRST
