"""Whose the outputs are: the first app's, or that of the one that took them last."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import UsageError
from streams.kafka.broker_clock import LIMIT_MS, BrokerClock, difference
from streams.kafka.owner import Mark, claim_outputs, follow_owner, owner_of
from streams.kafka.wall_clock import wall_ms
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


def test_a_slow_answer_is_no_difference() -> None:
    assert difference(0, 10 * LIMIT_MS, 20 * LIMIT_MS) is None
