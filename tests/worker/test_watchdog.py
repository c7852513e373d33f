"""What hangs, by the watchdog: the clock is the test's."""

from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    InconsistentGroupProtocolError,
    KafkaError,
    OffsetOutOfRangeError,
    TopicAuthorizationFailedError,
)

from streams.kafka.fetching import FetchingEndedError
from streams.worker import watchdog as module
from streams.worker.watchdog import STALLED_AFTER_S, Contact, Watchdog, why_unreadable

WELL = {"unassigned_since": None, "member_until": float("inf"), "heard_at_s": float("inf"), "trouble": None}
HEARD = Contact(**WELL)


class Time:
    def __init__(self) -> None:
        self.now = 1_000.0

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Time:
    made = Time()
    monkeypatch.setattr(module, "time", made)
    return made


def looks(clock: Time, look: Any, seconds: float) -> list[str]:
    """What is said in so many seconds, a look every five."""
    said = []
    for _ in range(int(seconds / 5)):
        clock.now += 5
        said.append(look())
    return [sentence for sentence in said if sentence is not None]


def lane(**fields: Any) -> Any:
    class Lane(SimpleNamespace):
        __eq__ = object.__eq__
        __hash__ = object.__hash__

    return Lane(**{"title": "partition 3", "progress": 7, "is_busy": True, **fields})


def test_inputs_that_are_read_no_more_are_named_though_no_lane_knows_of_work(clock: Time) -> None:
    reading = {**WELL, "heard_at_s": 0.0, "is_reading": True}
    dog, idle = Watchdog("app"), lane(is_busy=False)
    assert not looks(clock, lambda: dog.look([idle], {}, Contact(**reading)), STALLED_AFTER_S + 5)
    said = looks(clock, lambda: dog.look([idle], {}, Contact(**reading)), 10)
    assert said[0] == "no fetch of the inputs was answered for 60 s, though the brokers answer"


@pytest.mark.parametrize("more", [{"are_away": True}, {"is_reading": False}])
def test_fetches_that_nobody_waits_for_or_can_answer_are_not_missed(clock: Time, more: dict[str, bool]) -> None:
    contact, dog = Contact(**{**WELL, "heard_at_s": 0.0, "is_reading": True, **more}), Watchdog("app")
    assert not looks(clock, lambda: dog.look([], {}, contact), 2 * STALLED_AFTER_S)


def test_fetches_that_are_answered_go_on_for_ever(clock: Time) -> None:
    dog = Watchdog("app")
    assert not looks(
        clock,
        lambda: dog.look([], {}, Contact(**{**WELL, "heard_at_s": clock.now, "is_reading": True})),
        2 * STALLED_AFTER_S,
    )


def test_a_lane_with_work_that_does_not_get_on_is_named(clock: Time) -> None:
    dog, hanging, idle = Watchdog("app"), lane(), lane(title="partition 4", is_busy=False)
    assert not looks(clock, lambda: dog.look([hanging, idle], {}, HEARD), STALLED_AFTER_S + 5)
    said = looks(clock, lambda: dog.look([hanging, idle], {}, HEARD), 10)
    assert said[0] == "partition 3 has work and made no progress for 60 s"


def test_a_lane_that_moves_or_comes_anew_does_not_hang(clock: Time) -> None:
    dog, moving = Watchdog("app"), lane()

    def look() -> str | None:
        moving.progress += int(clock.now) % 50 == 0
        return dog.look([moving], {}, HEARD)

    assert not looks(clock, look, 600)
    assert not looks(clock, lambda: dog.look([lane()], {}, HEARD), 600)


def test_a_task_that_does_not_look_is_named(clock: Time) -> None:
    beats = {"the follower": clock.now}
    dog = Watchdog("app")
    assert not looks(clock, lambda: dog.look([], beats, HEARD), STALLED_AFTER_S + 5)
    assert looks(clock, lambda: dog.look([], beats, HEARD), 5) == ["the follower has not looked for 60 s"]


def test_a_process_that_was_stopped_itself_hangs_nowhere(clock: Time) -> None:
    dog, beats, busy = Watchdog("app"), {"the follower": clock.now}, lane()
    contact = Contact(**{**WELL, "unassigned_since": clock.now})
    for _ in range(5):
        assert not looks(clock, lambda: dog.look([busy], beats, contact), 5)
        clock.now += 300
    beats["the follower"] = clock.now
    busy.progress += 1
    assert not looks(clock, lambda: dog.look([busy], beats, HEARD), 5)


@pytest.mark.parametrize(
    ("trouble", "why"),
    [
        (None, "the brokers do not say why"),
        (GroupAuthorizationFailedError("app"), "needs READ on group app; see deploy/kafka-acls.md, role worker"),
        (InconsistentGroupProtocolError(), "members that are no workers of tierflow"),
        (KafkaError("odd"), "KafkaError: odd"),
    ],
)
def test_no_assignment_for_a_minute_is_said_and_why(clock: Time, trouble: Exception | None, why: str) -> None:
    contact = Contact(**{**WELL, "unassigned_since": clock.now, "trouble": trouble})
    dog = Watchdog("app")
    assert not looks(clock, lambda: dog.look([], {}, contact), STALLED_AFTER_S + 5)
    [said] = looks(clock, lambda: dog.look([], {}, contact), 5)
    assert said.startswith("no partitions were assigned for 60 s: ")
    assert why in said


def test_a_coordinator_that_is_silent_while_others_answer_is_named(clock: Time) -> None:
    dog = Watchdog("app")

    def look() -> str | None:
        return dog.look([], {}, Contact(**{**WELL, "member_until": 0.0, "heard_at_s": clock.now}))

    assert not looks(clock, look, STALLED_AFTER_S + 5)
    [said] = looks(clock, look, 10)[:1]
    assert said.startswith("the coordinator of group app has answered no heartbeat for 60 s, though fetches are")


def test_brokers_that_are_away_are_waited_for(clock: Time) -> None:
    contact = Contact(**{**WELL, "member_until": clock.now + 6, "heard_at_s": clock.now})
    dog = Watchdog("app")
    assert not looks(clock, lambda: dog.look([], {}, contact), 3_600)


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (OffsetOutOfRangeError(), "its records are gone"),
        (TopicAuthorizationFailedError("bank.loans"), "needs READ on topic bank.loans; see deploy/kafka-acls.md"),
        (GroupAuthorizationFailedError("app"), "needs READ on group app"),
        (FetchingEndedError("odd"), "nothing is fetched any more (FetchingEndedError)"),
        (KafkaError("odd"), "the brokers refuse"),
    ],
)
def test_why_an_input_cannot_be_read_on(error: Exception, why: str) -> None:
    assert why in why_unreadable(error, "app")


def test_brokers_that_are_all_away_are_waited_for_without_end(clock: Time) -> None:
    dog, hanging = Watchdog("app"), lane()
    away = Contact(**{**WELL, "unassigned_since": 1.0, "are_away": True})
    assert not looks(clock, lambda: dog.look([hanging], {}, away), 10 * STALLED_AFTER_S)
    assert dog.look([hanging], {"the follower": 0.0}, away) is None
    assert looks(clock, lambda: dog.look([hanging], {"the follower": 0.0}, away), STALLED_AFTER_S + 10)
