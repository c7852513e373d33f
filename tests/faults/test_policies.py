"""A policy comes into force while workers work: no restart, every customer rated anew once, whatever fails."""

import asyncio
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

from streams.settings import Settings
from tests.support.worker_processes import (
    TIERFLOW,
    Events,
    Worker,
    Workers,
    applied,
    audit_is_clean,
    read_changes,
    until,
)

CUSTOMERS = {f"C{number:05d}": 1_000 * number for number in range(1_000)}  # 0 to 999,000


async def published(environment: Mapping[str, str], file: Path) -> None:
    command = [TIERFLOW, "policy", "publish", str(file), "--yes"]
    process = await asyncio.create_subprocess_exec(
        *command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=dict(environment)
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()


def lower(settings: Settings, folder: Path) -> Path:
    """The policy of the test with the floor of mid at 250,000."""
    file = folder / "lower.toml"
    file.write_text(settings.policy.read_text().replace('at_least = "500000"', 'at_least = "250000"'))
    return file


def tiers(floor: int) -> dict[str, str]:
    return {customer: "mid" if amount >= floor else "low" for customer, amount in CUSTOMERS.items()}


async def all_have(settings: Settings, floor: int) -> None:
    async def reached() -> bool:
        return (await read_changes(settings)).tiers() == tiers(floor)

    await until(reached, 40, f"all customers are rated by the floor of {floor}")


async def test_a_policy_comes_into_force_and_goes_back_without_a_restart(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path
) -> None:
    with Workers(environment, tmp_path) as workers:
        async with Events(settings) as events:
            first, second = workers.start("w1"), workers.start("w2")
            await asyncio.gather(first.ready(), second.ready())
            await events.backlog(CUSTOMERS.items())
            await all_have(settings, 500_000)
            await published(environment, lower(settings, tmp_path))
            await all_have(settings, 250_000)
            await published(environment, settings.policy)
            await all_have(settings, 500_000)
        changes = (await read_changes(settings)).by_customer
        rerated = [change for told in changes.values() for change in told[1:]]
        assert len(rerated) == 2 * 250
        assert {(change["reason"], change["backfill"], change["cause"]) for change in rerated} == {
            ("policy_changed", True, None)
        }
        assert not any(told[0]["backfill"] for told in changes.values())
        await audit_is_clean(environment)
        assert await asyncio.gather(first.stop(), second.stop()) == [0, 0]


async def test_rating_anew_goes_on_after_kill_9(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path
) -> None:
    with Workers(environment, tmp_path) as workers:
        async with Events(settings) as events:
            worker = workers.start()
            await worker.ready()
            await events.backlog(CUSTOMERS.items())
            await all_have(settings, 500_000)
            await published(environment, lower(settings, tmp_path))
            await until(lambda: worker.says(r"(is in force)"), 20, "the worker has taken the policy up")
            worker.signal(signal.SIGKILL)
            await worker.ended()
            worker.start_again()
            await worker.ready()
            await all_have(settings, 250_000)
        await audit_is_clean(environment)


async def test_a_worker_with_another_file_says_so_and_follows_the_topic(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path
) -> None:
    with Workers(environment, tmp_path) as workers:
        first: Worker = workers.start("w1")
        await first.ready()
        assert await first.stop() == 0
        late = workers.start("w2", TIERFLOW_POLICY=str(lower(settings, tmp_path)))
        await late.ready()
        assert late.says(r"(another policy is in force than the file)")
        async with Events(settings) as events:
            await events.balance("C1", 300_000)
            await events.settle()
            await applied(settings)
        assert (await read_changes(settings)).tiers() == {"C1": "low"}


async def test_history_is_marked_until_it_has_caught_up(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path
) -> None:
    with Workers(environment, tmp_path) as workers:
        async with Events(settings) as events:
            await events.backlog([("C1", 600_000), ("C2", 100)])
            worker = workers.start(TIERFLOW_BACKFILL="on")
            await worker.ready()
            await applied(settings)
            await events.balance("C2", 700_000)
            await events.balance("C3", 1)
            await events.settle()
            await applied(settings)
        changes = (await read_changes(settings)).by_customer
        marked = [(change["id"], change["backfill"]) for told in changes.values() for change in told]
        assert sorted(marked) == [("C1:1", True), ("C2:1", True), ("C2:2", False), ("C3:1", False)]
        await audit_is_clean(environment)
