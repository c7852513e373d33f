"""The tasks that watch over a worker: one that ends would watch nothing, so it ends the worker."""

from typing import Any

import pytest
from aiokafka.errors import KafkaTimeoutError

from streams.errors import UsageError
from streams.kafka.policies import KnownPolicies
from streams.kafka.wall_clock import wall_ms
from streams.settings import Settings
from streams.worker import lane_app as module
from streams.worker.app import TierflowApp, create_app
from streams.worker.lane import Lane
from streams.worker.watches import add_watches
from tests.support.batches import ASSETS_ONLY, PARTITIONS


@pytest.fixture
async def app(names: dict[str, str]) -> TierflowApp:
    settings = Settings.from_environment({**names, "TIERFLOW_HTTP_PORT": "6066"}, dotenv=None)
    known = KnownPolicies({ASSETS_ONLY.digest: ASSETS_ONLY.document}, ASSETS_ONLY.digest, 0)
    made = create_app(settings, known, PARTITIONS)
    add_watches(made, known)
    return made


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (KafkaTimeoutError("stuck"), "TryAgainError: the follower has ended: KafkaTimeoutError: stuck"),
        (ValueError("odd"), "TryAgainError: the follower has ended: ValueError"),
        (UsageError("publish another"), "UsageError: publish another"),
    ],
)
async def test_a_watch_that_ends_ends_the_worker(
    app: TierflowApp, monkeypatch: pytest.MonkeyPatch, error: Exception, said: str
) -> None:
    failed: list[Any] = []
    monkeypatch.setattr(module, "fail", failed.append)

    async def broken() -> None:
        raise error

    await app._watched("the follower", broken)
    assert [f"{type(found).__name__}: {found}" for found in failed] == [said]


async def test_what_was_not_taken_over_is_read_from_nowhere(app: TierflowApp) -> None:
    """Its topics may begin behind offset 0, where retention has deleted."""
    for stage in app.stages.values():
        app.lanes[stage.name, 0] = Lane(stage, 0, app.brokers[stage.name], app.metrics, wall_ms, pytest.fail)
    assert app.lane_positions() == {}


async def test_all_that_is_to_be_watched_is(app: TierflowApp) -> None:
    assert {what for what, _ in app.watches} == {
        "the follower of the topic of policies",
        "the follower of the topic of owners",
        "the watch over the brokers",
        "the watch over the clock",
        "the watch over the topics",
        "the look at the group's lag",
        "the watchdog",
        "the collection of garbage",
    }
    assert not app._app_tasks, "Faust would start it after the first take-over only"
