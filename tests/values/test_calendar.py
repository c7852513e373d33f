import operator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.values.calendar import EPOCH, HOUR_MS, Calendar, date_text, month_of, month_start
from tests.support.one_customer import DAY_MS, TAIPEI, at

NEW_YORK = ZoneInfo("America/New_York")


def test_a_day_begins_at_local_midnight() -> None:
    calendar = Calendar(TAIPEI)
    midnight = at("2026-11-24")
    assert calendar.day_of(midnight) == calendar.day_of(midnight - 1) + 1
    assert calendar.day_of(midnight) == calendar.day_of(midnight + DAY_MS - 1)
    assert calendar.midnight_ms(calendar.day_of(midnight)) == midnight
    assert midnight % DAY_MS == 16 * HOUR_MS  # 16:00 UTC the day before


@pytest.mark.parametrize(("local", "hours"), [("2026-03-08", 23), ("2026-11-01", 25), ("2026-07-04", 24)])
def test_a_day_in_new_york_is_as_long_as_its_clocks_say(local: str, hours: int) -> None:
    calendar = Calendar(NEW_YORK)
    day = calendar.day_of(at(local, NEW_YORK))
    assert calendar.midnight_ms(day + 1) - calendar.midnight_ms(day) == hours * HOUR_MS


@pytest.mark.parametrize(
    ("zone", "local"),
    [
        ("America/New_York", "2026-03-08"),
        ("America/New_York", "2026-11-01"),
        ("America/Sao_Paulo", "2018-11-04"),  # the clocks jump from 00:00 to 01:00: the day begins at 01:00
        ("America/Havana", "2026-11-01"),  # 00:00 comes twice: the day begins at the first
        ("Asia/Kathmandu", "2026-01-01"),  # 5 h 45 min: midnight cuts an hour of UTC
        ("Australia/Lord_Howe", "2026-04-05"),  # half an hour of summer time
        ("Pacific/Kiritimati", "2026-01-01"),
    ],
)
def test_midnight_is_the_first_instant_of_its_day(zone: str, local: str) -> None:
    calendar = Calendar(ZoneInfo(zone))
    day = calendar.day_of(at(f"{local}T12:00", ZoneInfo(zone)))
    midnight = calendar.midnight_ms(day)
    assert calendar.day_of(midnight) == day
    assert calendar.day_of(midnight - 1) == day - 1


def test_the_order_of_questions_does_not_matter() -> None:
    instants = [at("2026-03-08", NEW_YORK) + minutes * 60_000 for minutes in range(-90, 1_600, 15)]
    asked_forwards, asked_backwards = Calendar(NEW_YORK), Calendar(NEW_YORK)
    forwards = [asked_forwards.day_of(instant) for instant in instants]
    backwards = [asked_backwards.day_of(instant) for instant in reversed(instants)]
    assert forwards == backwards[::-1] == sorted(forwards)


@pytest.mark.parametrize(
    ("zone", "local"),
    [
        ("Asia/Taipei", "2026-11-24"),
        ("Asia/Kolkata", "2026-11-24"),  # midnight falls inside an hour of UTC
        ("America/Sao_Paulo", "2018-11-04"),
        ("America/Havana", "2026-11-01"),
        ("Australia/Lord_Howe", "2026-04-05"),  # back by half an hour
        ("Pacific/Apia", "2011-12-29"),  # the day after it was left out
    ],
)
@pytest.mark.parametrize("first", range(0, 96, 7))
def test_what_is_known_of_some_hours_of_a_day_goes_for_the_others(zone: str, local: str, first: int) -> None:
    calendar, noon = Calendar(ZoneInfo(zone)), at(f"{local}T12:00", ZoneInfo(zone))
    instants = [noon + hours * HOUR_MS for hours in range(-48, 48)]
    for instant in instants[first:] + instants[:first]:
        local_day = datetime.fromtimestamp(instant / 1000, ZoneInfo(zone)).date()
        assert date_text(calendar.day_of(instant)) == local_day.isoformat()


@pytest.mark.parametrize(
    ("zone", "at_ms", "written"),
    [
        ("Asia/Taipei", 1_795_483_800_125, "2026-11-24T09:30:00.125+08:00"),
        ("Asia/Taipei", 1_795_483_800_000, "2026-11-24T09:30:00+08:00"),
        ("America/New_York", 1_795_483_800_000, "2026-11-23T20:30:00-05:00"),
        ("America/New_York", 1_783_000_000_007, "2026-07-02T09:46:40.007-04:00"),
        ("UTC", -1, "1969-12-31T23:59:59.999+00:00"),
    ],
)
def test_times_are_written_with_the_offset_of_the_zone(zone: str, at_ms: int, written: str) -> None:
    assert Calendar(ZoneInfo(zone)).rfc3339(at_ms) == written


ZONES = [TAIPEI, NEW_YORK, *map(ZoneInfo, ("Asia/Kathmandu", "Australia/Lord_Howe", "Africa/Monrovia", "Asia/Kolkata"))]
CALENDARS = [Calendar(zone) for zone in ZONES]
# Until 7 January 1972, 00:44:30 UTC, the clocks of Monrovia were 44 minutes and 30 seconds behind.
MONROVIA_MS = at("1972-01-07T00:44:30", ZoneInfo("UTC"))
TURNS_MS = [at("2026-03-08T03:00", NEW_YORK), at("2026-11-01T01:00", NEW_YORK), MONROVIA_MS]
FIRST_MS, LAST_MS = at("1900-01-01", ZoneInfo("UTC")), at("9999-12-29", ZoneInfo("UTC"))
NEAR = st.integers(min_value=-2 * HOUR_MS, max_value=2 * HOUR_MS)


@given(
    st.sampled_from(CALENDARS),
    st.integers(min_value=FIRST_MS, max_value=LAST_MS) | st.builds(operator.add, st.sampled_from(TURNS_MS), NEAR),
)
def test_a_time_is_written_as_datetime_writes_it(calendar: Calendar, at_ms: int) -> None:
    for instant_ms in (at_ms, at_ms // 1000 * 1000, at_ms - at_ms % 60_000 + 59_999, at_ms):
        local = (EPOCH + timedelta(milliseconds=instant_ms)).astimezone(calendar.zone)
        written = local.isoformat(timespec="milliseconds" if instant_ms % 1000 else "seconds")
        assert calendar.rfc3339(instant_ms) == written


def test_a_day_beyond_the_year_9999_is_the_last_one() -> None:
    calendar = Calendar(TAIPEI)
    last = calendar.day_of(at("9999-12-31T07:00"))
    assert calendar.midnight_ms(last + 3_660) == calendar.midnight_ms(last) == at("9999-12-31")


@pytest.mark.parametrize("zone", ["America/New_York", "UTC", "Pacific/Kiritimati"])
def test_a_term_may_end_after_the_year_9999_and_a_grace_after_it(zone: str) -> None:
    calendar = Calendar(ZoneInfo(zone))
    term_ends_ms = calendar.months_later_ms(at("9999-12-30T23:59", ZoneInfo(zone)), 12)
    assert calendar.rfc3339(calendar.months_later_ms(term_ends_ms, 3)).startswith("9999-12-31T")
    assert calendar.rfc3339(calendar.days_later_ms(term_ends_ms, 90)).startswith("9999-12-31T")
    assert calendar.day_of(term_ends_ms) == calendar.day_of(at("9999-12-31", ZoneInfo(zone)))


# --- later, by the clock on the wall ---

# New York    8 March 2026: 02:00 -> 03:00       1 November 2026: 02:00 -> 01:00


@pytest.mark.parametrize(
    ("zone", "start", "days", "end"),
    [
        ("Asia/Taipei", "2026-11-24T09:30:00.125", 30, "2026-12-24T09:30:00.125+08:00"),
        ("Asia/Taipei", "2026-12-31T23:59", 1, "2027-01-01T23:59:00+08:00"),
        ("Asia/Taipei", "2028-02-28T12:00", 1, "2028-02-29T12:00:00+08:00"),
        ("Asia/Taipei", "2028-02-29T12:00", 365, "2029-02-28T12:00:00+08:00"),
        ("America/New_York", "2026-03-07T12:00", 1, "2026-03-08T12:00:00-04:00"),
        ("America/New_York", "2026-03-07T02:30", 1, "2026-03-08T03:30:00-04:00"),  # 02:30 is jumped over
        ("America/New_York", "2026-03-07T02:30", 2, "2026-03-09T02:30:00-04:00"),
        ("America/New_York", "2026-03-07T01:59:59.999", 1, "2026-03-08T01:59:59.999-05:00"),
        ("America/New_York", "2026-10-31T01:30", 1, "2026-11-01T01:30:00-04:00"),  # the first of two
        ("America/New_York", "2026-11-01T00:30", 1, "2026-11-02T00:30:00-05:00"),
        ("America/New_York", "2026-10-02T12:00", 90, "2026-12-31T12:00:00-05:00"),
        ("Asia/Taipei", "9999-12-20T12:00", 30, "9999-12-31T12:00:00+08:00"),
        ("Asia/Taipei", "9999-12-29T12:00", 3_660, "9999-12-31T12:00:00+08:00"),
    ],
)
def test_days_later_is_the_same_time_of_day(zone: str, start: str, days: int, end: str) -> None:
    calendar = Calendar(ZoneInfo(zone))
    assert calendar.rfc3339(calendar.days_later_ms(at(start, ZoneInfo(zone)), days)) == end


@pytest.mark.parametrize("minutes", [0, 60], ids=["first 01:30", "second 01:30"])
def test_a_day_after_either_half_past_one_is_half_past_one(minutes: int) -> None:
    calendar = Calendar(NEW_YORK)
    start = at("2026-11-01T01:30", NEW_YORK) + minutes * 60_000
    assert calendar.rfc3339(start) == f"2026-11-01T01:30:00-0{4 + minutes // 60}:00"
    assert calendar.rfc3339(calendar.days_later_ms(start, 1)) == "2026-11-02T01:30:00-05:00"
    assert calendar.rfc3339(calendar.months_later_ms(start, 1)) == "2026-12-01T01:30:00-05:00"


@pytest.mark.parametrize(
    ("zone", "start", "months", "end"),
    [
        ("Asia/Taipei", "2026-11-24T09:30", 12, "2027-11-24T09:30:00+08:00"),
        ("Asia/Taipei", "2027-01-31T12:00", 1, "2027-02-28T12:00:00+08:00"),
        ("Asia/Taipei", "2028-01-31T12:00", 1, "2028-02-29T12:00:00+08:00"),
        ("Asia/Taipei", "2028-02-29T12:00", 12, "2029-02-28T12:00:00+08:00"),
        ("Asia/Taipei", "2028-02-29T12:00", 48, "2032-02-29T12:00:00+08:00"),
        ("Asia/Taipei", "2026-08-31T00:00", 3, "2026-11-30T00:00:00+08:00"),
        ("Asia/Taipei", "2026-12-01T00:00", 15, "2028-03-01T00:00:00+08:00"),
        ("America/New_York", "2026-02-08T02:30", 1, "2026-03-08T03:30:00-04:00"),
        ("America/New_York", "2026-10-01T01:30", 1, "2026-11-01T01:30:00-04:00"),
        ("America/New_York", "2026-12-01T00:00", 12, "2027-12-01T00:00:00-05:00"),
        ("Asia/Taipei", "9999-11-30T12:00", 1, "9999-12-30T12:00:00+08:00"),
        ("Asia/Taipei", "9999-12-30T12:00", 1, "9999-12-31T12:00:00+08:00"),
        ("Asia/Taipei", "9999-01-15T12:00", 120, "9999-12-31T12:00:00+08:00"),
    ],
)
def test_months_later_is_the_same_day_or_the_last_of_the_month(zone: str, start: str, months: int, end: str) -> None:
    calendar = Calendar(ZoneInfo(zone))
    assert calendar.rfc3339(calendar.months_later_ms(at(start, ZoneInfo(zone)), months)) == end


@pytest.mark.parametrize(
    ("zone", "instant", "begins", "next_begins"),
    [
        ("Asia/Taipei", "2026-11-01", "2026-11-01T00:00:00+08:00", "2026-12-01T00:00:00+08:00"),
        ("Asia/Taipei", "2026-12-31T23:59:59.999", "2026-12-01T00:00:00+08:00", "2027-01-01T00:00:00+08:00"),
        ("Asia/Taipei", "2028-02-29T23:59", "2028-02-01T00:00:00+08:00", "2028-03-01T00:00:00+08:00"),
        ("America/New_York", "2026-03-20", "2026-03-01T00:00:00-05:00", "2026-04-01T00:00:00-04:00"),
        ("America/New_York", "2026-11-01T12:00", "2026-11-01T00:00:00-04:00", "2026-12-01T00:00:00-05:00"),
    ],
)
def test_months_begin_at_local_midnight(zone: str, instant: str, begins: str, next_begins: str) -> None:
    calendar, at_ms = Calendar(ZoneInfo(zone)), at(instant, ZoneInfo(zone))
    assert calendar.rfc3339(calendar.month_begins_ms(at_ms)) == begins
    assert calendar.rfc3339(calendar.next_month_begins_ms(at_ms)) == next_begins


@pytest.mark.parametrize(("day", "month"), [(0, 0), (30, 0), (31, 1), (-1, -1), (-31, -1), (-32, -2), (365, 12)])
def test_months_are_counted_from_january_1970(day: int, month: int) -> None:
    assert month_of(day) == month
    assert month_start(month) <= day < month_start(month + 1)


def test_days_before_1970_count_down() -> None:
    assert Calendar(ZoneInfo("UTC")).day_of(-1) == -1
    assert Calendar(ZoneInfo("UTC")).midnight_ms(-1) == -DAY_MS
