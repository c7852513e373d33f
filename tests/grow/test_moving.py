"""What moves with a customer, and what the replay of the audit makes of it."""

import json
from collections import deque
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.audit.growth import Held, growths_of, moved, partitions_at_first
from streams.contracts.kept import LaneRecord
from streams.contracts.newest_change import unpack_change
from streams.contracts.outputs import GrownMessage
from streams.contracts.packing import moved_state, unpack_state
from streams.errors import UsageError
from streams.kafka.partitioner import partition_of
from streams.partition.budgets import campaign_of
from streams.partition.customers import Customers
from streams.partition.outputs import sent_to
from streams.partition.setup import PartitionSetup
from streams.partition.work import CHANGES
from streams.settings import Settings
from streams.stages.budgets import budgets_stage
from streams.stages.customers import customers_stage
from streams.values.calendar import NEVER_MS
from streams.values.events import TOPICS
from tests.support.batches import ASSETS_ONLY, AT_MS, CUSTOMER, Line, line

INPUTS = tuple(f"bank.{topic}" for topic in TOPICS)
DAY_MS = 86_400_000
counts = st.integers(1, 9)


def at(packed: Mapping[bytes, bytes], partitions: int) -> dict[int, dict[bytes, bytes]]:
    found: dict[int, dict[bytes, bytes]] = {number: {} for number in range(partitions)}
    for key, state in packed.items():
        found[partition_of(key, partitions, "murmur2")][key] = state
    return found


@given(st.dictionaries(st.binary(max_size=8), st.just(b"{}"), max_size=30), counts, counts)
def test_every_key_is_where_it_belongs_and_none_is_lost(packed: dict[bytes, bytes], before: int, more: int) -> None:
    stage = customers_stage(settings_of(), ASSETS_ONLY, before)._replace(moved=lambda state, _: state)
    held = {number: Held(states, number) for number, states in at(packed, before).items()}
    after = moved(stage, held, before + more)
    assert {number: states for number, (states, _) in after.items()} == at(packed, before + more)
    for number, (states, clock_ms) in after.items():
        own = held[number].clock_ms if number in held else NEVER_MS
        assert clock_ms == max([own, *(partition_of(key, before, "murmur2") for key in states)])


def settings_of(**given: str) -> Settings:
    return Settings.from_environment(given, dotenv=None)


def test_what_is_spent_is_where_its_campaign_is() -> None:
    stage = budgets_stage(settings_of())
    key = b'["gift","2026-11"]'
    assert campaign_of(key) == b"gift"
    assert moved(stage, {number: Held({key: b"{}"} if number == 1 else {}) for number in range(4)}, 8)[5].packed == {
        key: b"{}"
    }


def test_states_that_nobody_can_place_are_not_moved() -> None:
    stage = customers_stage(settings_of(TIERFLOW_PARTITIONER="none"), ASSETS_ONLY, 4)
    with pytest.raises(UsageError, match="customers does not say where its states belong"):
        moved(stage, {0: Held({b"C1": b""})}, 8)


def test_a_moved_change_says_where_it_was_decided() -> None:
    customers = customers_in(0)
    work(customers, line(0), AT_MS)
    [(key, packed)] = customers.packed.items()
    twice = moved_state(moved_state(packed, 3), 7)
    kept = unpack_change(unpack_state(twice), key.decode())
    assert kept is not None
    assert (kept.decided_in, kept.sequence) == (3, 1)
    assert moved_state(packed, 3) == twice


def customers_in(number: int, packed: dict[bytes, bytes] | None = None, clock_ms: int = NEVER_MS) -> Customers:
    setup = PartitionSetup(number, ASSETS_ONLY, "event", INPUTS, "/tierflow/test", lambda _: True)
    return Customers(setup, packed, LaneRecord((0,) * len(TOPICS), 0, clock_ms))


def work(customers: Customers, record: Line, wall_ms: int, topic: int = 0) -> list[dict[str, Any]]:
    """The tier changes that come of one event."""
    entries = customers.decode(topic, [record])
    nexts = list(customers.next_offsets)
    nexts[topic] = record.offset + 1
    done = customers.work(deque(entries), nexts, wall_ms)
    customers.keep(done)
    return [json.loads(message.value or b"") for message in sent_to(done, CHANGES)]


def test_growths_come_in_their_order_and_only_whole() -> None:
    settings = settings_of()
    first = [GrownMessage(before=2, after=3, candidates=number) for number in range(3)]
    second = [GrownMessage(before=3, after=4, candidates=7) for _ in range(4)]
    told = {0: [first[0], second[0]], 1: [first[1], second[1]], 2: [first[2], second[2]], 3: [second[3]]}
    growths = growths_of(settings, told)
    assert [(growth.before, growth.after) for growth in growths] == [(2, 3), (3, 4)]
    assert growths[0].candidates == {0: 0, 1: 1, 2: 2}
    assert [partitions_at_first(growths, number, 4) for number in range(4)] == [2, 2, 3, 4]
    with pytest.raises(UsageError, match="a growth to 4 partitions is under way, or cut off"):
        growths_of(settings, {**told, 3: []})


def test_what_is_due_before_the_clock_of_the_new_place_is_decided_first() -> None:
    """On the event clock: the new place is ten days ahead of where the customer comes from."""
    customers = customers_in(0)
    work(customers, line(0, amount="1"), AT_MS)
    pin = {"event_id": "p", "customer_id": CUSTOMER, "action": "pin", "at": AT_MS + 1, "tier": "high", "reason": "r"}
    pin |= {"until": AT_MS + 5 * DAY_MS, "by": "b"}
    work(customers, Line(0, CUSTOMER.encode(), json.dumps(pin).encode()), AT_MS, TOPICS.index("customers"))
    packed = {key: moved_state(state, 0) for key, state in customers.packed.items()}
    ahead = customers_in(1, packed, AT_MS + 10 * DAY_MS)
    late = line(1, amount="6000000", at_ms=AT_MS + 3 * DAY_MS)
    changes = work(ahead, late, AT_MS + 10 * DAY_MS)
    assert [(change["reason"], change["sequence"]) for change in changes] == [
        ("pin_ended", 3),
        ("correction", 4),
    ]
    decided = [change["decided_at"] for change in changes]
    assert decided == sorted(decided)
