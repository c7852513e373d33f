import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from streams.cli.watch import describe
from streams.settings import Settings

COMMAND = Path(sys.executable).with_name("tierflow")
DEADLINE_S = 30


def change(customer: str = "C001", **other: Any) -> bytes:
    told = {
        "id": f"{customer}:3",
        "customer_id": customer,
        "direction": "upgrade",
        "previous_tier": "low",
        "tier": "mid",
        "reason": "threshold_crossed",
        "decided_at": "2026-11-24T09:30:00.125+08:00",
        "value": "512345.00",
        "currency": "TWD",
        "next_tier": {"tier": "high", "missing": "4487655.00"},
        **other,
    }
    return json.dumps(told).encode()


@pytest.mark.parametrize(
    ("value", "line"),
    [
        (
            change(),
            (
                "2026-11-24T09:30:00.125+08:00  C001          low -> mid  512345.00 TWD  threshold_crossed"
                "  4487655.00 more for high"
            ),
        ),
        (
            change(direction="initial", previous_tier=None, tier="high", reason="first_event", next_tier=None),
            "2026-11-24T09:30:00.125+08:00  C001          new -> high  512345.00 TWD  first_event",
        ),
        (
            change("a[red]\x1b[2J", value=None, next_tier=None),
            "2026-11-24T09:30:00.125+08:00  a[red]\\u001b[2J  low -> mid  threshold_crossed",
        ),
        (b"[]", "a record that is no tier change: Expected `object`, got `array`"),
    ],
)
def test_a_change_is_one_line(value: bytes, line: str) -> None:
    assert describe(value).plain == line


async def _write(settings: Settings, values: Sequence[bytes], *, commit: bool) -> None:
    producer = AIOKafkaProducer(**settings.client_options(), transactional_id=f"{settings.app_id}-test")
    await producer.start()
    try:
        await producer.begin_transaction()
        for value in values:
            key = json.loads(value)["customer_id"].encode()
            await producer.send_and_wait(settings.output_topic("changes"), value, key=key)
        await (producer.commit_transaction() if commit else producer.abort_transaction())
    finally:
        await producer.stop()


def write(settings: Settings, *values: bytes, commit: bool = True) -> None:
    asyncio.run(_write(settings, values, commit=commit))


@contextmanager
def watching(environment: dict[str, str], *options: str) -> Iterator[subprocess.Popen[str]]:
    """The command, once it says that it misses nothing any more."""
    with subprocess.Popen(
        [COMMAND, "watch", *options], env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        try:
            assert process.stderr is not None
            assert process.stderr.readline().startswith("watching ")
            yield process
        finally:
            process.kill()


def test_it_follows_committed_changes_from_now_until_ctrl_c(environment: dict[str, str], settings: Settings) -> None:
    write(settings, change("before"))
    with watching(environment) as process:
        write(settings, change("aborted"), commit=False)
        write(settings, change("C7"), change("C7", tier="high"))
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(2)]
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=DEADLINE_S)
    assert [line.split()[1:5] for line in lines] == [["C7", "low", "->", "mid"], ["C7", "low", "->", "high"]]
    assert (process.returncode, rest, errors) == (0, "", "")


def test_json_lines_are_the_records_of_one_customer_up_to_the_limit(
    environment: dict[str, str], settings: Settings
) -> None:
    wanted = [change("C7"), change("C7", tier="high"), change("C7", tier="low")]
    write(settings, wanted[0], change("C8"), wanted[1], wanted[2])
    with watching(environment, "--from-beginning", "--json", "--customer", "C7", "--limit", "2") as process:
        told, errors = process.communicate(timeout=DEADLINE_S)
    assert told.encode().splitlines() == wanted[:2]
    assert (process.returncode, errors) == (0, "")


def test_a_missing_topic_is_said(environment: dict[str, str]) -> None:
    done = subprocess.run([COMMAND, "watch"], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith(f"tierflow: there is no topic {environment['TIERFLOW_OUTPUT_PREFIX']}changes; make")
