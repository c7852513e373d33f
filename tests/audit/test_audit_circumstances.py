"""What `tier.order` tells of itself is held against what else is known: policies, history, clocks, time zone data."""

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import pytest

from streams.audit.in_force import History, Published, Walk
from streams.audit.report import Reached, Report
from streams.audit.run import audit
from streams.cli.audit import _clock_notes
from streams.kafka.policies import publish_policy
from streams.policy.policy import Policy
from streams.settings import Partitioner, Settings, policy_folder, time_zone_data
from tests.audit.test_audit_damage import found, order_written
from tests.support.handmade_logs import DAY_MS, START_MS, Writing, action, balance, customers_of, policy_named

A, B = customers_of(0, 2)
[STRANGER] = customers_of(1, 1)
FIRST, SECOND = policy_named("standard"), policy_named("assets-only")
NO_TURNS: Sequence[int] = ()


def history(text: str) -> History:
    """The policies of a history, by letters; a dash stands for records that are gone."""
    published = [
        Published(letter, follows=text[place - 1 : place] != "-") for place, letter in enumerate(text) if letter != "-"
    ]
    return History(published, follows=not text.endswith("-"))


@pytest.mark.parametrize(
    ("published", "worked", "unpublished", "unproven"),
    [
        ("a", "aaa", "", 0),
        ("", "a", "a", 0),
        ("b", "a", "a", 0),
        ("ab", "aabb", "", 0),
        ("ab", "b", "", 0),
        ("ab", "aba", "a", 0),
        ("aba", "aba", "", 0),
        ("abc", "acb", "b", 0),
        ("abc", "acbc", "bc", 0),
        ("-b", "ab", "", 1),
        ("a-b", "acb", "", 1),
        ("a-b", "abc", "c", 0),
        ("ab-", "aba", "", 1),
        ("-", "ab", "", 2),
    ],
)
def test_a_policy_is_worked_under_only_when_it_was_published(
    published: str, worked: str, unpublished: str, unproven: int
) -> None:
    walk = Walk(history(published))
    assert "".join(letter for letter in worked if not walk.goes_on_to(letter)) == unpublished
    assert walk.unproven == unproven


async def worked_under(settings: Settings, policies: Sequence[Policy], published: Sequence[Policy]) -> None:
    """A batch under each of the policies. FIRST is published before, the others before the second batch."""
    async with Writing(settings) as writing:
        writer = await writing.writer(0)
        for number, policy in enumerate(policies):
            await writer.restart(policy)
            await writer.batch([balance(f"b{number}", A, "600000", START_MS + number)])
            for later in () if number else published:
                await publish_policy(settings, later)


@pytest.mark.parametrize(
    ("policies", "published", "wrong"),
    [
        ([FIRST, SECOND], [SECOND], NO_TURNS),
        ([FIRST, SECOND], [], [2]),
        ([FIRST, SECOND, FIRST], [SECOND], [3]),
        ([FIRST, SECOND, FIRST], [SECOND, FIRST], NO_TURNS),
    ],
)
async def test_a_policy_that_was_not_in_force_is_a_difference(
    settings: Settings, policies: Sequence[Policy], published: Sequence[Policy], wrong: Sequence[int]
) -> None:
    settings = replace(settings, policy=policy_folder() / "assets-only.toml")
    await worked_under(settings, policies, published)
    told = "order transaction {0} different in {0}; policy: {1} / not published by then"
    assert await found(settings) == [told.format(number, policies[number - 1].digest) for number in wrong]


@pytest.mark.parametrize(("flags", "wrong"), [("110", []), ("000", []), ("101", [3]), ("011", [2, 3])])
async def test_history_comes_before_everything_live(settings: Settings, flags: str, wrong: Sequence[int]) -> None:
    async with Writing(settings) as writing:
        writer = await writing.writer(0)
        for number, flag in enumerate(flags):
            writer.partition.backfill = flag == "1"
            await writer.batch([balance(f"b{number}", A, "600000", START_MS + number)])
    assert await found(settings) == [
        f"order transaction {number} different in {number}; backfill: true / false: history was over before"
        for number in wrong
    ]


async def test_clocks_and_delays_are_reported(settings: Settings) -> None:
    async with Writing(settings) as writing:
        writer = await writing.writer(0)
        pin = action("p1", A, "pin", START_MS, tier="high", until=START_MS + DAY_MS, reason="vip", by="desk")
        await writer.batch([balance("b1", A, "1"), pin])
        await writer.batch([balance("b2", B, "2", START_MS + 1)], START_MS + 3 * DAY_MS)
        await writer.batch([balance("b3", B, "3", START_MS + 2)], START_MS + DAY_MS)
    report = await audit(settings)
    assert report.found == []
    assert report.latest_decision == Reached(2 * DAY_MS, 0, 2, f"{A}:3")
    assert report.clock_ahead == Reached(2 * DAY_MS, 0, 3)
    assert report.clock_apart.ms > 0  # the instants of handmade logs are not now


@pytest.mark.parametrize(
    ("report", "said"),
    [
        (Report(), []),
        (Report(clock_apart=Reached(299_999), latest_decision=Reached(3_599_999)), []),
        (
            Report(clock_apart=Reached(310_000, 3, 12)),
            ["a worker's wall clock was 5 min 10 s (partition 3, transaction 12) from the timestamp of its record"],
        ),
        (
            Report(latest_decision=Reached(2 * 3_600_000, 3, 12, "C1:4")),
            ["the latest decision by time alone, C1:4, came 2 h 0 min (partition 3, transaction 12) after it was due"],
        ),
        (
            Report(clock_ahead=Reached(365 * DAY_MS, 0, 1)),
            ["a partition's clock was 8,760 h 0 min (partition 0, transaction 1) ahead of the wall clock, once wrong"],
        ),
    ],
)
def test_what_is_unusual_about_the_times_is_said(report: Report, said: Sequence[str]) -> None:
    assert list(_clock_notes(report)) == said


async def test_other_time_zone_data_are_said(settings: Settings) -> None:
    async with Writing(settings) as writing:
        other = order_written(time_zone_data().encode(), b"1999a")
        await (await writing.writer(0)).batch([balance("b1", A, "1")], damage=other)
    report = await audit(settings)
    assert (report.found, report.other_zone_data) == ([], {"1999a"})
    assert ["1999a" in note for note in _clock_notes(report)][-1]


@pytest.mark.parametrize("partitioner", ["none", "murmur2"])
async def test_the_log_says_which_partitioner_held(settings: Settings, partitioner: str) -> None:
    async with Writing(replace(settings, partitioner=cast("Partitioner", partitioner))) as writing:
        await (await writing.writer(0)).batch([balance("b1", STRANGER, "1"), balance("b2", A, "1")])
    report = await audit(settings)
    assert report.found == []
    assert report.dead_letters == (0 if partitioner == "none" else 1)
