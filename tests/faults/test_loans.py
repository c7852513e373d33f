"""Loan applications beside what was sent before them: no decision as if nothing were known of the customer."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from streams.bench.feed import Feed
from streams.bench.workload import InputRecord
from streams.settings import Settings, policy_folder
from streams.values.events import BALANCES
from tests.support.worker_processes import (
    PARTITIONS,
    TIERFLOW,
    Workers,
    applied,
    audit_is_clean,
    now_ms,
    read,
    read_opened,
    until,
)

CUSTOMERS = 400
NINE = "2026-11-24T09:00:00+08:00"
TWELVE_PAST = "2026-11-24T09:12:00+08:00"
FLOOD_PER_S = 5_000
FLOODING = FLOOD_PER_S // 20  # customers


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    return {**environment, "TIERFLOW_POLICY": str(policy_folder() / "standard.toml")}


def lines() -> Iterator[dict[str, Any]]:
    """A loan of 09:12 and a balance of 09:00 a customer. The loans arrive first: topics have no order."""
    for number in range(CUSTOMERS):
        loan = {"event_id": f"l{number}", "loan_id": f"{number}", "amount": "1000000", "applied_at": TWELVE_PAST}
        yield {"topic": "bank.loans", "value": {**common(number), **loan}}
    for number in range(CUSTOMERS):
        balance = {"event_id": f"b{number}", "account_id": "A", "balance": "6000000", "as_of": NINE}
        yield {"topic": "bank.balances", "value": {**common(number), **balance}}


def common(number: int) -> dict[str, Any]:
    return {"customer_id": f"L{number:05d}", "currency": "TWD"}


async def loaded(environment: Mapping[str, str], folder: Path) -> None:
    file = folder / "pairs.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines()))
    command = [TIERFLOW, "load", "events", str(file)]
    process = await asyncio.create_subprocess_exec(*command, env=dict(environment), stdout=subprocess.DEVNULL)
    assert await process.wait() == 0


@asynccontextmanager
async def flood(settings: Settings) -> AsyncIterator[None]:
    """FLOOD_PER_S balances of others, while the block runs."""

    async def send() -> None:
        async with Feed(settings, PARTITIONS) as feed:
            for number in range(1_000_000):
                records = []
                for each in range(FLOODING):
                    customer = f"F{each:05d}"
                    fields = {"account_id": "A", "balance": each, "currency": "TWD", "as_of": now_ms()}
                    value = {"event_id": f"f{number}-{each}", "customer_id": customer, **fields}
                    records.append(InputRecord(BALANCES, customer.encode(), json.dumps(value).encode()))
                await feed.send(records)
                await asyncio.sleep(0.05)

    sending = asyncio.create_task(send())
    try:
        yield
    finally:
        sending.cancel()
        await asyncio.wait([sending])


async def all_are_known(settings: Settings) -> None:
    decisions = [json.loads(record.value) for record in await read_opened(settings, "risk")]
    of_ours = [decision for decision in decisions if decision["customer_id"].startswith("L")]
    assert len(of_ours) == CUSTOMERS
    wrong = [decision["id"] for decision in of_ours if (decision["customer"], decision["tier"]) != ("known", "high")]
    assert not wrong, f"{len(wrong)} of {CUSTOMERS} loans were decided as if nothing were known: {wrong[:3]}"


async def test_loans_loaded_with_balances_into_an_idle_worker(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path
) -> None:
    # What is loaded may stand still for a second on a busy machine.
    with Workers({**environment, "TIERFLOW_LOAN_WAIT_MS": "4000"}, tmp_path) as workers:
        await workers.start().ready()
        await loaded(environment, tmp_path)
        await applied(settings)
        await all_are_known(settings)
        await audit_is_clean(environment)


@pytest.mark.soak
async def test_loans_loaded_with_balances_beside_a_flood(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path
) -> None:
    with Workers(environment, tmp_path) as workers:
        await workers.start().ready()
        async with flood(settings):

            async def is_flowing() -> bool:
                return len(await read(settings, settings.output_topic("changes"))) >= FLOODING

            async def all_are_decided() -> bool:
                return len(await read(settings, settings.output_topic("risk"))) >= CUSTOMERS

            await until(is_flowing, 20, "the flood flows")
            await loaded(environment, tmp_path)
            await until(all_are_decided, 60, "all loans are decided")
        await applied(settings, within_s=120)
        await all_are_known(settings)
        await audit_is_clean(environment)
