"""Events from the input topics of a real broker: one stream, in the order of their times."""

import asyncio
import json
import os
import random
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer

from streams.partition.outputs import sent_to
from streams.partition.work import CHANGES
from streams.settings import Settings
from streams.simulate import Simulation
from streams.simulate.inputs import read_inputs
from streams.simulate.simulation import InputRecord
from streams.values.events import BALANCES, CREDIT, TOPICS, TRANSACTIONS
from tests.support.histories import PLAIN, STANDARD, History

COMMAND = Path(sys.executable).with_name("tierflow")
NOON = 1_795_492_800_000
DAY_MS = 86_400_000
PARTITIONS = 4


class Placed(History):
    """Records by topic and partition."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[tuple[int, int, bytes | None, bytes | None]] = []
        self.partition = 0

    def raw(self, topic: int, key: bytes | None, value: bytes | None) -> None:
        super().raw(topic, key, value)
        self.records.append((topic, self.partition, key, value))


async def _send(settings: Settings, records: Iterable[tuple[int, int, bytes | None, bytes | None]]) -> None:
    producer = AIOKafkaProducer(**settings.client_options(), enable_idempotence=True)
    await producer.start()
    try:
        for topic, partition, key, value in records:
            await producer.send(settings.input_topics()[topic], value, key=key, partition=partition)
        await producer.flush()
    finally:
        await producer.stop()


async def _send_aborted(settings: Settings, key: bytes, value: bytes, partition: int) -> None:
    producer = AIOKafkaProducer(**settings.client_options(), transactional_id=f"{settings.app_id}-aborted")
    await producer.start()
    try:
        await producer.begin_transaction()
        await producer.send_and_wait(settings.input_topics()[BALANCES], value, key=key, partition=partition)
        await producer.abort_transaction()
    finally:
        await producer.stop()


def read(settings: Settings) -> list[InputRecord]:
    return [event for batch in read_inputs(settings, STANDARD) for event in batch]


def id_of(event: InputRecord) -> str:
    return str(json.loads(event[2] or b"{}").get("event_id"))


def test_nothing_is_there_to_read(settings: Settings) -> None:
    assert read(settings) == []


def test_heads_go_by_time_then_topic_then_partition_and_what_cannot_be_used_waits_for_nobody(
    settings: Settings,
) -> None:
    placed = Placed()
    for partition in (3, 1):
        placed.partition = partition
        placed.transaction(f"C{partition}", "1", NOON, event_id=f"t{partition}")
        placed.balance(f"C{partition}", "1", NOON, event_id=f"b{partition}")
        placed.credit(f"C{partition}", "good", NOON + partition, event_id=f"c{partition}")
        placed.balance(f"C{partition}", "1", NOON - 5, event_id=f"late{partition}")  # comes to the head late
    placed.partition = 2
    placed.raw(CREDIT, b"C2", b'{"event_id": "broken"}')
    placed.raw(TRANSACTIONS, b"C2", None)
    asyncio.run(_send(settings, placed.records))
    assert [id_of(event) for event in read(settings)] == [
        "None",  # of topics that cannot be used, the earlier topic first
        "broken",
        "b1",
        "late1",
        "b3",
        "late3",
        "t1",
        "t3",
        "c1",
        "c3",
    ]


def test_aborted_records_are_none_and_the_end_is_found_behind_them(settings: Settings) -> None:
    placed = Placed()
    placed.balance("C1", "1", NOON)
    asyncio.run(_send(settings, placed.records))
    asyncio.run(_send_aborted(settings, b"C9", b"{}", 0))
    assert [key for _, key, _ in read(settings)] == [b"C1"]


def lively(events: int) -> Placed:
    dice, placed, at = random.Random(7), Placed(), NOON  # noqa: S311 - the same dice every time
    for number in range(events):
        at += dice.randrange(DAY_MS // 20)
        customer = dice.randrange(40)
        placed.partition = customer % PARTITIONS
        when = at - dice.choice([0, 0, 0, 5 * DAY_MS])
        if number % 3:
            placed.transaction(f"C{customer}", str(dice.randrange(3_000_000)), when)
        else:
            placed.balance(f"C{customer}", str(dice.randrange(450_000, 520_000)), when)
    placed.balance("C0", "1", at + 100 * DAY_MS)
    return placed


def told(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_changes_are_those_of_a_file_of_these_events_in_this_order(
    settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    asyncio.run(_send(settings, lively(2_000).records))
    events = read(settings)
    (tmp_path / "plain.toml").write_text(PLAIN.document)
    (tmp_path / "events.jsonl").write_text(
        "".join(f'{{"topic":"bank.{TOPICS[topic]}","value":{(value or b"").decode()}}}\n' for topic, _, value in events)
    )
    found = []
    for source in (["--events", "events.jsonl"], ["--from-kafka"]):
        command = [COMMAND, "simulate", "--policy", "plain.toml", *source]
        path = {"PYTHONPATH": os.environ["PYTHONPATH"]} if "PYTHONPATH" in os.environ else {}
        done = subprocess.run(
            command, cwd=tmp_path, env=environment | path, capture_output=True, text=True, check=False
        )
        found.append(told(done))
    assert found[0] == found[1]
    assert found[1] == [json.loads(value) for _, value, _ in sent_to(Simulation(PLAIN).work(events).work, CHANGES)]
    assert {change["reason"] for change in found[0]} >= {"first_event", "threshold_crossed", "window_moved"}
