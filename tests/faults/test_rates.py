"""Rates of a topic on a real broker: who is looked at again, what came while no worker ran, and the audit of it."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from streams.errors import UsageError
from streams.explain.explanation import explain
from streams.explain.known import read_known
from streams.kafka.rates import check_rates_are_on
from streams.policy.compile.load import load_policy
from streams.settings import Settings
from tests.support.worker_processes import (
    Events,
    Workers,
    applied,
    audit_is_clean,
    dead_letters,
    now_ms,
    read_changes,
    until,
)

POLICY = """
name = "by-topic"
version = 1
currency = "TWD"
rates = "topic"

[[tiers]]
id = "low"

[[tiers]]
id = "mid"
at_least = "500000"
"""


@pytest.fixture
def environment(broker: str, names: dict[str, str], tmp_path: Path) -> dict[str, str]:
    file = tmp_path / "policy.toml"
    file.write_text(POLICY)
    return {**names, "KAFKA_BOOTSTRAP_SERVERS": broker, "TIERFLOW_RATES": "on", "TIERFLOW_POLICY": str(file)}


async def rate(events: Events, rate: str) -> None:
    await events.put("rates", "USD", partition=0, currency="USD", against="TWD", rate=rate, at=now_ms())
    await events.settle()


async def changed(settings: Settings, *tiers: str) -> None:
    async def reached() -> bool:
        told = (await read_changes(settings)).by_customer
        return [change["tier"] for change in told.get("C1", ())] == list(tiers)

    await until(reached, 20, f"C1 has been {', '.join(tiers)}")


async def test_rates_hold_when_they_come_and_when_a_worker_starts(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path
) -> None:
    with Workers(environment, tmp_path) as workers:
        async with Events(settings) as events:
            await rate(events, "30")
            worker = workers.start()
            await worker.ready()
            await events.balance("C1", 16_000, currency="USD")
            await events.balance("C2", 600_000)
            await events.settle()
            await changed(settings, "low")
            await rate(events, "none")
            await rate(events, "32")
            await changed(settings, "low", "mid")
            explained = explain(await read_known(settings, "C1"), now_ms())
            assert explained.value == "512000.00"
            assert [(rate.currency, rate.rate) for rate in explained.rates or ()] == [("USD", "32.0")]
            assert await worker.stop() == 0
            await rate(events, "29")
            worker.start_again()
            await worker.ready()
            await changed(settings, "low", "mid", "low")
        await applied(settings)
        told = (await read_changes(settings)).by_customer
        assert [change["reason"] for change in told["C1"]] == ["first_event", "rates_changed", "rates_changed"]
        assert [change["rates"][0]["rate"] for change in told["C1"]] == ["30.0", "32.0", "29.0"]
        assert ["rates" in change for change in told["C2"]] == [False]
        [letter] = await dead_letters(settings)
        assert (letter["topic"], letter["offset"]) == (settings.input_topic("rates"), 1)
        await audit_is_clean(environment)


def test_a_policy_that_needs_rates_is_refused_where_none_are_read() -> None:
    policy = load_policy(POLICY)
    with pytest.raises(UsageError, match="write TIERFLOW_RATES=on"):
        check_rates_are_on(Settings.from_environment({}, dotenv=None), policy)
    check_rates_are_on(Settings.from_environment({"TIERFLOW_RATES": "on"}, dotenv=None), policy)
