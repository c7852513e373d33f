import asyncio
import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from streams.errors import UsageError
from streams.kafka.partitioner import partition_of
from streams.kafka.topics import partition_count
from streams.load.events import read_waves
from streams.load.produce import Sent, Wave, produce
from streams.settings import Settings
from streams.values.events import BALANCES, TOPICS
from tests.support.patience import stretched

COMMAND = Path(sys.executable).with_name("tierflow")


def write_lines(path: Path, *lines: object) -> Path:
    path.write_text("".join(line if isinstance(line, str) else json.dumps(line) + "\n" for line in lines))
    return path


def balance(customer: str, number: int) -> dict[str, object]:
    return {"topic": "bank.balances", "value": {"event_id": f"b{number}", "customer_id": customer}}


def waves_of(path: Path) -> Iterator[Wave]:
    with path.open("rb") as file:
        yield from read_waves(file, path.name)


def load(settings: Settings, path: Path) -> Sent:
    return asyncio.run(produce(settings, waves_of(path), lambda _: None))


async def _records(settings: Settings) -> list[ConsumerRecord]:
    partitions = await partition_count(settings, settings.input_topic("balances"))
    tps = [TopicPartition(topic, partition) for topic in settings.input_topics() for partition in range(partitions)]
    consumer = AIOKafkaConsumer(**settings.client_options(), auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign(tps)
        ends = await consumer.end_offsets(tps)
        found: list[ConsumerRecord] = []
        for tp in tps:
            consumer.seek(tp, 0)
        while len(found) < sum(ends.values()):
            for records in (await consumer.getmany(timeout_ms=1000)).values():
                found += records
        return found
    finally:
        await consumer.stop()


def records_of(settings: Settings) -> list[ConsumerRecord]:
    return asyncio.run(asyncio.wait_for(_records(settings), stretched(30)))


def test_every_event_arrives_with_its_key_partition_and_bytes(settings: Settings, tmp_path: Path) -> None:
    value = '{"customer_id":  "C1", "amount": 0.10, "note": "\\u674e李"}'
    path = write_lines(
        tmp_path / "events.jsonl",
        *(f'{{"topic": "bank.{name}", "value": {value}}}\n' for name in TOPICS),
        '\n{"topic": "bank.credit", "value": {"customer_id": 5}}',
    )
    assert load(settings, path).events == 6
    assert sorted((r.topic, r.partition, r.key, r.value) for r in records_of(settings)) == sorted(
        [
            *((topic, partition_of(b"C1", 4, "murmur2"), b"C1", value.encode()) for topic in settings.input_topics()),
            (settings.input_topic("credit"), 0, None, b'{"customer_id": 5}'),
        ]
    )


@pytest.mark.parametrize("partitioner", ["murmur2", "crc32", "none"])
def test_order_holds_within_a_partition_over_many_waves(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, partitioner: str
) -> None:
    monkeypatch.setattr("streams.load.events.CHUNK_BYTES", 20_000)
    settings = replace(settings, partitioner=partitioner)
    lines = [balance(f"C{number % 50}", number) for number in range(3_000)]
    assert load(settings, write_lines(tmp_path / "events.jsonl", *lines)).events == 3_000
    by_partition: defaultdict[int, list[int]] = defaultdict(list)
    for record in records_of(settings):
        assert record.partition == partition_of(record.key, 4, partitioner)
        by_partition[record.partition].append(int(json.loads(record.value)["event_id"][1:]))
    assert all(numbers == sorted(numbers) for numbers in by_partition.values())
    assert sum(map(len, by_partition.values())) == 3_000


def test_what_stands_before_a_wrong_line_is_sent_and_nothing_after_it(settings: Settings, tmp_path: Path) -> None:
    path = write_lines(
        tmp_path / "events.jsonl", balance("C1", 1), balance("C2", 2), "\n", {"topic": "bank.nothing"}, balance("C3", 3)
    )
    with pytest.raises(UsageError, match=r"^events\.jsonl, line 4: .*`value`.* \(2 events before it were sent\)$"):
        load(settings, path)
    assert sorted(record.key for record in records_of(settings)) == [b"C1", b"C2"]


def test_an_event_that_the_broker_refuses_is_said(settings: Settings) -> None:
    waves = iter([Wave([(BALANCES, b"C1", b"{}")], 0), Wave([(BALANCES, b"C1", b"x" * 2_000_000)], 0)])
    with pytest.raises(UsageError, match=r"^Kafka took 1 events and refused what came next \(MessageSizeTooLarge"):
        asyncio.run(produce(settings, waves, lambda _: None))


def test_the_command_makes_the_topics_reads_standard_input_and_says_what_it_sent(environment: dict[str, str]) -> None:
    lines = "".join(json.dumps(balance(f"C{number}", number)) + "\n" for number in range(3))
    command = [COMMAND, "load", "events", "-"]
    done = subprocess.run(command, input=lines, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("sent 3 events in ")
    assert done.stderr == ""
    assert len(records_of(Settings.from_environment(environment, dotenv=None))) == 3


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("events", "missing.jsonl"), "tierflow: missing.jsonl cannot be read: No such file or directory"),
        (("events", "."), "tierflow: . cannot be read: Is a directory"),
        (("berka", "."), "tierflow: there is no trans.asc, nor a trans.asc.gz"),
    ],
)
def test_a_missing_file_is_named(tmp_path: Path, arguments: tuple[str, ...], complaint: str) -> None:
    done = subprocess.run(
        [COMMAND, "load", *arguments], cwd=tmp_path, env=dict(os.environ), capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith(complaint)


@pytest.mark.parametrize("chunk_bytes", [1, 7, 1 << 20])
def test_lines_are_the_same_whatever_arrives_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk_bytes: int
) -> None:
    monkeypatch.setattr("streams.load.events.CHUNK_BYTES", chunk_bytes)
    path = write_lines(
        tmp_path / "events.jsonl", balance("C1", 1), "\n", balance("C2", 2), json.dumps(balance("C3", 3))
    )
    waves = list(waves_of(path))
    assert [event.key for wave in waves for event in wave.events] == [b"C1", b"C2", b"C3"]
    assert sum(wave.progress for wave in waves) == path.stat().st_size


def test_a_file_without_line_ends_is_refused_before_it_fills_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.load.events.LINE_LIMIT_BYTES", 1 << 20)
    path = tmp_path / "binary"
    path.write_bytes(b"\n" + b"x" * (3 << 20))
    with pytest.raises(UsageError, match="binary, line 2: longer than 1 MiB"):
        list(waves_of(path))
