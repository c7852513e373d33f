"""Where nothing can be measured, a benchmark ends with a sentence that says what to do."""

import asyncio
import time
from pathlib import Path

import pytest

from streams.bench.deliver import wait_for_requests
from streams.bench.due import figures_of, refuse_single_tier
from streams.bench.endpoint import RequestCount
from streams.bench.live import Live, sending
from streams.bench.stand import Stand, stand_environment
from streams.errors import UsageError
from streams.policy.compile.load import load_policy
from streams.policy.policy import Policy
from streams.settings import Settings, policy_folder

ONE_TIER = 'name = "flat"\nversion = 1\ncurrency = "TWD"\ntime_zone = "Asia/Taipei"\n[[tiers]]\nid = "all"\n'


class Silent(Live):
    """Live events that are never sent."""

    async def send(self) -> float:
        await asyncio.Event().wait()
        return 0.0


class Broken(Live):
    """Live events whose sending fails."""

    async def send(self) -> float:
        raise UsageError("no broker")


@pytest.fixture
def policy() -> Policy:
    return load_policy((policy_folder() / "assets-only.toml").read_text(encoding="utf-8"))


@pytest.fixture
def on(policy: Policy, tmp_path: Path) -> Stand:
    return Stand(Settings.from_environment({}, dotenv=None), {}, policy, 1, tmp_path)


# --- deliver ---


async def test_requests_that_do_not_come_are_counted_and_what_to_do_is_said() -> None:
    with pytest.raises(UsageError, match=r"received 0 of 1,000 requests within 0 s: .*; take fewer --events"):
        await wait_for_requests(lambda: None, RequestCount(), 1_000, 0.01)


async def test_a_process_that_has_ended_is_said_before_the_time_is_over() -> None:
    def check() -> None:
        raise UsageError("tierflow deliver ended with status 2")

    with pytest.raises(UsageError, match="ended with status 2"):
        await wait_for_requests(check, RequestCount(), 1, 60)


# --- due ---


def test_a_policy_of_one_tier_is_refused(policy: Policy) -> None:
    refuse_single_tier(policy)
    with pytest.raises(UsageError, match=r"policy flat has one tier, all, .*; take a --policy with two tiers or more"):
        refuse_single_tier(load_policy(ONE_TIER))


def test_without_a_live_event_after_the_instant_there_is_no_delay(on: Stand) -> None:
    live, due_at = Live(on, rate=1), time.perf_counter()
    live.sent_at, live.delays_ms, live.newest_by_time = [due_at - 1], [12.0], due_at + 0.5
    with pytest.raises(UsageError, match=r"all 3 customers .* before the next live event .*; take more --timers, or a"):
        figures_of(live, due_at, 1.0, timers=3)
    live.sent_at, live.delays_ms = [due_at - 1, due_at + 0.1], [12.0, 20.0]
    assert figures_of(live, due_at, 1.0, timers=3).max_ms == 20.0


# --- live events ---


async def test_an_error_beside_the_sending_is_raised_as_it_is(on: Stand) -> None:
    async def fail() -> None:
        async with sending(Silent(on, rate=1)):
            await asyncio.sleep(0)
            raise UsageError("the worker ended")

    with pytest.raises(UsageError, match="the worker ended"):
        await fail()


async def test_an_error_of_the_sending_ends_the_block_and_is_raised_as_it_is(on: Stand) -> None:
    with pytest.raises(UsageError, match="no broker"):
        async with sending(Broken(on, rate=1)):
            await asyncio.sleep(60)


# --- the environment of the workers ---


def test_the_settings_of_the_user_change_nothing_that_is_measured() -> None:
    users = {"TIERFLOW_BACKFILL": "on", "TIERFLOW_CLOCK": "event", "TIERFLOW_PARTITIONER": "none"}
    pinned = Settings.from_environment(stand_environment(users), dotenv=None)
    assert (pinned.backfill, pinned.clock, pinned.partitioner) == (False, "wall", "murmur2")
