"""A Kafka that is away for longer than anybody would try: said once, waited for, and gone on from by itself."""

import asyncio
import json
from pathlib import Path

from aiohttp import ClientSession, ClientTimeout

from streams.kafka.local import free_port
from streams.kafka.topics import ensure_topics
from tests.support.deliveries import Delivery, config
from tests.support.event_flow import flowing
from tests.support.own_broker import OwnBroker
from tests.support.patience import stretched, until
from tests.support.worker_processes import PARTITIONS, SOAK, Events, Workers, all_is_right

# Processes that notice an outage sooner, once a file says that there is one: on a busy machine a broker that is there
# may be silent for a second, too. Their transactions outlast it: one that is given up while the broker comes back is
# told.
HASTY = """
import sys
from pathlib import Path
from threading import Thread
from time import sleep
from streams.kafka import contact, refusals, transactional
def look():
    usual = contact.SILENT_AFTER_S, refusals.ANSWER_WITHIN_S
    while True:
        contact.SILENT_AFTER_S, refusals.ANSWER_WITHIN_S = (1.0, 0.5) if Path({outage!r}).exists() else usual
        sleep(0.02)
if {hasty}:
    contact.LOOK_EVERY_S, transactional.DEADLINE_S = 0.2, 600.0
    Thread(target=look, daemon=True).start()
sys.argv = {command}
from streams.cli.main import run
run()
"""
AWAY_S = 150.0 if SOAK else 0.0


def hasty(outage: Path, *command: str) -> str:
    return HASTY.format(hasty=not SOAK, outage=str(outage), command=["tierflow", *command])


async def get(url: str) -> tuple[int, str]:
    async with ClientSession(timeout=ClientTimeout(total=stretched(5))) as session, session.get(url) as response:
        return response.status, await response.text()


async def answers(address: str, status: int, text: str) -> bool:
    found = await get(f"{address}/readyz")
    return found[0] == status and text in found[1]


def said_of_kafka(log: str) -> list[str]:
    """All warnings, and what else is said of Kafka; not what becomes of endpoints, which are not there."""
    lines = [json.loads(line) for line in log.splitlines()]
    said = [line["message"] for line in lines if line["level"] != "info" or "Kafka" in line["message"]]
    return [message.partition(" at ")[0].partition(", after")[0] for message in said if "endpoint" not in message]


async def test_an_outage_is_a_line_at_its_beginning_and_one_at_its_end(own: OwnBroker, tmp_path: Path) -> None:
    await ensure_topics(own.settings, PARTITIONS)
    port = free_port()
    file = config(tmp_path, *((name, "http://127.0.0.1:1/", "") for name in ("crm", "mail")))
    outage, command = tmp_path / "outage", ("deliver", "--config", str(file), "--metrics-port", str(port))
    with Workers(own.environment, tmp_path) as workers:
        worker = workers.start("w1", hasty(outage, "worker"))
        async with Delivery(own.environment, file, code=hasty(outage, *command)) as delivery:
            await asyncio.gather(worker.ready(), delivery.ready(2))
            [(address,)] = worker.says(r"ready at (http://[^,\s\"]+)")
            async with Events(own.settings) as events:
                async with flowing(events):
                    await asyncio.sleep(1.0)
                    own.kill() if SOAK else own.freeze()
                    outage.touch()
                    await until(
                        lambda: answers(address, 503, f"no Kafka answers at {own.settings.bootstrap_servers}"),
                        30,
                        "it is told",
                    )
                    await asyncio.sleep(AWAY_S)
                    await until(lambda: is_shown(address, f"http://127.0.0.1:{port}"), 10, "the metrics show it")
                    assert (await get(f"{address}/healthz"))[0] == 200
                    outage.unlink()
                    await asyncio.to_thread(own.start if SOAK else own.thaw)
                    await until(lambda: answers(address, 200, "ready"), 30, "the worker goes on")
                await all_is_right(own.settings, own.environment, events)
            assert (worker.process.poll(), delivery.process.poll()) == (None, None)
            for log in (worker.log.read_text(), delivery.said):
                assert said_of_kafka(log) == ["no Kafka answers", "Kafka answers again"]
                assert "exception" not in log


async def is_shown(worker: str, delivery: str) -> bool:
    shown = (await get(f"{worker}/metrics"))[1], (await get(f"{delivery}/metrics"))[1]
    return (
        "\ntierflow_ready 0.0\n" in shown[0]
        and all("\ntierflow_kafka_reachable 0.0\n" in each for each in shown)
        and "tierflow_lag_records{" not in shown[0]  # nobody knows
        and '\ntierflow_deliver_kafka{endpoint="crm"} 0.0\n' in shown[1]
        and '\ntierflow_deliver_lag_records{endpoint="crm"} NaN\n' in shown[1]
    )
