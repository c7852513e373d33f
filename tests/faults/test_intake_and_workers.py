"""From a bank's own topic to tiers: intake and workers are killed together, and all is recomputed from the source."""

import asyncio
import json
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from random import Random

import pytest
from aiokafka import AIOKafkaProducer

from streams.settings import Settings
from tests.support.patience import stretched, until
from tests.support.sources import Core, IntakeProcess
from tests.support.worker_processes import SOAK, Workers, applied, audit_is_clean, read, read_changes, tier_of

KILLS = 20 if SOAK else 2
CUSTOMERS, A_STEP = 60, 400
MAPPING = """
[sources.positions]
topic = "{topic}"
format = "json"

[sources.positions.balances]
event_id = {{ template = "p-{{row.id}}" }}
customer_id = "row.owner"
account_id = "row.account"
balance = {{ path = "row.cents", scale = 2 }}
currency = {{ constant = "TWD" }}
as_of = {{ path = "row.at", unit = "ms" }}
"""


@pytest.mark.timeout(stretched(600 if SOAK else 150))
async def test_tiers_are_those_of_the_source_after_kills_of_intake_and_workers(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path
) -> None:
    core = Core(settings, tmp_path)
    core.mapping.write_text(MAPPING.format(topic=core.topic))
    await core.make()
    random = Random(20261129)  # noqa: S311 - repeatable, not secret
    newest: dict[str, int] = {}
    sent = 0
    with Workers(environment, tmp_path) as workers, ExitStack() as ends:
        crew = [workers.start("w1"), workers.start("w2")]
        pair = [IntakeProcess(environment, tmp_path, name, core.mapping) for name in ("i1", "i2")]
        for process in pair:
            ends.callback(process.discard)
        await asyncio.gather(*(process.ready() for process in [*crew, *pair]))
        for kill in range(KILLS + 1):
            sent = await put(core, random, newest, sent)
            if kill < KILLS:
                for victim in (random.choice(crew), random.choice(pair)):
                    victim.kill()
                    victim.start_again()

        async def all_mapped() -> bool:
            return len(await read(settings, settings.input_topic("balances"))) >= sent

        await until(all_mapped, stretched(90), "all rows are mapped")
        await applied(settings, stretched(90))
    assert len(await read(settings, settings.input_topic("balances"))) == sent
    changes = await read_changes(settings)
    assert changes.tiers() == {customer: tier_of(cents // 100) for customer, cents in newest.items()}
    await audit_is_clean({**environment, "TIERFLOW_SOURCES": str(core.mapping)})


async def put(core: Core, random: Random, newest: dict[str, int], sent: int) -> int:
    """Writes rows; gives how many there are by now."""
    producer = AIOKafkaProducer(**core.settings.client_options(), linger_ms=5)
    await producer.start()
    for number in range(sent, sent + A_STEP):
        owner = f"C{random.randrange(CUSTOMERS)}"
        newest[owner] = random.choice((40_000_00, 700_000_00, 6_000_000_00)) + number
        row = {"id": number, "owner": owner, "account": f"A-{owner}", "cents": newest[owner]}
        value = {"row": {**row, "at": 1_790_000_000_000 + number}}
        await producer.send(core.topic, json.dumps(value).encode(), f"A-{owner}".encode())
    await producer.stop()
    return sent + A_STEP
