"""Whose the outputs are: the first app's, or that of the one that took them last."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import UsageError
from streams.kafka.broker_clock import LIMIT_MS, NOTED_MS, BrokerClock, certain_ms, leapt, noted, wrong
from streams.kafka.owner import Mark, claim_outputs, follow_owner, owner_of
from streams.kafka.wall_clock import WatchedClock, wall_ms
from streams.settings import Settings


def claimed(claims: Sequence[tuple[str, bool]]) -> list[Mark]:
    """The marks that these claims leave, of apps that take or do not, one after another."""
    marks: list[Mark] = []
    for app_id, take in claims:
        owner = owner_of(marks)
        if owner is None or (take and owner != app_id):
            marks.append(Mark(app_id, taken=owner is not None))
    return marks


@pytest.mark.parametrize(
    ("marks", "owner"),
    [
        ([], None),
        ([Mark("a")], "a"),
        ([Mark("a"), Mark("b")], "a"),
        ([Mark("a"), Mark("b", taken=True)], "b"),
        ([Mark("a"), Mark("b", taken=True), Mark("c")], "b"),
        ([Mark("b", taken=True), Mark("a", taken=True)], "a"),
    ],
)
def test_the_first_owns_the_outputs_until_another_takes_them(marks: list[Mark], owner: str | None) -> None:
    assert owner_of(marks) == owner


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=12))
def test_compaction_changes_no_owner(claims: list[tuple[str, bool]]) -> None:
    marks = claimed(claims)
    newest = {mark.app_id: place for place, mark in enumerate(marks)}
    compacted = [mark for place, mark in enumerate(marks) if newest[mark.app_id] == place]
    assert owner_of(compacted) == owner_of(marks)


async def test_another_app_on_the_same_outputs_is_refused_unless_it_takes_them(settings: Settings) -> None:
    other = replace(settings, app_id=f"{settings.app_id}-other")
    await claim_outputs(settings, take=False)
    await claim_outputs(settings, take=False)
    with pytest.raises(UsageError, match=f"belong to the app id {settings.app_id}, and this is .*--take-outputs"):
        await claim_outputs(other, take=False)
    owners = follow_owner(settings, lambda: None)
    assert await anext(owners) == settings.app_id
    await claim_outputs(other, take=True)
    assert await anext(owners) == other.app_id
    await owners.aclose()
    with pytest.raises(UsageError, match=f"belong to the app id {other.app_id}"):
        await claim_outputs(settings, take=False)
    owners = follow_owner(other, lambda: None)
    assert await anext(owners) == other.app_id, "what was is no news"
    await owners.aclose()


@pytest.mark.parametrize(
    ("ahead_ms", "said"),
    [
        (0, None),
        (LIMIT_MS - 30_000, None),
        (-LIMIT_MS + 30_000, None),
        (LIMIT_MS + 30_000, "s ahead of the broker's"),
        (-LIMIT_MS - 30_000, "s behind the broker's"),
    ],
)
async def test_a_clock_minutes_off_the_broker_s_is_wrong(settings: Settings, ahead_ms: int, said: str | None) -> None:
    async with BrokerClock(settings, lambda: wall_ms() + ahead_ms) as clock:
        wrong = await clock.wrong()
    assert (wrong is None) == (said is None)
    assert said is None or said in str(wrong)


@pytest.mark.parametrize(
    ("sent_ms", "answered_ms", "ahead_ms"),
    [(0, 20, 0), (10, 20, 0), (4_000, 4_020, 3_990), (-4_020, -4_000, -4_010), (-1_000_000, 1_000_000, 0)],
)
def test_what_the_way_to_the_broker_took_is_no_difference(sent_ms: int, answered_ms: int, ahead_ms: int) -> None:
    assert certain_ms(sent_ms, 10, answered_ms) == ahead_ms


@pytest.mark.parametrize(
    ("ahead_ms", "said"),
    [
        (0, None),
        (NOTED_MS, None),
        (-NOTED_MS, None),
        (3_600, "4 s ahead of the broker's: what falls due by time alone is decided that much too early"),
        (-LIMIT_MS, "300 s behind the broker's: what falls due by time alone is decided that much too late"),
    ],
)
def test_a_clock_seconds_off_is_said_and_what_it_does(ahead_ms: int, said: str | None) -> None:
    assert (noted(ahead_ms) is None) == (said is None)
    assert said is None or said in str(noted(ahead_ms))
    assert wrong(ahead_ms) is None


@pytest.mark.parametrize(("ahead_ms", "said"), [(3_600_000, "3600 s ahead of"), (-3_600_000, "3600 s behind")])
def test_a_clock_an_hour_off_is_wrong(ahead_ms: int, said: str) -> None:
    assert said in str(wrong(ahead_ms))


HOUR_MS = 3_600_000


@pytest.mark.parametrize(
    ("steps", "leaps"),
    [
        ([(60_000, 60_000)] * 3, []),
        ([(HOUR_MS, HOUR_MS)] * 3, []),  # nothing to do, or suspended
        ([(60_000, 60_000), (HOUR_MS, 10), (10, 10)], [HOUR_MS - 10]),
        ([(-HOUR_MS, 10), (10, 10)], [-HOUR_MS - 10]),
        ([(60_100, 60_000)] * 10_000, []),  # it is being set right slowly
        ([(LIMIT_MS + 10, 10)], []),
        ([(LIMIT_MS + 11, 10)], [LIMIT_MS + 1]),
    ],
)
def test_a_clock_that_was_set_is_noticed_before_it_is_decided_by(
    steps: list[tuple[int, int]], leaps: list[int]
) -> None:
    now, passed, found = [1_764_000_000_000], [5_000], list[int]()
    clock = WatchedClock(LIMIT_MS, found.append, lambda: now[0], lambda: passed[0])
    for wall, running in steps:
        now[0] += wall
        passed[0] += running
        assert clock() == now[0]
    assert found == leaps
    assert not leaps or ("ahead" if leaps[0] > 0 else "back") in leapt(leaps[0])
