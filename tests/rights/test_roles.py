"""Each role does its whole work with exactly the rights of the table (streams/kafka/rights), one after the other."""

import asyncio
import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from aiokafka import AIOKafkaConsumer

from streams.kafka.rights.right import Right, rights_of
from streams.kafka.rights.roles import ROLES
from streams.settings import Settings, policy_folder
from tests.support.commands import Said, tierflow
from tests.support.deliveries import Delivery, config
from tests.support.guarded_broker import GuardedBroker
from tests.support.http_endpoint import Answer, Endpoint, Request
from tests.support.patience import stretched
from tests.support.worker_processes import PARTITIONS, Events, Worker, Workers, applied, now_ms, until

BUDGET = """
[[campaigns]]
id = "gift"
kind = "gift"
at_least = "1000"
within_days = 30
budget = { triggers = 5 }
"""
CUSTOMERS = [f"C{number:03d}" for number in range(40)]
REFUSED = CUSTOMERS[0]


class Bank:
    """All roles around one set of topics, each as a user with the rights of the table."""

    def __init__(self, guarded: GuardedBroker, names: Mapping[str, str], folder: Path) -> None:
        self.policy = folder / "policy.toml"
        self.policy.write_text((policy_folder() / "assets-only.toml").read_text() + BUDGET)
        named = {**names, "TIERFLOW_POLICY": str(self.policy)}
        self.environment = {role: guarded.environment(role, named) for role in ROLES}
        self.settings = {role: Settings.from_environment(each, dotenv=None) for role, each in self.environment.items()}
        self.administrator = Settings.from_environment({**named, **guarded.own.environment}, dotenv=None)
        self._guarded = guarded

    async def give_rights(self) -> None:
        for role, rows in ROLES.items():
            await self._guarded.give(role, rights_of(rows(self.settings[role])))
        await self._guarded.give("reader", [Right("READ", "group", "a-campaign-system")])

    async def succeeds(self, role: str, *arguments: str) -> str:
        """Runs a command as a role; gives what it says."""
        said: Said = await asyncio.to_thread(tierflow, self.environment[role], *arguments)
        assert said.status == 0, (arguments, said)
        return said.out

    async def applied(self) -> None:
        await applied(self.administrator)


@pytest.fixture
async def bank(guarded: GuardedBroker, names: Mapping[str, str], tmp_path: Path) -> Bank:
    made = Bank(guarded, names, tmp_path)
    await made.give_rights()
    return made


def refuse_one(request: Request) -> Answer:
    return 400 if request.customer == REFUSED else 204


@pytest.mark.timeout(stretched(200))
async def test_each_role_does_its_whole_work_with_its_rights(bank: Bank, tmp_path: Path) -> None:
    await bank.succeeds("topics", "topics", "create", "--partitions", str(PARTITIONS))
    await bank.succeeds("policy", "policy", "publish", str(bank.policy), "--yes")
    assert "in force" in await bank.succeeds("policy", "policy", "list")
    async with (
        Endpoint(refuse_one) as endpoint,
        Events(bank.settings["producer"]) as events,
        Delivery(bank.environment["deliver"], config(tmp_path, ("crm", endpoint.url, ""))) as delivery,
    ):
        with Workers(bank.environment["worker"], tmp_path) as workers:
            first = workers.start("w1")
            await first.ready()
            await send_all_kinds(events)
            await bank.applied()
            second = workers.start("w2")
            await until(lambda: first.holds and second.holds, 20, "the second has taken partitions over")
            await both_answer(first, second)
            assert await first.stop() == 0
            for customer in CUSTOMERS[10:20]:
                await events.balance(customer, 9_000_000)
            await events.settle()
            await bank.applied()
            assert await second.stop() == 0
        # More than each customer's first change, and those of ten upgrades.
        await until(lambda: len(endpoint.ids()) >= len(CUSTOMERS) + 10, 20, "the changes are delivered")
        await until(lambda: "is parked" in delivery.said, 20, "one is parked")
        assert await delivery.end() == 0
    await the_outputs_are_read(bank)
    await the_operators_do_theirs(bank, tmp_path)


async def send_all_kinds(events: Events) -> None:
    """Inputs of every topic, one that cannot be used, and deposits that a campaign with a budget takes."""
    for number, customer in enumerate(CUSTOMERS):
        await events.balance(customer, 10_000 * number)
        deposit = {"account_id": "A", "type": "deposit", "amount": "2000", "currency": "TWD", "occurred_at": now_ms()}
        await events.put("transactions", customer, **deposit)
    await events.action(CUSTOMERS[1], "opt_out")
    await events.put("credit", CUSTOMERS[2], standing="poor", as_of=now_ms())
    await events.put("loans", CUSTOMERS[3], loan_id="L1", amount="100", currency="TWD", applied_at=now_ms())
    await events.put("balances", CUSTOMERS[4], raw=b"{")
    await events.settle()


async def both_answer(*workers: Worker) -> None:
    """Each worker answers for every customer: it asks the other one over HTTP."""
    for worker in workers:
        [*_, (url,)] = worker.says(r"ready at (http://[^,]*), partitions")
        for customer in CUSTOMERS[:8]:
            await until(partial(is_answered, f"{url}/customers/{customer}"), 20, f"{worker.name} knows {customer}")


async def is_answered(url: str) -> bool:
    try:
        with await asyncio.to_thread(urlopen, url) as answer:
            return bool(json.load(answer))
    except HTTPError:  # while the partitions are being shared anew
        return False


async def the_outputs_are_read(bank: Bank) -> None:
    said = await bank.succeeds("audit", "audit")
    assert "clean" in said
    assert "for budgets" in said
    assert CUSTOMERS[5] in await bank.succeeds("explain", "explain", CUSTOMERS[5])
    watched = await bank.succeeds("reader", "watch", "--all", "--json", "--from-beginning", "--limit", "45")
    assert len(watched.splitlines()) == 45
    reader = bank.settings["reader"]
    for topic in ("current", "policies"):
        consumer = AIOKafkaConsumer(
            reader.output_topic(topic),
            **reader.client_options(),
            group_id="a-campaign-system",
            auto_offset_reset="earliest",
        )
        async with asyncio.timeout(stretched(20)):
            await consumer.start()
            try:
                await consumer.getone()
                await consumer.commit()
            finally:
                await consumer.stop()


async def the_operators_do_theirs(bank: Bank, folder: Path) -> None:
    await bank.succeeds("topics", "topics", "check")
    await bank.succeeds("simulate", "simulate", "--policy", str(bank.policy), "--from-kafka")
    line = {"topic": "bank.balances", "value": {"event_id": "x", "customer_id": "C999", "account_id": "A"}}
    file = folder / "events.jsonl"
    file.write_text(json.dumps(line) + "\n")
    await bank.succeeds("load", "load", "events", str(file))
    assert "1 dead letter" in await bank.succeeds("dead-letters", "dead-letters", "list")
    assert "sent 1 dead letter again" in await bank.succeeds("replay", "dead-letters", "replay", "--yes")
    assert "parked event" in await bank.succeeds("parked", "deliver", "parked")
    assert "crm" in await bank.succeeds("resend", "deliver", "resend", "--yes")
    async with (
        Endpoint() as endpoint,
        Delivery(bank.environment["deliver"], config(folder, ("crm", endpoint.url, "")), name="d2") as delivery,
    ):
        await until(lambda: endpoint.accepted, 20, "what was parked is delivered")
        assert await delivery.end() == 0
    with Workers(bank.environment["worker"], folder) as workers:
        worker = workers.start("w3")
        await worker.ready()
        await bank.applied()
        assert await worker.stop() == 0
    grown = await bank.succeeds("grow", "topics", "grow", "--partitions", str(2 * PARTITIONS))
    assert "finished" in grown
    with Workers(bank.environment["worker"], folder) as workers:
        worker = workers.start("w4")
        await worker.ready()
        assert await worker.stop() == 0
    assert "clean" in await bank.succeeds("audit", "audit")
