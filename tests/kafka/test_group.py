"""How long a worker may take itself for a member of its group: from what the coordinator answers."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from aiokafka.errors import (
    GroupCoordinatorNotAvailableError,
    IllegalGenerationError,
    KafkaConnectionError,
    NoError,
    RebalanceInProgressError,
    UnknownMemberIdError,
)
from aiokafka.protocol.group import HeartbeatRequest, LeaveGroupRequest, SyncGroupRequest

from streams.kafka import group
from streams.kafka.group import GroupConsumer

SESSION_S = 6.0
BEAT = HeartbeatRequest("group", 1, "member")
SYNC = SyncGroupRequest("group", 1, "member", None, [])
LEAVE = LeaveGroupRequest("group", "member")


class Clock:
    now = 100.0

    def monotonic(self) -> float:
        return self.now


class Coordinator:
    """Answers with an error's number, after some seconds; or not at all."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.answer: type[Exception] = NoError
        self.takes_s = 0.0

    async def _send_req(self, _: Any) -> Any:
        self._clock.now += self.takes_s
        if self.answer is KafkaConnectionError:
            raise self.answer
        return type("Answer", (), {"error_code": self.answer.errno})  # type: ignore[attr-defined]


@pytest.fixture
async def member(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A consumer that is started, its coordinator, and the clock."""
    clock = Clock()
    monkeypatch.setattr(group, "time", clock)
    consumer = GroupConsumer(session_timeout_ms=int(SESSION_S * 1000))
    coordinator = Coordinator(clock)

    async def connected(_: Any) -> None:
        await asyncio.sleep(0)
        consumer._coordinator = coordinator

    monkeypatch.setattr("aiokafka.AIOKafkaConsumer.start", connected)
    await consumer.start()
    return consumer, coordinator, clock


async def test_membership_lasts_for_the_session_from_when_a_heartbeat_was_sent(member: Any) -> None:
    consumer, coordinator, _ = member
    assert consumer.member_until == 0
    coordinator.takes_s = 2.0
    await coordinator._send_req(SYNC)
    assert consumer.member_until == 100 + SESSION_S
    await coordinator._send_req(BEAT)
    assert consumer.member_until == 102 + SESSION_S


@pytest.mark.parametrize("answer", [GroupCoordinatorNotAvailableError, KafkaConnectionError])
async def test_a_heartbeat_that_is_not_answered_well_prolongs_nothing(member: Any, answer: type[Exception]) -> None:
    consumer, coordinator, clock = member
    await coordinator._send_req(SYNC)
    coordinator.answer = answer
    clock.now += 3
    with suppress(KafkaConnectionError):
        await coordinator._send_req(BEAT)
    assert consumer.member_until == 100 + SESSION_S


async def test_a_group_that_rebalances_holds_its_members(member: Any) -> None:
    consumer, coordinator, clock = member
    coordinator.answer = RebalanceInProgressError
    clock.now += 3
    await coordinator._send_req(BEAT)
    assert consumer.member_until == 103 + SESSION_S


@pytest.mark.parametrize("answer", [UnknownMemberIdError, IllegalGenerationError])
async def test_who_is_not_known_any_more_is_no_member_at_once(member: Any, answer: type[Exception]) -> None:
    consumer, coordinator, _ = member
    await coordinator._send_req(SYNC)
    coordinator.answer = answer
    await coordinator._send_req(BEAT)
    assert consumer.member_until == 0


async def test_who_leaves_is_no_member(member: Any) -> None:
    consumer, coordinator, _ = member
    await coordinator._send_req(SYNC)
    await coordinator._send_req(LEAVE)
    assert consumer.member_until == 0
