"""A history of customers, a growth of the topics, whole or cut off, and what must hold after it."""

import asyncio
import json
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

from aiokafka import TopicPartition

from streams.kafka.partitioner import partition_of
from streams.settings import Settings, policy_folder
from tests.support import worker_processes
from tests.support.commands import Said, tierflow
from tests.support.patience import stretched
from tests.support.worker_processes import (
    Events,
    Worker,
    applied,
    audit_is_clean,
    dead_letters,
    group_offsets,
    now_ms,
    read,
    read_opened,
    until,
)

if TYPE_CHECKING:
    from aiokafka import ConsumerRecord

BEFORE = 4
CUSTOMERS = [f"C{number:05}" for number in range(60)]
NEW = [f"N{number:05}" for number in range(20)]
ERASED, PINNED = CUSTOMERS[7], "P00001"
GIFTS = len(CUSTOMERS) + 11  # more than before the growth, fewer than in all
# What `gift` has spent moves from 4 to 6, or 8, partitions; what `welcome-gift` has spent stays with 8.
CAMPAIGNS = "".join(
    f"""
[[campaigns]]
id = "{name}"
kind = "gift"
at_least = "1000"
within_days = 30
budget = {{ triggers = {GIFTS} }}
"""
    for name in ("gift", "welcome-gift")
)
# Ends as kill -9 would end it, before it commits one transaction more than so many.
_CUT_OFF = """
import os, signal, sys
from streams.cli.main import run
from streams.kafka.transactional import TransactionalProducer

commit, left = TransactionalProducer.commit, int(sys.argv[1])

async def committed(self, fill):
    global left
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
    left -= 1
    return await commit(self, fill)

TransactionalProducer.commit = committed
sys.argv = ["tierflow", "topics", "grow", "--partitions", sys.argv[2]]
run()
"""


def policy(folder: Path) -> str:
    """A policy with two campaigns that have a budget each."""
    path = folder / "gifts.toml"
    path.write_text((policy_folder() / "assets-only.toml").read_text() + CAMPAIGNS)
    return str(path)


async def grown(environment: Mapping[str, str], partitions: int) -> Said:
    arguments = ("topics", "grow", "--partitions", str(partitions))
    return await asyncio.to_thread(tierflow, environment, *arguments, within_s=200.0)


async def is_cut_off(environment: Mapping[str, str], partitions: int, after: int) -> bool:
    """A growth that is killed after so many transactions; False if it came to its end before."""
    command = [sys.executable, "-c", _CUT_OFF, str(after), str(partitions)]

    def run() -> int:
        return subprocess.run(
            command, env=dict(environment), capture_output=True, timeout=stretched(200), check=False
        ).returncode

    return await asyncio.to_thread(run) != 0


async def history(settings: Settings, worker: Worker) -> None:
    """Two changes of each customer, and a pin that ends later; the worker comes to the end, and stops."""
    async with Events(settings) as events:
        await worker.ready()
        for amount in (600_000, 1):
            for customer in CUSTOMERS:
                await events.balance(customer, amount)
            await events.settle()
            await applied(settings)
        await events.balance(PINNED, 1)
        await events.settle()
        await applied(settings)  # first the balance: topics arrive in any order
        await events.action(PINNED, "pin", tier="high", until=now_ms() + 15_000, reason="r", by="b")
        await events.action(ERASED, "erase")
        await events.settle()
        await applied(settings)
        await _granted(settings)
    assert await worker.stop() == 0


async def all_goes_on(settings: Settings, environment: Mapping[str, str], worker: Worker) -> None:
    """A third change of every customer in the right place, budgets that hold, and a clean audit."""
    after = worker_processes.PARTITIONS
    worker.start_again()
    await worker.ready()
    assert worker.holds == set(range(after))
    for customer in (CUSTOMERS[0], CUSTOMERS[2]):  # one of them has moved
        shown = await asyncio.to_thread(_shown, worker, customer)
        assert shown == (await newest_by_place(settings, "current"))[customer, owner(customer, after)]
    async with Events(settings) as events:
        events.sent = 1_000  # other ids than before
        for customer in [*CUSTOMERS, *NEW]:
            await events.balance(customer, 5_000_000)
        await events.settle()
        await applied(settings)
    await _granted(settings)
    await until(lambda: _pin_has_ended(settings), 60, "the pin ends")
    changes = await changes_of(settings)
    unread = {ERASED} if settings.keys.are_on else set()  # what was before cannot be read
    assert {len(changes[customer]) for customer in CUSTOMERS if customer not in unread} == {3}
    assert {changes[customer][-1]["tier"] for customer in [*CUSTOMERS, *NEW]} == {"high"}
    assert [change["reason"] for change in changes[PINNED]] == ["first_event", "pin_set", "pin_ended"]
    triggers = [json.loads(record.value) for record in await read(settings, settings.output_topic("campaigns"))]
    assert Counter(trigger["id"].split(":")[1] for trigger in triggers) == {"gift": GIFTS, "welcome-gift": GIFTS}
    assert await dead_letters(settings) == []
    current = await newest_by_place(settings, "current")
    assert set(current) == {(name, owner(name, after)) for name in [*CUSTOMERS, *NEW, PINNED]}
    assert {value["sequence"] for (name, _), value in current.items() if name in CUSTOMERS} == {3}
    await audit_is_clean(environment)


async def newest_by_place(settings: Settings, output: str) -> dict[tuple[str, int], Any]:
    """The newest value of each customer and partition, without tombstones."""
    found: dict[tuple[str, int], Any] = {}
    for record in await read_opened(settings, output):
        found.pop((record.key.decode(), record.partition), None)
        if record.value is not None:
            found[record.key.decode(), record.partition] = json.loads(record.value)
    return found


def _shown(worker: Worker, customer: str) -> Any:
    """The newest tier change as the worker gives it over HTTP."""
    [[url]] = worker.says(r"ready at ([^,]*),")
    with urlopen(f"{url}/customers/{customer}", timeout=stretched(20)) as answer:  # noqa: S310 - http
        shown = json.load(answer)
    del shown["measures"]
    return shown


def owner(customer: str, partitions: int) -> int:
    return partition_of(customer.encode(), partitions, "murmur2")


async def changes_of(settings: Settings) -> dict[str, list[Any]]:
    """The tier changes by customer, over all partitions: in sequence without gaps, and written in that order."""
    found: dict[str, list[ConsumerRecord]] = defaultdict(list)
    for record in await read_opened(settings, "changes"):
        found[record.key.decode()].append(record)
    changes = {}
    for customer, records in found.items():
        records.sort(key=lambda record: record.timestamp)  # type: ignore[no-any-return]
        changes[customer] = [json.loads(record.value) for record in records]
        numbers = [change["sequence"] for change in changes[customer]]
        assert numbers == list(range(numbers[0], numbers[0] + len(records))), customer
        assert numbers[0] == 1 or (settings.keys.are_on and customer == ERASED)  # what was before cannot be read
        assert all(change["id"] == f"{customer}:{change['sequence']}" for change in changes[customer])
    return changes


async def _pin_has_ended(settings: Settings) -> bool:
    return any(change["reason"] == "pin_ended" for change in (await changes_of(settings)).get(PINNED, ()))


async def _granted(settings: Settings) -> None:
    """Returns when all candidates are granted or refused."""
    candidates = await read(settings, settings.candidates_topic)  # those of now, decided or not
    ends = {TopicPartition(record.topic, record.partition): record.offset + 1 for record in candidates}

    async def reached() -> bool:
        offsets = await group_offsets(settings)
        return all(offsets.get(tp, 0) >= end for tp, end in ends.items())

    await until(reached, 40.0, "all candidates are worked")
