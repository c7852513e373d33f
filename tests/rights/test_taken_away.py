"""A right is taken away from a program that runs: it names it and ends; once it is given back, nothing is missing."""

import asyncio
import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import pytest

from streams.errors import NEEDS_A_PERSON
from streams.kafka.rights.right import Right, rights_of
from streams.kafka.rights.roles import ROLES
from streams.kafka.topics import ensure_topics
from streams.settings import Settings
from tests.support.deliveries import Delivery, change, config, produce
from tests.support.guarded_broker import GuardedBroker
from tests.support.http_endpoint import Endpoint
from tests.support.patience import stretched
from tests.support.worker_processes import (
    PARTITIONS,
    Events,
    Workers,
    all_is_right,
    applied,
    audit_is_clean,
    read_changes,
    until,
)

ALL = os.environ.get("TIERFLOW_RIGHTS") == "1"
# What is watched every 10 s, and has to last for 8 s, is watched more closely here.
CLOSELY = """
import sys
from streams.cli.main import run
from streams.kafka import unchanged
from streams.worker import topics_watch
unchanged.CONFIRMED_FOR_S = topics_watch.LOOK_EVERY_S = 1.0
sys.argv = ["tierflow", "worker"]
run()
"""
CLOSELY_DELIVERED = """
import sys
from streams.cli.main import run
from streams.deliver import run as module
from streams.kafka import unchanged
unchanged.CONFIRMED_FOR_S = module.RIGHTS_LOOKED_AT_EVERY_S = 1.0
sys.argv[0] = "tierflow"
run()
"""
OF_THE_WORKER = [
    ("WRITE", "topic", "{tier}changes"),
    ("READ", "topic", "{bank}balances"),
    ("READ", "topic", "{app}-customers-changelog"),
    ("WRITE", "topic", "{app}-customers-changelog"),
    ("READ", "topic", "{tier}policies"),
    ("READ", "topic", "{tier}current"),
    ("WRITE", "topic", "{tier}owner"),
    ("DESCRIBE_CONFIGS", "topic", "{tier}dead-letters"),
    ("DESCRIBE", "topic", "{app}-deliver-parked"),
    ("READ", "group", "{app}"),
    ("WRITE", "transactional id", "{app}-"),
]
OF_DELIVER = [
    ("WRITE", "topic", "{app}-deliver-parked"),
    ("READ", "topic", "{tier}changes"),
    ("READ", "topic", "{app}-deliver-resend"),
    ("READ", "group", "{app}-deliver-"),
]
Named = tuple[str, str, str]


class Users:
    """The users of one test: an administrator, and a worker and a delivery that have their rights."""

    def __init__(self, guarded: GuardedBroker, names: Mapping[str, str]) -> None:
        self.guarded = guarded
        self.administrator_environment = {**names, **guarded.own.environment}
        self.administrator = Settings.from_environment(self.administrator_environment, dotenv=None)
        self.environment = {role: guarded.environment(role, names) for role in ("worker", "deliver", "policy")}

    async def give(self, *roles: str) -> None:
        for role in roles:
            await self.guarded.give(role, rights_of(ROLES[role](self.administrator)))

    def right(self, role: str, named: Named) -> Right:
        """The right of the role that is named so."""
        settings, (operation, resource, pattern) = self.administrator, named
        name = pattern.format(tier=settings.output_prefix, bank=settings.input_prefix, app=settings.app_id)
        rights = rights_of(ROLES[role](settings))
        [found] = [
            right for right in rights if (right.operation, right.resource, right.name) == (operation, resource, name)
        ]
        return found


@pytest.fixture
async def users(guarded: GuardedBroker, names: Mapping[str, str]) -> Users:
    found = Users(guarded, names)
    await ensure_topics(found.administrator, PARTITIONS)
    await found.give("worker", "deliver")
    await guarded.give("worker", rights_of(ROLES["policy"](found.administrator)))  # it puts the first policy in force
    return found


@pytest.mark.timeout(stretched(120))
@pytest.mark.parametrize("named", OF_THE_WORKER if ALL else OF_THE_WORKER[:1], ids=" ".join)
async def test_a_worker_names_it_and_nothing_is_lost(users: Users, named: Named, tmp_path: Path) -> None:
    right = users.right("worker", named)
    async with Events(users.administrator) as events:
        with Workers(users.environment["worker"], tmp_path) as workers:
            worker = workers.start("w1", CLOSELY)
            await worker.ready()
            for number in range(40):
                await events.balance(f"C{number}", 300_000 * number)
            await events.settle()
            await users.guarded.take("worker", right)
            goes_on = asyncio.create_task(keep_sending(events))
            try:
                assert await worker.ended(20) == NEEDS_A_PERSON, worker.tail()
            finally:
                goes_on.cancel()
                await asyncio.gather(goes_on, return_exceptions=True)
            assert worker.says(
                rf"worker ends: .*needs .*{right.operation} on {right.resource} {right.name}.*kafka-acls"
            ), worker.tail()
            await users.guarded.give("worker", [right])
            worker.start_again()
            await worker.ready()
            await all_is_right(users.administrator, users.administrator_environment, events)
            assert await worker.stop() == 0


@pytest.mark.timeout(stretched(120))
async def test_a_right_that_merges_alone_take_is_named_by_the_first_merge(users: Users, tmp_path: Path) -> None:
    right = users.right("worker", ("WRITE", "topic", "{bank}customers"))
    await users.guarded.take("worker", right)
    async with Events(users.administrator) as events:
        with Workers(users.environment["worker"], tmp_path) as workers:
            worker = workers.start("w1", CLOSELY)
            await worker.ready()
            await events.balance("C2", 1)
            await events.balance("C1", 600_000)
            await events.settle()
            await applied(users.administrator)
            await events.action("C1", "merge", into="C2")
            assert await worker.ended(20) == NEEDS_A_PERSON, worker.tail()
            assert worker.says(rf"worker ends: .*needs WRITE on topic {right.name}"), worker.tail()
            await users.guarded.give("worker", [right])
            worker.start_again()
            await worker.ready()
            await until(partial(is_in, users.administrator, "C2", "mid"), 20, "the other id has the tier of both")
            await audit_is_clean(users.administrator_environment)
            assert await worker.stop() == 0


async def is_in(settings: Settings, customer: str, tier: str) -> bool:
    return (await read_changes(settings)).tiers().get(customer) == tier


async def keep_sending(events: Events) -> None:
    number = 0
    while True:
        number += 1
        await events.balance(f"C{number % 40}", 100_000 * (number % 60))
        await events.settle()
        await asyncio.sleep(0.05)


@pytest.mark.timeout(stretched(120))
@pytest.mark.parametrize("named", OF_DELIVER if ALL else OF_DELIVER[:1], ids=" ".join)
async def test_deliver_names_it_and_nothing_is_lost(users: Users, named: Named, tmp_path: Path) -> None:
    right = users.right("deliver", named)
    refused = {"C2"} if right.name == users.administrator.parked_topic else set()
    async with Endpoint(lambda request: 400 if request.customer in refused else 204) as endpoint:
        file = config(tmp_path, ("crm", endpoint.url, "tries = 1"))
        async with Delivery(users.environment["deliver"], file, code=CLOSELY_DELIVERED) as delivery:
            await delivery.ready()
            await produce(users.administrator, [change("C1", 1)])
            await until(lambda: endpoint.accepted, 20, "it delivers")
            await users.guarded.take("deliver", right)
            await produce(users.administrator, [change("C1", 2), change("C2", 1), change("C3", 1)])
            assert await asyncio.to_thread(delivery.process.wait, stretched(20)) == NEEDS_A_PERSON, delivery.said
            assert f"{right.operation} on {right.resource} {right.name}" in delivery.said
            await users.guarded.give("deliver", [right])
            refused.clear()
            delivery.start_again()
            await delivery.ready()
            await until(lambda: {"C1:1", "C1:2", "C2:1", "C3:1"} <= set(endpoint.ids()), 20, "all is delivered")
            assert await delivery.end() == 0
