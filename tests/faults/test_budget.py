"""A budget holds across workers: three of them spend it under kill -9, and exactly what it holds is granted."""

import asyncio
import json
import os
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest
from aiokafka import ConsumerRecord, TopicPartition

from streams.partition.budgets import Budgets
from streams.partition.outputs import sent_to
from streams.partition.work import NO_LIMIT
from streams.settings import Settings, policy_folder
from tests.support.patience import stretched
from tests.support.worker_processes import (
    SOAK,
    Events,
    Workers,
    applied,
    audit_is_clean,
    group_offsets,
    read,
    read_opened,
    until,
)

KILLS = int(os.environ.get("TIERFLOW_KILLS", "20" if SOAK else "3"))
GIFTS = 1_000
CUSTOMERS = [f"C{number:05d}" for number in range(5_000 if SOAK else 1_600)]
CAMPAIGNS = """
[[campaigns]]
id = "gift"
kind = "gift"
at_least = "1000"
within_days = 30
budget = { triggers = 1000 }

[[campaigns]]
id = "cash-gift"
kind = "gift"
at_least = "1000"
within_days = 30
amount = "3.50"
hold_out = "0.2"
budget = { amount = "1000" }

[[campaigns]]
id = "cash-back"
kind = "cash_back"
per = "transaction"
types = ["purchase"]
at_least = "1"
rate = "0.01"
budget = { triggers = 100000, amount = "500", per = "year" }
"""


@pytest.mark.timeout(stretched(150 + 25 * KILLS))
async def test_a_thousand_gifts_are_a_thousand_whoever_is_killed(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path
) -> None:
    random = Random(20261124 + KILLS)  # noqa: S311 - repeatable, not secret
    with Workers({**environment, "TIERFLOW_POLICY": str(policy(tmp_path))}, tmp_path) as workers:
        async with Events(settings) as events:
            three = [workers.start(f"w{number}") for number in range(3)]
            await asyncio.gather(*(worker.ready() for worker in three))
            coming = asyncio.create_task(customers_come(events, random))
            for _ in range(KILLS):
                await asyncio.sleep(random.uniform(0.3, 3.0))
                victim = random.choice(three)
                victim.kill()
                await asyncio.sleep(random.uniform(0.0, 1.0))
                victim.start_again()
            await coming
            await asyncio.gather(*(worker.ready() for worker in three))
            await applied(settings)
            candidates = await granted_or_refused(settings)
    triggers = await read_opened(settings, "campaigns")
    assert_within_the_budgets([json.loads(trigger.value) for trigger in triggers])
    assert len(candidates) == len(CUSTOMERS) * 3
    written = await read(settings, settings.output_topic("campaigns"))
    assert sorted(trigger.value for trigger in written) == sorted(granted_by_hand(candidates))
    await audit_is_clean(environment)


def policy(folder: Path) -> Path:
    path = folder / "budgets.toml"
    path.write_text((policy_folder() / "assets-only.toml").read_text() + CAMPAIGNS)
    return path


async def customers_come(events: Events, random: Random) -> None:
    """Each brings a balance and makes a purchase; they come for as long as the workers are killed."""
    some = len(CUSTOMERS) // (KILLS * 100) + 1
    for first in range(0, len(CUSTOMERS), some):
        for customer in CUSTOMERS[first : first + some]:
            await events.balance(customer, random.randrange(1_000, 9_000_000))
            await events.purchase(customer, random.randrange(100, 5_000))
        await events.settle()
        await asyncio.sleep(0.02)


async def granted_or_refused(settings: Settings) -> list[ConsumerRecord]:
    """All candidates, once every one of them is worked."""
    candidates = await read(settings, settings.candidates_topic)
    ends = {TopicPartition(record.topic, record.partition): record.offset + 1 for record in candidates}

    async def reached() -> bool:
        offsets = await group_offsets(settings)
        return all(offsets.get(tp, 0) >= end for tp, end in ends.items())

    await until(reached, 40.0, "all candidates are worked")
    return candidates


def assert_within_the_budgets(triggers: Sequence[Mapping[str, Any]]) -> None:
    ids = Counter(trigger["id"] for trigger in triggers)
    assert max(ids.values()) == 1
    count = Counter((trigger["campaign"], trigger["group"]) for trigger in triggers)
    assert count["gift", "treated"] == GIFTS
    assert count["cash-gift", "treated"] == 285  # of 3.50 in 1,000
    assert count["cash-gift", "held_out"] > 0
    spent = defaultdict[str, Decimal](Decimal)  # by year: a new one may begin meanwhile
    for trigger in triggers:
        if trigger["campaign"] == "cash-back":
            spent[trigger["triggered_at"][:4]] += Decimal(trigger["amount"])
    assert 499 < max(spent.values()) <= 500  # a purchase gives 1 at least, and many more came


def granted_by_hand(candidates: Sequence[ConsumerRecord]) -> list[bytes]:
    """What the budgets grant of the candidates, each partition in its order."""
    granted = []
    for partition in {record.partition for record in candidates}:
        budgets = Budgets()
        theirs = [record for record in candidates if record.partition == partition]
        budgets.work_some(budgets.decode(0, theirs), 0, NO_LIMIT)
        granted += [trigger.value or b"" for trigger in sent_to(budgets.pack([0]), "campaigns")]
    return granted
