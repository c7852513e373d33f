from zoneinfo import ZoneInfo

import pytest
from rows import DAY_MS, TAIPEI, at

from streams.engine.calendar import HOUR_MS, Calendar

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


def test_a_day_beyond_the_year_9999_is_the_last_one() -> None:
    calendar = Calendar(TAIPEI)
    last = calendar.day_of(at("9999-12-31T07:00"))
    assert calendar.midnight_ms(last + 3_660) == calendar.midnight_ms(last) == at("9999-12-31")


def test_days_before_1970_count_down() -> None:
    assert Calendar(ZoneInfo("UTC")).day_of(-1) == -1
    assert Calendar(ZoneInfo("UTC")).midnight_ms(-1) == -DAY_MS
