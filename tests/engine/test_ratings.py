from zoneinfo import ZoneInfo

import pytest

from streams.engine.ratings import last_rating_ms, next_rating_ms
from streams.policy.schedule import Schedule
from streams.values.calendar import Calendar
from tests.support.one_customer import TAIPEI, at

NEW_YORK = ZoneInfo("America/New_York")
AT_ONCE, DAILY, MONTH_END = Schedule("at_once"), Schedule("daily"), Schedule("month_end")
HALVES = Schedule("dates", ((6, 30), (12, 31)))
LEAP_DAY = Schedule("dates", ((2, 29),))

# A rating day ends at the midnight after it; that midnight is the rating.
NEXT = [
    (DAILY, TAIPEI, "2026-11-24T09:30", "2026-11-25"),
    (DAILY, TAIPEI, "2026-11-24", "2026-11-25"),
    (DAILY, TAIPEI, "2026-12-31T23:59:59.999", "2027-01-01"),
    (DAILY, NEW_YORK, "2026-03-08T00:30", "2026-03-09"),
    (MONTH_END, TAIPEI, "2026-11-24T09:30", "2026-12-01"),
    (MONTH_END, TAIPEI, "2026-11-30T23:59:59.999", "2026-12-01"),
    (MONTH_END, TAIPEI, "2026-12-01", "2027-01-01"),
    (MONTH_END, TAIPEI, "2028-02-29T12:00", "2028-03-01"),
    (MONTH_END, NEW_YORK, "2026-03-01", "2026-04-01"),
    (HALVES, TAIPEI, "2026-01-01", "2026-07-01"),
    (HALVES, TAIPEI, "2026-06-30T23:59:59.999", "2026-07-01"),
    (HALVES, TAIPEI, "2026-07-01", "2027-01-01"),
    (HALVES, TAIPEI, "2026-12-31T12:00", "2027-01-01"),
    (HALVES, TAIPEI, "2027-01-01", "2027-07-01"),
    (LEAP_DAY, TAIPEI, "2027-01-15", "2027-03-01"),  # the last day of a February without it
    (LEAP_DAY, TAIPEI, "2028-01-15", "2028-03-01"),
    (LEAP_DAY, TAIPEI, "2028-03-01", "2029-03-01"),
]


@pytest.mark.parametrize(("schedule", "zone", "instant", "rated"), NEXT)
def test_the_next_rating_is_the_midnight_that_ends_a_rating_day(
    schedule: Schedule, zone: ZoneInfo, instant: str, rated: str
) -> None:
    assert next_rating_ms(schedule, at(instant, zone), Calendar(zone)) == at(rated, zone)


@pytest.mark.parametrize(
    ("schedule", "zone", "instant", "rated"),
    [
        (DAILY, TAIPEI, "2026-11-24T09:30", "2026-11-24"),
        (DAILY, TAIPEI, "2026-11-24", "2026-11-24"),
        (MONTH_END, TAIPEI, "2026-11-24T09:30", "2026-11-01"),
        (MONTH_END, TAIPEI, "2026-12-01", "2026-12-01"),
        (HALVES, TAIPEI, "2026-06-30T23:59:59.999", "2026-01-01"),
        (HALVES, TAIPEI, "2026-07-01", "2026-07-01"),
        (HALVES, TAIPEI, "2026-12-31T23:59", "2026-07-01"),
        (HALVES, NEW_YORK, "2027-01-01", "2027-01-01"),
        (LEAP_DAY, TAIPEI, "2028-02-29T23:59", "2027-03-01"),
    ],
)
def test_the_last_rating_is_at_or_before(schedule: Schedule, zone: ZoneInfo, instant: str, rated: str) -> None:
    assert last_rating_ms(schedule, at(instant, zone), Calendar(zone)) == at(rated, zone)


def test_at_once_has_no_dates() -> None:
    now = at("2026-11-24T09:30")
    assert next_rating_ms(AT_ONCE, now, Calendar(TAIPEI)) is None
    assert last_rating_ms(AT_ONCE, now, Calendar(TAIPEI)) == now


@pytest.mark.parametrize("schedule", [DAILY, MONTH_END, HALVES, LEAP_DAY], ids=["daily", "month", "halves", "leap"])
@pytest.mark.parametrize("zone", [TAIPEI, NEW_YORK, ZoneInfo("America/Sao_Paulo")], ids=str)
def test_ratings_follow_each_other_without_a_gap(schedule: Schedule, zone: ZoneInfo) -> None:
    calendar = Calendar(zone)
    now = at("2017-10-14T09:30", zone)
    for _ in range(400):
        rated = next_rating_ms(schedule, now, calendar)
        assert rated is not None
        assert rated > now
        assert last_rating_ms(schedule, rated, calendar) == rated
        assert last_rating_ms(schedule, rated - 1, calendar) <= now
        assert next_rating_ms(schedule, rated - 1, calendar) == rated
        now = rated


@pytest.mark.parametrize("schedule", [DAILY, MONTH_END, HALVES, LEAP_DAY], ids=["daily", "month", "halves", "leap"])
@pytest.mark.parametrize("instant", ["9999-12-30", "9999-12-31", "9999-12-31T07:59"])
def test_the_end_of_the_calendar_has_no_rating_beyond_it(schedule: Schedule, instant: str) -> None:
    rated = next_rating_ms(schedule, at(instant), Calendar(TAIPEI))
    assert rated is not None
    assert at("9999-12-30") <= rated <= at("9999-12-31")
