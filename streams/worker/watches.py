"""The tasks that watch over a worker: who owns the outputs, which policy is in force, clocks, topics, progress.

Each runs for as long as the worker. What it finds wrong ends the process, and so does its own end (LaneApp).
"""

import asyncio
import logging
from functools import partial

from streams.errors import TryAgainError, named
from streams.kafka.broker_clock import BrokerClock, noted, wrong
from streams.kafka.owner import belongs_to_another, follow_owner
from streams.kafka.policies import KnownPolicies, follow_policies
from streams.kafka.rates import follow_rates
from streams.kafka.wall_clock import wall_ms
from streams.worker.app import TierflowApp
from streams.worker.garbage import collect_when_idle
from streams.worker.lane_app import LaneApp, fail
from streams.worker.takeover import RETRIED_ERRORS
from streams.worker.topics_watch import end_when_changed
from streams.worker.watchdog import LOOK_EVERY_S, Contact, Watchdog

POLICY_FOLLOWER = "the follower of the topic of policies"
RATES_FOLLOWER = "the follower of the topic of rates"
OWNER_FOLLOWER = "the follower of the topic of owners"
CLOCK_LOOKED_AT_EVERY_S = 60.0
LAGS_EVERY_S = 10.0
_log = logging.getLogger(__name__)


def add_watches(app: TierflowApp, known: KnownPolicies) -> None:
    """Gives the app its watches, before it starts. known: the policies that it knows already."""
    app.watches += [
        (POLICY_FOLLOWER, partial(_follow_policies, app, known)),
        (OWNER_FOLLOWER, partial(_follow_owner, app)),
    ]
    if app.settings.rates:
        app.watches.append((RATES_FOLLOWER, partial(_follow_rates, app)))
    add_lane_watches(app)


def add_lane_watches(app: LaneApp) -> None:
    """Gives any app of lanes the watches over what surrounds it: the clock, the brokers, its topics, its progress."""
    app.watches += [
        ("the watch over the clock", partial(_watch_clock, app)),
        ("the watch over the brokers", partial(_watch_brokers, app)),
        ("the watch over the topics", partial(_watch_topics, app)),
        ("the look at the group's lag", partial(_look_at_lags, app)),
        ("the watchdog", partial(_watch_progress, app)),
        ("the collection of garbage", partial(collect_when_idle, app.is_busy)),
    ]


async def _follow_policies(app: TierflowApp, known: KnownPolicies) -> None:
    async for offset, document in follow_policies(app.settings, known, partial(app.beat, POLICY_FOLLOWER)):
        app.adopt_newer(offset, document)


async def _follow_rates(app: TierflowApp) -> None:
    async for rates in follow_rates(app.settings, partial(app.beat, RATES_FOLLOWER)):
        app.learn_rates(rates)


async def _follow_owner(app: TierflowApp) -> None:
    settings = app.settings
    async for owner in follow_owner(settings, partial(app.beat, OWNER_FOLLOWER)):
        if owner != settings.app_id:
            fail(belongs_to_another(settings, owner))


async def _watch_clock(app: LaneApp) -> None:
    """Ends the process when this machine's clock and the broker's differ by minutes, and says when by seconds.

    Brokers may be away.
    """
    was_apart = False
    while True:
        await asyncio.sleep(CLOCK_LOOKED_AT_EVERY_S)
        try:
            async with BrokerClock(app.settings, wall_ms) as clock:
                ahead_ms = await clock.ahead_ms()
        except RETRIED_ERRORS as error:
            if not app.contact.are_away():
                _log.warning("the broker's clock cannot be asked: %s", named(error))
        else:
            app.succeeds("clock")
            said, far = noted(ahead_ms), wrong(ahead_ms)
            if far is not None:
                fail(TryAgainError(far))
            if said is not None and not was_apart:
                _log.warning("%s", said)
            elif said is None and was_apart:
                _log.info("this machine's clock and the broker's agree again")
            was_apart = said is not None


async def _watch_brokers(app: LaneApp) -> None:
    await app.contact.watch(app.consumer.heard_at_ms, lambda: app.should_stop, fail)


async def _watch_topics(app: LaneApp) -> None:
    """Ends the process when the topics are no longer those of the state, or their settings do not fit any more."""

    async def look() -> str | None:
        app.changed = await app.why_changed() or await app.misfit()
        app.succeeds("topics")
        return app.changed

    await end_when_changed(look, lambda: app.should_stop, fail)


async def _look_at_lags(app: LaneApp) -> None:
    """Asks how far behind the group is in all partitions, where the first one of a stage is held here."""
    while True:
        lags: dict[tuple[str, int], int] = {}
        try:
            for name in [stage for stage, number in app.lanes if number == 0]:
                lags |= await app.brokers[name].inputs.lags(app.counts)
        except RETRIED_ERRORS:
            lags = {}  # nobody knows
        else:
            app.succeeds("lag")
        app.group_lags = lags
        await asyncio.sleep(LAGS_EVERY_S)


async def _watch_progress(app: LaneApp) -> None:
    """Ends the process when something hangs: a restart mends that."""
    watchdog = Watchdog(app.settings.app_id)
    while not app.should_stop:
        await app.sleep(LOOK_EVERY_S)
        hung = watchdog.look(app.lanes.values(), app.beats, _contact(app))
        if hung is not None:
            app.stalled = hung
            fail(TryAgainError(hung))


def _contact(app: LaneApp) -> Contact:
    return Contact(
        app.unassigned_since,
        app.consumer.member_until(),
        app.consumer.heard_at_ms() / 1000,
        app.consumer.trouble(),
        are_away=app.contact.are_away(),
        is_reading=app.serving and any(lane.is_idle for lane in app.lanes.values()),
    )
