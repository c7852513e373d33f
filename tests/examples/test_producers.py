"""examples/producers, on the real broker: each booking arrives, in order, under an id that stays."""

import asyncio
import json
import os
import runpy
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from streams.contracts.decode import decode
from streams.kafka.partitioner import partition_of
from streams.policy.compile.load import load_policy
from streams.settings import Settings, policy_folder
from streams.values.events import BALANCES, TRANSACTIONS, Balance, Transaction
from tests.support.patience import stretched, wait_until
from tests.support.worker_processes import PARTITIONS, read

PRODUCERS = Path(__file__).parents[2] / "examples/producers"
STANDARD = load_policy((policy_folder() / "standard.toml").read_text())
TOPICS = {"balances": BALANCES, "transactions": TRANSACTIONS}
BOOKINGS = 2_000
CUSTOMERS = 7
OUTBOX = """
CREATE TABLE IF NOT EXISTS bookings (id INTEGER PRIMARY KEY, customer_id TEXT, account_id TEXT, type TEXT,
    amount TEXT, balance TEXT, currency TEXT, booked_at TEXT, sent INTEGER NOT NULL DEFAULT 0)
"""


def booking(number: int) -> tuple[Any, ...]:
    at = f"2026-11-24T{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}+08:00"
    customer = f"客戶{number % CUSTOMERS}"
    return number, customer, f"A-{customer}", "deposit", "0.1000", f"{number}.30", "TWD", at


def booked(store: Path) -> None:
    with closing(sqlite3.connect(store)) as outbox, outbox:
        outbox.execute(OUTBOX)
        rows = map(booking, range(1, BOOKINGS + 1))
        outbox.executemany("INSERT INTO bookings VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)", rows)


def sent(store: Path) -> int:
    with closing(sqlite3.connect(store, timeout=30)) as outbox:
        return int(outbox.execute("SELECT sum(sent) FROM bookings").fetchone()[0])


def test_the_events_are_such_as_tierflow_takes() -> None:
    with closing(sqlite3.connect(":memory:")) as outbox:
        outbox.row_factory = sqlite3.Row
        outbox.execute(OUTBOX)
        outbox.execute("INSERT INTO bookings VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)", booking(7))
        events = runpy.run_path(str(PRODUCERS / "producer.py"))["events"](*outbox.execute("SELECT * FROM bookings"))
    found = {
        topic: decode(TOPICS[topic], event["customer_id"].encode(), json.dumps(event).encode(), STANDARD)
        for topic, event in events
    }
    moved, holds = found["transactions"], found["balances"]
    assert isinstance(moved, Transaction)
    assert isinstance(holds, Balance)
    assert (moved.event_id, moved.amount_e4, holds.balance_e4) == ("core-7", 1_000, 73_000)


def python(_: Path) -> list[str]:
    return [sys.executable, str(PRODUCERS / "producer.py")]


def java(folder: Path) -> list[str]:
    for program in ("java", "mvn"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is missing")
    shutil.copytree(PRODUCERS / "java", folder)
    build = ["mvn", "-q", "-B", "package", "dependency:copy-dependencies", "-DincludeScope=runtime"]
    subprocess.run(build, cwd=folder, check=True, timeout=stretched(300))
    return ["java", "-cp", f"{folder}/target/classes:{folder}/target/dependency/*", "Producer"]


@pytest.mark.soak
@pytest.mark.parametrize("build", [python, java])
def test_each_booking_arrives_though_the_producer_is_killed(
    build: Callable[[Path], list[str]],
    settings: Settings,
    environment: Mapping[str, str],
    tmp_path: Path,
    running: list[subprocess.Popen[bytes]],
) -> None:
    command, store = build(tmp_path / "producer"), tmp_path / "core.db"
    booked(store)
    own = {**os.environ, **environment, "PRODUCER_OUTBOX": str(store)}

    def start() -> subprocess.Popen[bytes]:
        running.append(subprocess.Popen(command, env=own, cwd=tmp_path))
        return running[-1]

    first = start()
    wait_until(lambda: sent(store), 60, "the first one sends")
    first.send_signal(signal.SIGKILL)
    first.wait()
    second = start()
    wait_until(lambda: sent(store) == BOOKINGS, 60, "all bookings are sent")
    second.send_signal(signal.SIGTERM)
    assert second.wait(stretched(20)) in {0, 128 + signal.SIGTERM}
    for topic in TOPICS:
        check(topic, asyncio.run(read(settings, settings.input_topic(topic))))


def check(topic: str, records: list[Any]) -> None:
    """What is on an input: each booking, of a customer in order; what came twice as it was, soon enough to be known."""
    by_customer: dict[bytes, list[str]] = defaultdict(list)
    values: dict[str, set[bytes]] = defaultdict(set)
    for record in records:
        event: Any = decode(TOPICS[topic], record.key, record.value, STANDARD)
        assert record.partition == partition_of(record.key, PARTITIONS, "murmur2")
        by_customer[record.key].append(event.event_id)
        values[event.event_id].add(record.value)
    assert values.keys() == {f"core-{number}" for number in range(1, BOOKINGS + 1)}
    assert {len(same) for same in values.values()} == {1}
    for ids in by_customer.values():
        numbers = [int(one.removeprefix("core-")) for one in dict.fromkeys(ids)]
        assert numbers == sorted(numbers)
        again = [place - ids.index(one) for place, one in enumerate(ids) if one in ids[:place]]
        assert all(distance < 64 for distance in again)
