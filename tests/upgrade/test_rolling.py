"""Workers of a former release are replaced one after the other, under load; one that comes back harms nothing.

Released is said what stands in the order of docs/operations.md#upgrades, but that nobody stops all workers first.
"""

import asyncio
import json
import re
from collections import defaultdict
from collections.abc import Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from streams.settings import Settings
from tests.support.commands import Said, tierflow
from tests.support.event_flow import CUSTOMERS, flowing
from tests.support.patience import stretched, until
from tests.support.topic_changes import admin_of
from tests.support.worker_processes import (
    PARTITIONS,
    Events,
    Workers,
    applied,
    read,
    read_changes,
    tier_of,
)
from tests.upgrade.former import installed

A_SECOND = 300


class Ledger(Events):
    """Events of customers who are known by a balance first; by the table alone, which tiers each goes through."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._tiers: defaultdict[str, list[str]] = defaultdict(list)

    async def balance(self, customer: str, amount: int, **more: Any) -> None:
        self._tiers[customer].append(tier_of(amount))
        await super().balance(customer, amount, **more)

    async def introduce(self) -> None:
        for customer in CUSTOMERS:
            await self.balance(customer, 0)
        await self.settle()
        await applied(self.settings)

    async def more(self, count: int) -> None:
        """Returns when so many further events have been sent."""
        goal = self.sent + count
        await until(lambda: self.sent >= goal, 30, "events flow")

    async def check(self) -> None:
        """Every change is there once, in sequence, and there is no other."""
        await applied(self.settings)
        found = (await read_changes(self.settings)).by_customer
        expected = {who: [tier for tier, _ in groupby(tiers)] for who, tiers in self._tiers.items()}
        assert {who: [change["tier"] for change in changes] for who, changes in found.items()} == expected


@pytest.fixture(scope="module")
def former(tmp_path_factory: pytest.TempPathFactory) -> str:
    return installed("0.1.0", tmp_path_factory.mktemp("former"))


@pytest.mark.soak
@pytest.mark.timeout(stretched(240))
async def test_workers_are_replaced_one_after_the_other_under_load(
    former: str, environment: Mapping[str, str], tmp_path: Path
) -> None:
    assert (await said(environment, "topics", "create", "--partitions", str(PARTITIONS), program=former)).status == 0
    settings = Settings.from_environment(environment, dotenv=None)
    with Workers(environment, tmp_path) as workers:
        async with Ledger(settings) as ledger:
            olds = [workers.start(name, program=former) for name in ("old1", "old2")]
            await asyncio.gather(*(old.ready() for old in olds))
            await ledger.introduce()
            async with flowing(ledger, a_second=A_SECOND):
                await ledger.more(1_000)
            await ledger.check()
            audited = await said(environment, "audit", program=former)
            assert (audited.status, audited.out.splitlines()[-1]) == (0, "clean"), audited
            await make_topics_fit(environment, settings)

            async with flowing(ledger, a_second=A_SECOND):
                await ledger.more(500)
                for number, old in enumerate(olds, 1):
                    assert await old.stop() == 0
                    await ledger.more(200)
                    await workers.start(f"new{number}").ready()
                    await ledger.more(500)
            await ledger.check()
            versions = await engine_versions(settings)
            assert [sorted(set(of_partition)) for of_partition in versions] == [[1, 2]] * PARTITIONS
            await audit_begins_where_it_can(environment, tmp_path / "start")

            async with flowing(ledger, a_second=A_SECOND):
                back = workers.start("old1", program=former)
                assert await back.ended() == 70
                assert back.says(r"version 2")
                await ledger.more(500)
            await ledger.check()
    assert all(of_partition == sorted(of_partition) for of_partition in await engine_versions(settings))
    audited = await said(environment, "audit", "--start", str(tmp_path / "start"))
    assert (audited.status, audited.out.splitlines()[-1]) == (0, "clean"), audited


async def said(environment: Mapping[str, str], *arguments: str, **more: str) -> Said:
    return await asyncio.to_thread(lambda: tierflow(environment, *arguments, within_s=60, **more))


async def make_topics_fit(environment: Mapping[str, str], settings: Settings) -> None:
    """What the changelog asks of whoever upgrades: a larger limit for the topic of states, and new topics."""
    refused = await said(environment, "topics", "create")
    [(topic, name, value)] = re.findall(r"--entity-name (\S+) --add-config (\S+)=(\S+)", refused.err)
    assert (refused.status, topic, name) == (2, settings.changelog_topic, "max.message.bytes"), refused
    config = {"cleanup.policy": "compact", name: value}
    async with admin_of(settings) as admin:
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, config)])
    made = await said(environment, "topics", "create")
    assert made.status == 0, made


async def audit_begins_where_it_can(environment: Mapping[str, str], file: Path) -> None:
    """The audit says that it cannot go through the change, and what it can: to begin at a starting point."""
    refused = await said(environment, "audit")
    assert refused.status == 2
    assert "was worked by engine version 1, this release has 2" in refused.err
    assert "tierflow audit --write-start FILE" in refused.err
    written = await said(environment, "audit", "--write-start", str(file))
    assert written.status == 0, written


async def engine_versions(settings: Settings) -> list[list[int]]:
    """By partition, those of the order of work."""
    found: list[list[int]] = [[] for _ in range(PARTITIONS)]
    for record in await read(settings, settings.output_topic("order")):
        found[record.partition].append(json.loads(record.value)["engine_version"])
    return found
