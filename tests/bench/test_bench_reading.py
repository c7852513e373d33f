"""What the benchmarks read: events that could not be used are no measurement."""

from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from streams.bench.due import pinned_sample
from streams.bench.reading import refuse_written_dead_letters
from streams.bench.stand import Stand
from streams.contracts.log import encode_json
from streams.contracts.outputs import DeadLetterMessage
from streams.contracts.packing import unpack_header
from streams.errors import UsageError
from streams.settings import Settings, policy_folder, read_policy_file

LETTER = DeadLetterMessage(
    topic="bank.balances",
    partition=0,
    offset=1,
    key_base64=None,
    value_base64=None,
    reason="unknown_currency",
    detail="the policy has no rate for CNY",
    at="2026-11-24T09:30:00+08:00",
)


def stand_on(settings: Settings, folder: Path) -> Stand:
    return Stand(settings, {}, read_policy_file(policy_folder() / "assets-only.toml", "--policy"), 4, folder)


async def test_dead_letters_are_refused_with_their_reason(settings: Settings, tmp_path: Path) -> None:
    on = stand_on(settings, tmp_path)
    await refuse_written_dead_letters(on)
    producer = AIOKafkaProducer(**settings.client_options())
    await producer.start()
    await producer.send_and_wait(settings.output_topic("dead-letters"), encode_json(LETTER))
    await producer.stop()
    with pytest.raises(UsageError, match=r"unknown_currency 1.*no rate for CNY"):
        await refuse_written_dead_letters(on)


def test_the_whole_crowd_falls_due_at_the_instant(environment: dict[str, str], tmp_path: Path) -> None:
    on = stand_on(Settings.from_environment(environment, dotenv=None), tmp_path)
    until_ms = 4_102_444_800_000
    assert {unpack_header(packed).due_ms for packed in pinned_sample(on, until_ms)} == {until_ms}
