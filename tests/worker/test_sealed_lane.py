"""A lane takes over what is sealed, and goes on with it; where a key is missing, it says so and does not guess."""

import base64
from dataclasses import replace
from pathlib import Path

import pytest

from streams.errors import UsageError
from streams.security.master_key import MasterKey
from streams.settings import Settings
from streams.stages.customers import customers_stage
from tests.support.batches import NUMBER, PARTITIONS
from tests.support.fed_lane import running
from tests.support.handmade_logs import START_MS, Writing, balance, customers_of, policy_named

CUSTOMER, OTHER = customers_of(NUMBER, 2)
POLICY = policy_named("assets-only")


async def write(settings: Settings) -> dict[bytes, bytes]:
    """Two customers; gives their states in the clear."""
    async with Writing(settings, "assets-only") as writing:
        writer = await writing.writer(NUMBER)
        await writer.batch([balance("b1", CUSTOMER, "600000"), balance("b2", OTHER, "1", START_MS + 1)])
        return writer.partition.packed


async def test_a_lane_takes_sealed_states_over(sealed_settings: Settings) -> None:
    packed = await write(sealed_settings)
    async with running(sealed_settings, customers_stage(sealed_settings, POLICY, PARTITIONS)) as stand:
        assert stand.lane.partition is not None
        assert stand.lane.partition.packed == packed


def of_another_master(settings: Settings, folder: Path) -> Settings:
    file = folder / "other.key"
    file.write_text(base64.b64encode(b"o" * 32).decode())
    return replace(settings, keys=MasterKey(are_on=True, file=str(file)))


async def test_another_master_key_is_said(sealed_settings: Settings, tmp_path: Path) -> None:
    await write(sealed_settings)
    settings = of_another_master(sealed_settings, tmp_path)
    await refused(settings, "another master key has wrapped the customers' keys; write the master key that workers had")


async def test_a_key_that_is_gone_is_said(sealed_settings: Settings) -> None:
    async with Writing(sealed_settings, "assets-only") as writing:
        await (await writing.writer(NUMBER)).batch([balance("b1", CUSTOMER, "600000")])
        topic = sealed_settings.keys_topic
        await writing.foreign.send_and_wait(topic, None, key=CUSTOMER.encode(), partition=NUMBER)
    await refused(sealed_settings, f"a state is sealed, and its customer has no key; .* restore {topic}, or start with")


async def refused(settings: Settings, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        async with running(settings, customers_stage(settings, POLICY, PARTITIONS)):
            pass
