"""Times of sources to instants."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.laws import laws
from tests.support.mappings import PLAIN, balances, mapped, refused

AT_MS = 1795483800125
AT = "2026-11-24T01:30:00.125Z"
PATH = 'path = "at"'
TAIPEI = 'zone = "Asia/Taipei"'


@pytest.mark.parametrize(
    ("rule", "value", "at_ms"),
    [
        ('"at"', AT_MS, AT_MS),
        ('"at"', str(AT_MS), AT_MS),
        ('"at"', AT, AT_MS),
        ('"at"', "2026-11-24T09:30:00.125+08:00", AT_MS),
        ('"at"', "2026-11-24T09:30:00.125999+0800", AT_MS),
        ('"at"', "2026-11-24 09:30:00.125+08", AT_MS),
        (f'{{ {PATH}, unit = "s" }}', 1795483800, AT_MS - 125),
        (f'{{ {PATH}, unit = "s" }}', "1795483800.125", AT_MS),
        (f'{{ {PATH}, unit = "ms" }}', AT_MS, AT_MS),
        (f'{{ {PATH}, unit = "us" }}', AT_MS * 1000 + 999, AT_MS),
        (f'{{ {PATH}, unit = "ns" }}', AT_MS * 1_000_000 + 999_999, AT_MS),
        (f'{{ {PATH}, unit = "days" }}', 20781, 20781 * 86_400_000),
        (f'{{ {PATH}, unit = "days", {TAIPEI} }}', 20781, 20781 * 86_400_000 - 28_800_000),
        (f'{{ {PATH}, unit = "us", {TAIPEI} }}', (AT_MS + 28_800_000) * 1000, AT_MS),
        (f"{{ {PATH}, {TAIPEI} }}", "2026-11-24T09:30:00.125", AT_MS),
        (f"{{ {PATH}, {TAIPEI} }}", "2026-11-24 09:30:00.125", AT_MS),
        (f"{{ {PATH}, {TAIPEI} }}", "2026-11-24T01:30:00.125Z", AT_MS),
        (f"{{ {PATH}, {TAIPEI} }}", "2026-11-24", 1795449600000),
        (f"{{ {PATH}, {TAIPEI} }}", "20261124", 1795449600000),
        (f'{{ {PATH}, form = "%Y%m%d", {TAIPEI} }}', "20261124", 1795449600000),
        (f'{{ {PATH}, form = "%Y%m%d", {TAIPEI} }}', 20261124, 1795449600000),
        (f'{{ {PATH}, form = "%Y%m%d%H%M%S", {TAIPEI} }}', "20261124093000", AT_MS - 125),
        (f'{{ {PATH}, form = "%d.%m.%Y %H:%M", {TAIPEI} }}', "24.11.2026 09:30", AT_MS - 125),
        (f'{{ {PATH}, form = "%d/%b/%Y %I:%M %p", {TAIPEI} }}', "24/Nov/2026 09:30 AM", AT_MS - 125),
        (f'{{ {PATH}, form = "%d/%m/%Y %H:%M:%S.%f %z" }}', "24/11/2026 09:30:00.125 +0800", AT_MS),
        (f'{{ {PATH}, form = "%Y%j", {TAIPEI} }}', "2026328", 1795449600000),
        (f'{{ {PATH}, of_day = "end", {TAIPEI} }}', "2026-11-24", 1795535999999),
        (f'{{ {PATH}, of_day = "end", form = "%Y%m%d", {TAIPEI} }}', "20261124", 1795535999999),
        (f'{{ {PATH}, of_day = "end", form = "%Y%m%d%H%M", {TAIPEI} }}', "202611240930", AT_MS - 125),
        (f'{{ {PATH}, of_day = "end", {TAIPEI} }}', "2026-11-24T09:30", AT_MS - 125),
        (f'{{ {PATH}, of_day = "end", unit = "days", {TAIPEI} }}', 20781, 1795535999999),
        (f'{{ {PATH}, form = "%y%m%d", {TAIPEI} }}', "261124", 1795449600000),
        (f'{{ {PATH}, form = "%Y%m%d", calendar = "roc", {TAIPEI} }}', "1151124", 1795449600000),
        (f'{{ {PATH}, form = "%Y/%m/%d", calendar = "roc", {TAIPEI} }}', "115/11/24", 1795449600000),
        (f'{{ {PATH}, form = "%Y/%m/%d", full_width = true, {TAIPEI} }}', "２０２６／１１／２４", 1795449600000),
        (f'{{ template = "{{day}}T{{clock}}", {TAIPEI} }}', None, AT_MS - 125),
        (f"{{ {PATH}, {TAIPEI} }}", "9999-12-31", 253402128000000),
    ],
)
def test_times_of_any_form_give_their_instant(rule: str, value: object, at_ms: int) -> None:
    row = PLAIN | {"at": value, "day": "2026-11-24", "clock": "09:30"}
    assert mapped(balances(as_of=rule), row)["as_of"] == at_ms


@pytest.mark.parametrize(
    ("rule", "value", "said"),
    [
        ('"at"', 1795483800, "is before 1990; is the unit another one?"),
        ('"at"', AT_MS * 1000, "is outside 1900 to 9999"),
        (f'{{ {PATH}, unit = "us" }}', AT_MS, "is before 1990"),
        (f'{{ {PATH}, unit = "s" }}', AT_MS, "outside 1900 to 9999"),
        (f'{{ {PATH}, unit = "days" }}', 20261124, "outside 1900 to 9999"),
        ('"at"', "2026-11-24T09:30:00", 'write zone = "Asia/Taipei"'),
        ('"at"', "2026-11-24", "it has no zone"),
        ('"at"', "24.11.2026", "is no time of ISO 8601"),
        (f'{{ {PATH}, form = "%Y%m%d", {TAIPEI} }}', "2026-11-24", 'is not of the form "%Y%m%d"'),
        (f'{{ {PATH}, form = "%Y%m%d", {TAIPEI} }}', "20261324", "is not in the calendar"),
        (f'{{ {PATH}, form = "%Y%m%d", {TAIPEI} }}', "2026111", "is not of the form"),
        (f'{{ {PATH}, form = "%Y%j", {TAIPEI} }}', "2026366", "the year has no day 366"),
        ('"at"', True, "true is no time"),
        ('"at"', {"seconds": 1}, "an object is no time"),
        (f"{{ {PATH}, {TAIPEI} }}", "1850-01-01", "before 1900"),
    ],
)
def test_what_is_no_time_is_refused_with_what_to_write(rule: str, value: object, said: str) -> None:
    refusal = refused(balances(as_of=rule), PLAIN | {"at": value})
    assert refusal.field == "balances.as_of"
    assert said in refusal.detail


def test_a_time_before_1990_is_written_with_its_zone() -> None:
    source = balances(as_of=f'{{ {PATH}, zone = "Europe/Prague" }}')
    assert mapped(source, PLAIN | {"at": "1985-03-01"})["as_of"] == "1985-02-28T23:00:00.000+00:00"


def test_the_zone_of_a_source_is_not_that_of_numbers() -> None:
    """A number of milliseconds since 1970 is an instant; only a field of its own says that it counts local time."""
    source = balances('topic = "core"\nformat = "json"\nzone = "Asia/Taipei"')
    assert mapped(source, PLAIN | {"at": AT_MS})["as_of"] == AT_MS
    assert mapped(source, PLAIN | {"at": "2026-11-24T09:30:00.125"})["as_of"] == AT_MS


UNITS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}


@given(st.datetimes(datetime(1990, 1, 2), datetime(9999, 1, 1)).map(lambda at: at.replace(microsecond=0)))  # noqa: DTZ001
@laws(200)
def test_a_time_is_the_same_instant_in_any_unit(at: datetime) -> None:
    ns = (at.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1) * 10**9
    written = {f'{{ {PATH}, unit = "{unit}" }}': ns // size for unit, size in UNITS.items()}
    written |= {'"at"': at.isoformat() + "Z", f'{{ {PATH}, zone = "UTC" }}': at.isoformat()}
    written |= {f'{{ {PATH}, form = "%Y%m%d%H%M%S", zone = "UTC" }}': at.strftime("%Y%m%d%H%M%S")}
    assert {mapped(balances(as_of=rule), PLAIN | {"at": value})["as_of"] for rule, value in written.items()} == {
        ns // 10**6
    }
