"""Bad inputs over a real broker and worker: all are consumed, what cannot be used is kept, and can be sent again."""

import asyncio
import json
import subprocess
from base64 import b64decode
from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer, ConsumerRecord

from streams.kafka.partitioner import partition_of
from streams.policy.compile.load import load_policy
from streams.settings import Settings
from tests.fuzz.classifier import USABLE, Terms, classify
from tests.fuzz.records import Input, inputs
from tests.support.worker_processes import (
    PARTITIONS,
    TIERFLOW,
    Workers,
    applied,
    audit_is_clean,
    dead_letters,
    group_offsets,
    now_ms,
    read,
)

RECORDS = 3_000
CODECS = (None, "gzip", "snappy", "lz4", "zstd")
HEADERS = [("", b""), ("traceparent", b"\xff"), ("文", None)]


async def test_strange_inputs_stop_no_worker_and_are_kept_whole(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path
) -> None:
    # Without erases: dead letters of the erased are not sent again (tests/kafka/test_dead_letters.py).
    drawn = list(islice((one for one in inputs(9, now_ms()) if b"erase" not in (one.value or b"")), RECORDS))
    with Workers(environment, tmp_path) as workers:
        worker = workers.start()
        await worker.ready()
        await _send(settings, drawn)
        await applied(settings)
        sent = await _by_place(settings)
        letters = await dead_letters(settings)
        assert sum((await group_offsets(settings)).values()) == len(sent) == RECORDS
        _check(settings, letters, sent)

        said = await _replay(environment)
        await applied(settings)
        again = await _by_place(settings)
        assert f"sent {len(letters):,} dead letters again" in said
        _check_order(letters, sent, {place: again[place] for place in again.keys() - sent.keys()})
        assert worker.process.poll() is None
        assert await worker.stop() == 0
    await audit_is_clean(environment)


async def _send(settings: Settings, drawn: Iterable[Input]) -> None:
    """Sends inputs in batches of every codec."""
    codec_of = defaultdict(list)
    for number, one in enumerate(drawn):
        codec_of[CODECS[number // 100 % len(CODECS)]].append(one)
    for codec, found in codec_of.items():
        options = settings.client_options() | {"compression_type": codec, "max_request_size": 1 << 20}
        producer = AIOKafkaProducer(**options, linger_ms=5)
        await producer.start()
        try:
            for one in found:
                number = partition_of(one.key or b"", PARTITIONS, "murmur2")
                topic = settings.input_topics()[one.topic]
                await producer.send(topic, one.value, key=one.key, partition=number, headers=HEADERS)
            await producer.flush()
        finally:
            await producer.stop()


async def _by_place(settings: Settings) -> dict[tuple[str, int, int], ConsumerRecord]:
    found = [record for topic in settings.input_topics() for record in await read(settings, topic)]
    return {(record.topic, record.partition, record.offset): record for record in found}


def _check(
    settings: Settings, letters: list[dict[str, Any]], sent: Mapping[tuple[str, int, int], ConsumerRecord]
) -> None:
    """Checks that each unusable input has one letter, with its bytes and a reason that fits, and no other has one."""
    policy = load_policy(settings.policy.read_text(encoding="utf-8"))
    terms = Terms(frozenset(policy.to_value), frozenset(policy.rank), now_ms())
    reasons = {(letter["topic"], letter["partition"], letter["offset"]): letter["reason"] for letter in letters}
    assert len(reasons) == len(letters)
    topics = settings.input_topics()
    for place, record in sent.items():
        allowed = classify(topics.index(record.topic), record.key, record.value, terms).reasons
        by_state = {"reversal_mismatch", "limit_exceeded"} if USABLE in allowed else set()
        assert reasons.get(place, USABLE) in allowed | by_state, (record, allowed)
    for letter in letters:
        record = sent[letter["topic"], letter["partition"], letter["offset"]]
        for name in ("key", "value"):
            kept, raw = letter.get(f"{name}_base64"), getattr(record, name)
            assert (None if kept is None else b64decode(kept)) == raw


async def _replay(environment: Mapping[str, str]) -> str:
    command = [TIERFLOW, "dead-letters", "replay", "--yes"]
    process = await asyncio.create_subprocess_exec(
        *command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=dict(environment)
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    return output.decode()


def _check_order(
    letters: list[dict[str, Any]],
    sent: Mapping[tuple[str, int, int], ConsumerRecord],
    again: Mapping[tuple[str, int, int], ConsumerRecord],
) -> None:
    """Checks that each letter was sent once more, those of a topic and key in the order in which they came first."""
    assert len(again) == len(letters)
    first, second = (_in_order(records) for records in ([sent[_place(one)] for one in letters], again.values()))
    assert json.dumps(first, default=repr, sort_keys=True) == json.dumps(second, default=repr, sort_keys=True)


def _place(letter: Mapping[str, Any]) -> tuple[str, int, int]:
    return letter["topic"], letter["partition"], letter["offset"]


def _in_order(records: Iterable[ConsumerRecord]) -> dict[str, list[bytes | None]]:
    found: dict[str, list[bytes | None]] = defaultdict(list)
    for record in sorted(records, key=lambda one: (one.topic, one.partition, one.offset)):
        found[f"{record.topic} {record.key!r}"].append(record.value)
    return found
