"""A group whose coordinator is not ready is no group that has committed nothing."""

from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupAuthorizationFailedError, GroupLoadInProgressError
from aiokafka.protocol.commit import OffsetFetchRequest

from streams.kafka.group_offsets import group_offsets
from streams.kafka.offsets import InputOffsets
from streams.settings import Settings
from tests.support.batches import NUMBER, batches, group_comes_to, started


def answers_of_the_whole_group(patch: pytest.MonkeyPatch, *error_codes: int) -> None:
    """The broker's next answers are as of a group about which it says only this, as Kafka does from version 2 on."""
    real, left = AIOKafkaAdminClient._send_request, list(error_codes)

    async def send(self: Any, request: Any, node_id: int | None = None) -> Any:
        response = await real(self, request, node_id)
        if isinstance(request, OffsetFetchRequest) and left:
            response.topics, response.error_code = [], left.pop(0)
        return response

    patch.setattr(AIOKafkaAdminClient, "_send_request", send)


async def committed(settings: Settings) -> dict[TopicPartition, int]:
    tps = [TopicPartition(topic, NUMBER) for topic in settings.input_topics()[:2]]
    return await group_offsets(settings.client_options(), settings.app_id, tps)


async def test_a_group_without_offsets_has_none(settings: Settings) -> None:
    assert await committed(settings) == {}


async def test_a_coordinator_that_loads_a_group_is_asked_again(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with started(settings) as ours:
        await ours.commit(batches(settings).next())
    await group_comes_to(settings, settings.input_topics(), [1, 0, 0, 0, 0])
    answers_of_the_whole_group(monkeypatch, *[GroupLoadInProgressError.errno] * 3)
    balances, other = (TopicPartition(topic, NUMBER) for topic in settings.input_topics()[:2])
    assert await committed(settings) == {balances: 1, other: 0}


async def test_what_does_not_heal_is_raised_at_once(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    answers_of_the_whole_group(monkeypatch, GroupAuthorizationFailedError.errno)
    with pytest.raises(GroupAuthorizationFailedError):
        await committed(settings)


async def test_a_coordinator_that_never_is_ready_is_said(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    answers_of_the_whole_group(monkeypatch, *[GroupLoadInProgressError.errno] * 9)
    with pytest.raises(GroupLoadInProgressError):
        await InputOffsets(settings.client_options(), settings.app_id, settings.input_topics()).committed(NUMBER)
