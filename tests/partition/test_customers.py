"""Whole batches through a Partition, judged by what is written."""

import base64
import json
from collections import Counter, deque
from collections.abc import Iterable
from datetime import datetime
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.packing import unpack_state
from streams.partition.customers import Customers
from streams.partition.entries import Entry, LargeRecord
from streams.partition.heads import merge_heads
from streams.partition.outputs import sent_to
from streams.partition.work import CHANGES, CURRENT, ERASURES
from streams.policy.compile.load import load_policy
from streams.policy.policy import Policy
from streams.values.calendar import Clock
from streams.values.events import BALANCES, CREDIT, CUSTOMERS, LOANS, TRANSACTIONS
from tests.support import histories
from tests.support.histories import ASSETS_ONLY, DOOMSDAY_MS, INPUTS, PARTITION, PLAIN, STANDARD, History, Line, Outcome
from tests.support.works import counted

DAY_MS = 86_400_000
HOUR_MS = 3_600_000


def at(local: str) -> int:
    return round(datetime.fromisoformat(local).replace(tzinfo=ZoneInfo("Asia/Taipei")).timestamp() * 1000)


NOON = at("2026-11-24T12:00")

# These are about clocks, batches and the log: under standard.toml without grace and protection, a fall comes at once.


def worked(history: History, policy: Policy = PLAIN, sizes: Iterable[int] = (1_000_000,)) -> Outcome:
    return histories.worked(history, policy, sizes)


class Bench(histories.Bench):
    def __init__(self, policy: Policy = PLAIN, clock: Clock = "event", **more: Any) -> None:
        super().__init__(policy, clock, **more)


# --- a change, as it is written ---


def test_a_change_says_all_that_the_contract_asks_for() -> None:
    history = History()
    history.balance("C001", "1", "2026-11-24T09:00:00+08:00")
    history.transaction("C001", "1234500", "2026-11-24T09:15:00+08:00")
    history.balance("C001", "500000", "2026-11-24T09:30:00.125+08:00", event_id="b17")
    changes = worked(history, STANDARD).changes
    assert len(changes) == 2
    strategy = changes[1].pop("strategy")
    digest = changes[1]["policy"].pop("digest")
    assert changes[1] == {
        "id": "C001:2", "customer_id": "C001", "sequence": 2,
        "direction": "upgrade", "previous_tier": "low", "tier": "mid", "earned_tier": "mid",
        "reason": "threshold_crossed", "decided_at": "2026-11-24T09:30:00.125+08:00", "backfill": False,
        "value": "512345.00", "currency": "TWD",
        "components": {"assets": "500000.00", "activity": "12345.00", "credit": "0.00"},
        "conditions": [
            {"measure": "value", "is": "512345.00", "at_least": "500000.00", "tier": "mid", "met": True},
            {"measure": "value", "is": "512345.00", "at_least": "5000000.00", "tier": "high", "met": False},
            {"measure": "standing", "is": "good", "is_not": "default", "tier": "low", "met": True},
        ],
        "next_tier": {"tier": "high", "missing": "4487655.00"},
        "policy": {"name": "standard", "version": 1},
        "cause": {
            "event_id": "b17", "topic": "bank.balances", "partition": PARTITION, "offset": 1,
            "occurred_at": 1795483800125,
        },
        "positions": {"bank.balances": 1, "bank.transactions": 0},
    }  # fmt: skip
    assert digest.startswith("sha256:")
    assert strategy["granted"] == ["time-deposits-and-funds", "online-channels", "mobile-only-products"]
    assert strategy["withdrawn"] == ["simple-processes", "basic-products"]


def test_a_change_bears_the_cloudevents_headers() -> None:
    history = History()
    history.balance("C001", "1", NOON)
    (work,) = worked(history).works
    ((key, _, headers),) = sent_to(work, CHANGES)
    assert key == b"C001"
    assert dict(headers) == {
        "ce_id": b"C001:1",
        "ce_source": b"/tierflow/test",
        "ce_type": b"tierflow.tier.changed.v1",
        "ce_time": b"2026-11-24T12:00:00+08:00",
        "ce_subject": b"C001",
        "ce_specversion": b"1.0",
        "content-type": b"application/json",
    }


def test_the_highest_tier_has_no_next() -> None:
    history = History()
    history.balance("C", "5000000", NOON)
    (change,) = worked(history).changes
    assert (change["tier"], change["next_tier"]) == ("high", None)


def test_the_newest_change_is_the_current_one() -> None:
    history = History()
    for minute, amount in enumerate(["1", "600000", "5000000"]):
        history.balance("C", amount, NOON + minute)
    (work,) = worked(history).works
    assert [json.loads(value)["sequence"] for _, value, _ in sent_to(work, CHANGES)] == [1, 2, 3]
    assert sent_to(work, CURRENT) == sent_to(work, CHANGES)[-1:]


def test_sequences_have_no_gaps() -> None:
    history = History()
    for minute in range(40):
        history.balance(f"C{minute % 3}", "1" if minute % 2 else "600000", NOON + minute)
    for customer in ("C0", "C1", "C2"):
        sequences = [change["sequence"] for change in worked(history).changes if change["customer_id"] == customer]
        assert sequences == list(range(1, len(sequences) + 1))


# --- the clock ---

# 24 Nov       purchase lifts C to mid
# 22 Feb 00:00 it leaves the window: C falls
MIDNIGHT = at("2027-02-22")


def lifted_by_a_purchase() -> History:
    history = History()
    history.balance("C", "499000", NOON - 1)
    history.transaction("C", "100000", NOON)
    return history


def test_what_is_due_is_decided_before_the_event_that_moves_the_clock() -> None:
    history = lifted_by_a_purchase()
    history.balance("C", "600000", MIDNIGHT + HOUR_MS)
    outcome = worked(history)
    assert outcome.told() == [
        ("C:1", "low", "first_event"),
        ("C:2", "mid", "threshold_crossed"),
        ("C:3", "low", "window_moved"),
        ("C:4", "mid", "threshold_crossed"),
    ]
    fall = outcome.changes[2]
    assert (fall["cause"], fall["decided_at"]) == (None, "2027-02-22T00:00:00+08:00")
    # The event that moved the clock was not applied yet when the fall was decided.
    assert fall["positions"] == {"bank.balances": 0, "bank.transactions": 0}
    assert outcome.changes[3]["positions"] == {"bank.balances": 1, "bank.transactions": 0}


def test_due_means_at_or_before() -> None:
    history = lifted_by_a_purchase()
    history.balance("other", "1", MIDNIGHT - 1)
    assert len(worked(history).changes) == 3
    history.balance("other", "1", MIDNIGHT)
    assert worked(history).told()[-1] == ("C:3", "low", "window_moved")


def test_what_is_due_is_decided_in_due_order_and_then_by_customer() -> None:
    history = History()
    for customer, day in (("D", 0), ("A", 1), ("B", 0), ("C", 2)):
        history.balance(customer, "499000", NOON - 1)
        history.transaction(customer, "100000", NOON + day * DAY_MS)
    history.balance("other", "1", NOON + 200 * DAY_MS)
    falls = [change for change in worked(history).changes if change["reason"] == "window_moved"]
    assert [change["customer_id"] for change in falls] == ["B", "D", "A", "C"]
    assert [change["decided_at"][:10] for change in falls] == ["2027-02-22", "2027-02-22", "2027-02-23", "2027-02-24"]


def test_the_event_clock_stops_at_the_last_event() -> None:
    bench = Bench()
    bench.work(lifted_by_a_purchase(), wall_ms=NOON + 900 * DAY_MS)
    bench.batch([], NOON + 999 * DAY_MS)
    assert [change["tier"] for change in bench.outcome.changes] == ["low", "mid"]
    assert bench.outcome.orders[-1]["clock_ms"] == NOON
    assert bench.partition.next_due_ms() == MIDNIGHT


def test_the_event_clock_never_goes_back() -> None:
    history = History()
    history.balance("C", "1", NOON)
    history.balance("C", "600000", NOON - DAY_MS, "b")
    outcome = worked(history)
    assert outcome.orders[-1]["clock_ms"] == NOON
    assert outcome.told()[-1] == ("C:2", "mid", "correction")
    assert outcome.changes[-1]["decided_at"] == "2026-11-24T12:00:00+08:00"
    assert outcome.changes[-1]["cause"]["occurred_at"] == NOON - DAY_MS


@pytest.mark.parametrize("kind", ["credit", "loan", "opt_out", "pin", "erase"])
def test_every_kind_of_event_moves_the_event_clock(kind: str) -> None:
    history = lifted_by_a_purchase()
    match kind:
        case "credit":
            history.credit("other", "good", MIDNIGHT)
        case "loan":
            history.loan("other", "1", MIDNIGHT)
        case "pin":
            history.pin("other", "mid", MIDNIGHT, MIDNIGHT + 1)
        case _:
            history.action("other", kind, MIDNIGHT)
    outcome = worked(history)
    assert ("C:3", "low", "window_moved") in outcome.told()
    assert outcome.orders[-1]["clock_ms"] == MIDNIGHT


def test_a_repeated_event_does_not_move_the_clock() -> None:
    history = lifted_by_a_purchase()
    history.balance("C", "7", NOON + 900 * DAY_MS, event_id="balances-0")
    outcome = worked(history)
    assert [change["tier"] for change in outcome.changes] == ["low", "mid"]
    assert outcome.orders[-1]["clock_ms"] == NOON
    assert counted(outcome.works[0], "events")["bank.balances", "repeated_differently"] == 1


@pytest.mark.parametrize(
    "fields",
    [{"currency": "XXX"}, {"balance": "1,0"}, {"customer_id": "someone else"}, {"event_id": ""}],
    ids=["unknown_currency", "invalid_field", "key_mismatch", "no id"],
)
def test_a_dead_letter_does_not_move_the_clock(fields: dict[str, str]) -> None:
    history = lifted_by_a_purchase()
    history.balance("C", "7", NOON + 900 * DAY_MS, **fields)
    outcome = worked(history)
    assert (len(outcome.dead_letters), outcome.orders[-1]["clock_ms"]) == (1, NOON)


def test_an_event_past_a_limit_changes_nothing_at_all() -> None:
    history = lifted_by_a_purchase()
    for number in range(4):
        history.balance("rich", "99999999999999", NOON, f"a{number}")
    before = worked(history)
    history.balance("rich", "99999999999999", MIDNIGHT + DAY_MS, "one more", event_id="big")
    after = worked(history)
    assert [letter["reason"] for letter in after.dead_letters] == ["limit_exceeded"]
    assert (after.changes, after.packed) == (before.changes, before.packed)
    assert after.orders[-1]["clock_ms"] == NOON
    # It is not remembered: once there is room it is taken.
    history.balance("rich", "0", NOON + 1, "a0")
    history.balance("rich", "99999999999999", NOON + 2, "one more", event_id="big")
    again = worked(history)
    assert len(again.dead_letters) == 1
    assert counted(again.works[0], "events")["bank.balances", "repeated"] == 0


def test_the_wall_clock_decides_what_is_due_before_the_batch() -> None:
    bench = Bench(clock="wall")
    bench.work(lifted_by_a_purchase(), wall_ms=NOON)
    assert sent_to(bench.batch([], MIDNIGHT - 1), CHANGES) == []
    work = bench.batch([], MIDNIGHT + 500)
    ((_, value, _),) = sent_to(work, CHANGES)
    change = json.loads(value)
    assert (change["reason"], change["decided_at"]) == ("window_moved", "2027-02-22T00:00:00+08:00")
    assert bench.outcome.orders[-1]["clock_ms"] == MIDNIGHT + 500
    assert bench.partition.next_due_ms() is None


def test_the_wall_clock_is_not_moved_by_events() -> None:
    history = lifted_by_a_purchase()
    history.balance("C", "499001", NOON + 23 * HOUR_MS)
    outcome = Bench(clock="wall").work(history, wall_ms=NOON + 500)
    assert outcome.orders[-1]["clock_ms"] == NOON + 500
    assert {change["decided_at"] for change in outcome.changes} == {"2026-11-24T12:00:00.500+08:00"}


def test_on_the_wall_clock_an_event_is_late_that_is_older_than_its_customers_newest() -> None:
    bench, history = Bench(clock="wall"), History()
    history.balance("C001", "1", NOON)
    history.balance("C002", "1", NOON + 2000)
    history.balance("C001", "500000", NOON + 1000)
    history.balance("C002", "500000", NOON + 1000, "b")
    changes = bench.work(history, wall_ms=NOON + 3000).changes
    assert [(change["customer_id"], change["reason"]) for change in changes[2:]] == [
        ("C001", "threshold_crossed"),
        ("C002", "correction"),
    ]


def test_a_wall_clock_that_was_put_back_does_not_go_back() -> None:
    bench = Bench(clock="wall")
    bench.work(lifted_by_a_purchase(), wall_ms=NOON + 1_000)
    bench.batch([], NOON - DAY_MS)
    assert bench.outcome.orders[-1]["clock_ms"] == NOON + 1_000


def test_a_transaction_of_tomorrow_counts_from_tomorrow_on_the_wall_clock() -> None:
    history = History()
    history.balance("C", "499000", NOON)
    history.transaction("C", "100000", at("2026-11-25T00:30"))
    bench = Bench(clock="wall")
    assert [change["tier"] for change in bench.work(history, wall_ms=NOON).changes] == ["low"]
    bench.batch([], at("2026-11-25"))
    assert bench.outcome.told()[-1] == ("C:2", "mid", "window_moved")
    bench.batch([], at("2026-11-25") + 90 * DAY_MS)
    assert bench.outcome.told()[-1] == ("C:3", "low", "window_moved")


# --- the order of a partition ---


def test_at_equal_times_topics_have_their_order() -> None:
    history = History()
    history.pin("C", "high", NOON, NOON + DAY_MS)
    history.loan("C", "1", NOON)
    history.credit("C", "poor", NOON)
    history.transaction("C", "5", NOON)
    history.balance("C", "1", NOON)
    history.balance("C", "2", NOON)
    partition = Bench().partition
    queues = [deque(partition.decode(topic, lines)) for topic, lines in enumerate(history.topics)]
    merged = merge_heads(queues, frozenset(), 100)
    assert [entry.topic for entry in merged] == [BALANCES, BALANCES, TRANSACTIONS, CREDIT, LOANS, CUSTOMERS]


def entries(topic: int, *times: int) -> deque[Entry]:
    return deque(Entry(time, topic, offset, None, Line(offset, None, None)) for offset, time in enumerate(times))  # type: ignore[arg-type]


def queues_of(*rows: list[int]) -> list[deque[Entry]]:
    return [entries(topic, *row) for topic, row in enumerate(rows)]


def times(merged: list[Entry]) -> list[tuple[int, int]]:
    return [(entry.at_ms, entry.topic) for entry in merged]


def test_topics_are_merged_by_time_at_their_heads() -> None:
    # A late event (2, behind 9) waits for what stands before it in its topic.
    queues = [entries(0, 1, 9, 2), entries(1, 3, 4), entries(2, 10)]
    assert times(merge_heads(queues, frozenset(), 100)) == [(1, 0), (3, 1), (4, 1), (9, 0), (2, 0), (10, 2)]
    assert not any(queues)


def test_an_empty_topic_that_is_awaited_holds_all() -> None:
    queues = [entries(0, 1), entries(1)]
    assert merge_heads(queues, frozenset({1}), 100) == []
    assert len(queues[0]) == 1


def test_the_merge_stops_where_an_awaited_topic_runs_out() -> None:
    queues = [entries(0, 1, 5, 6), entries(1, 2, 3)]
    assert times(merge_heads(queues, frozenset({1}), 100)) == [(1, 0), (2, 1), (3, 1)]
    assert times(merge_heads(queues, frozenset(), 100)) == [(5, 0), (6, 0)]


def test_a_merge_takes_no_more_than_it_is_asked_for() -> None:
    queues = [entries(0, 1, 5), entries(1, 2, 3)]
    assert times(merge_heads(queues, frozenset({0, 1}), 2)) == [(1, 0), (2, 1)]
    assert times(merge_heads(queues, frozenset({0, 1}), 2)) == [(3, 1)]


def test_what_is_too_far_ahead_is_taken_as_soon_as_it_is_at_a_head() -> None:
    rows = ([99, 1, 99, 98, 4], [2, 99, 3, 97])
    assert times(merge_heads(queues_of(*rows), frozenset(), 100, 50)) == [
        *((99, 0), (1, 0), (99, 0), (98, 0), (2, 1), (99, 1), (3, 1), (97, 1), (4, 0))
    ]  # fmt: skip
    assert times(merge_heads(queues_of([99], [1]), frozenset({0}), 100, 50)) == [(99, 0)]  # nothing to compare with


@given(
    st.lists(st.lists(st.integers(1, 9), max_size=6), min_size=2, max_size=3),
    st.sets(st.integers(0, 1)),
    st.integers(0, 12),
    st.integers(0, 9),
)
def test_what_was_taken_at_once_is_taken_in_the_same_order_when_it_is_all_there_is(
    rows: list[list[int]], awaited: set[int], limit: int, latest_ms: int
) -> None:
    taken = merge_heads(queues_of(*rows), frozenset(awaited), limit, latest_ms)
    queues = [deque(entry for entry in taken if entry.topic == topic) for topic in range(len(rows))]
    assert merge_heads(queues, frozenset(), 1_000, latest_ms) == taken


def test_what_cannot_be_used_waits_for_nobody() -> None:
    history = History()
    history.balance("C", "1", NOON)
    history.raw(TRANSACTIONS, b"C", b"no JSON")
    partition = Bench().partition
    queues = [deque(partition.decode(topic, lines)) for topic, lines in enumerate(history.topics)]
    assert [entry.topic for entry in merge_heads(queues, frozenset(), 100)] == [TRANSACTIONS, BALANCES]


# --- dead letters ---

GOOD = {
    "event_id": "e", "customer_id": "C", "account_id": "a", "balance": "1", "currency": "TWD", "as_of": NOON,
}  # fmt: skip


def changed(**fields: Any) -> bytes:
    return json.dumps({name: value for name, value in (GOOD | fields).items() if value is not None}).encode()


BAD: list[tuple[str, bytes | None, bytes | None]] = [
    ("malformed", b"C", None),
    ("malformed", b"C", b""),
    ("malformed", b"C", b"\xff\xfe"),
    ("malformed", b"C", b"[1]"),
    ("malformed", b"C", b"null"),
    ("malformed", b"C", changed()[:-1]),
    ("malformed", b"C", changed() + b"}"),
    ("malformed", b"C", changed()[:-1] + b', "more": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    ("invalid_field", b"C", b"{}"),
    ("invalid_field", b"C", changed(account_id=None)),
    ("invalid_field", b"C", changed(account_id=7)),
    ("invalid_field", b"C", changed(event_id="")),
    ("invalid_field", b"C", changed(event_id="e" * 300)),
    ("invalid_field", b"C", changed(balance="1.00001")),
    ("invalid_field", b"C", changed(balance="ten")),
    ("invalid_field", b"C", changed(balance=True)),
    ("invalid_field", b"C", changed().replace(b'"1"', b"1e99999999999999999999")),
    ("invalid_field", b"C", changed().replace(b'"1"', b"1" * 60)),
    ("invalid_field", b"C", changed(currency="twd")),
    ("invalid_field", b"C", changed(as_of="2026-11-24T12:00:00")),
    ("invalid_field", b"C", changed(as_of="yesterday")),
    ("invalid_field", b"C", changed(as_of=10**18)),
    ("invalid_field", b"C", changed(as_of=1.5)),
    ("unknown_currency", b"C", changed(currency="XTS")),
    ("key_mismatch", b"D", changed()),
    ("key_mismatch", None, changed()),
    ("key_mismatch", b"\xff", changed()),
]


@pytest.mark.parametrize(("reason", "key", "value"), BAD, ids=[f"{index} {bad[0]}" for index, bad in enumerate(BAD)])
def test_what_cannot_be_used_is_a_dead_letter_and_delays_nobody(
    reason: str, key: bytes | None, value: bytes | None
) -> None:
    history = History()
    history.balance("C", "1", NOON)
    history.raw(BALANCES, key, value)
    history.balance("C", "600000", NOON + 1)
    outcome = worked(history)
    assert outcome.told() == [("C:1", "low", "first_event"), ("C:2", "mid", "threshold_crossed")]
    (letter,) = outcome.dead_letters
    assert (letter["topic"], letter["partition"], letter["offset"]) == ("bank.balances", PARTITION, 1)
    assert letter["reason"] == reason
    assert letter["detail"]
    assert decoded(letter["key_base64"]) == key
    assert decoded(letter["value_base64"]) == value
    assert counted(outcome.works[0], "dead_letters") == {(reason,): 1}
    assert outcome.orders[-1]["positions"] == {"bank.balances": [0, 3]}


def decoded(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text)


def test_a_key_that_belongs_elsewhere_is_a_dead_letter() -> None:
    history = History()
    history.balance("mine", "1", NOON)
    history.balance("theirs", "1", NOON)
    outcome = Bench(owns=lambda key: key == b"mine").work(history)
    assert [change["customer_id"] for change in outcome.changes] == ["mine"]
    assert [letter["reason"] for letter in outcome.dead_letters] == ["wrong_partition"]
    assert set(outcome.packed) == {b"mine"}


@pytest.mark.parametrize(("ahead_ms", "refused"), [(DAY_MS, False), (DAY_MS + 1, True), (900 * DAY_MS, True)])
@pytest.mark.parametrize("clock", ["wall", "event"])
def test_more_than_24_hours_ahead_of_the_wall_clock_is_too_far(clock: Clock, ahead_ms: int, *, refused: bool) -> None:
    history = History()
    history.balance("C", "1", NOON + ahead_ms)
    outcome = Bench(clock=clock).work(history, wall_ms=NOON)
    assert [letter["reason"] for letter in outcome.dead_letters] == (["future_event"] if refused else [])
    assert len(outcome.changes) == (0 if refused else 1)
    assert outcome.orders[-1]["wall_ms"] == NOON


def test_a_dead_letter_says_which_time_is_too_far_ahead() -> None:
    history = History()
    history.balance("C", "1", "2062-11-24T12:00:00+08:00")
    (letter,) = Bench().work(history, wall_ms=NOON).dead_letters
    assert letter["detail"] == "2062-11-24T12:00:00+08:00 is more than 24 hours ahead of the wall clock"


@pytest.mark.parametrize("clock", ["wall", "event"])
def test_an_event_too_far_ahead_moves_no_clock_and_holds_back_nothing_behind_it(clock: Clock) -> None:
    history = History()
    history.balance("C", "1", "9999-01-01T00:00:00Z", "wrong")
    history.balance("C", "600000", NOON - 2)
    history.transaction("C", "1", NOON - 1)
    outcome = Bench(clock=clock).work(history, sizes=[1], wall_ms=NOON)
    assert [letter["reason"] for letter in outcome.dead_letters] == ["future_event"]
    assert outcome.told() == [("C:1", "mid", "first_event")]
    assert [list(order["positions"]) for order in outcome.orders] == [["bank.balances"]] * 2 + [["bank.transactions"]]
    assert outcome.orders[-1]["clock_ms"] == (NOON if clock == "wall" else NOON - 1)


def test_one_wrong_wall_clock_lets_nothing_in_afterwards() -> None:
    bench, history = Bench(clock="wall"), History()
    bench.batch([], NOON + 365 * DAY_MS)
    history.balance("C", "1", NOON + 200 * DAY_MS)
    history.balance("C", "600000", NOON)
    outcome = bench.work(history, wall_ms=NOON)
    assert [letter["reason"] for letter in outcome.dead_letters] == ["future_event"]
    assert [change["tier"] for change in outcome.changes] == ["mid"]


def test_a_dead_letter_is_not_remembered() -> None:
    history = History()
    history.balance("C", "1", NOON, currency="XXX", event_id="b1")
    history.balance("C", "600000", NOON, event_id="b1")
    assert worked(history).told() == [("C:1", "mid", "first_event")]


@pytest.mark.parametrize(
    ("fields", "usable"),
    [
        ({"reverses": "t0"}, False),
        ({"reverses": "t0", "reversed_at": "long ago"}, False),
        ({"reverses": "t0", "reversed_at": NOON + 2 * DAY_MS}, False),
        ({"reverses": "t0", "reversed_at": NOON - DAY_MS}, True),
        ({"amount": "-1"}, False),
        ({"amount": "0"}, True),
        ({"type": "gambling"}, True),
        ({"type": 7}, False),
        ({"channel": {"any": "thing"}}, True),
    ],
)
def test_a_transaction_is_checked(fields: dict[str, Any], *, usable: bool) -> None:
    history = History()
    history.transaction("C", at=NOON, **({"amount": "1"} | fields))
    outcome = worked(history)
    assert (len(outcome.changes), len(outcome.dead_letters)) == ((1, 0) if usable else (0, 1))


@pytest.mark.parametrize(
    ("fields", "usable"),
    [
        ({}, True),
        ({"until": "9999-12-31T23:59:59+08:00"}, True),  # for ever, as systems of banks write it
        ({"tier": "platinum"}, False),
        ({"tier": None}, False),
        ({"by": None}, False),
        ({"until": "soon"}, False),
    ],
)
def test_a_pin_is_checked(fields: dict[str, Any], *, usable: bool) -> None:
    history = History()
    history.balance("C", "1", NOON)
    pin = {"tier": "high", "until": NOON + DAY_MS, "reason": "a promise", "by": "branch 7"}
    history.action("C", "pin", NOON, **(pin | fields))
    outcome = worked(history)
    assert (len(outcome.changes), len(outcome.dead_letters)) == ((2, 0) if usable else (1, 1))


# --- repeats and erase ---


def test_a_repeat_with_other_content_changes_nothing_and_is_counted_apart() -> None:
    history = History()
    history.balance("C", "1", NOON, event_id="b1")
    history.balance("C", "9000000", NOON, event_id="b1")
    history.balance("C", "1", NOON + 1, event_id="b1")
    for same in ("1.00", "1.0000"):  # other spellings, a field that nobody reads: the same content
        history.balance("C", same, NOON, event_id="b1", channel="web")
    outcome = worked(history)
    assert outcome.told() == [("C:1", "low", "first_event")]
    assert counted(outcome.works[0], "events") == {
        ("bank.balances", "applied"): 1,
        ("bank.balances", "repeated"): 2,
        ("bank.balances", "repeated_differently"): 2,
    }


def test_an_id_of_another_topic_or_customer_is_another_event() -> None:
    history = History()
    history.balance("C", "499000", NOON, event_id="x")
    history.transaction("C", "100000", NOON, event_id="x")
    history.balance("D", "1", NOON, event_id="x")
    assert worked(history).told() == [
        ("C:1", "low", "first_event"),
        ("D:1", "low", "first_event"),
        ("C:2", "mid", "threshold_crossed"),
    ]


def test_erase_leaves_a_tombstone_and_the_next_sequence_number() -> None:
    history = History()
    history.balance("C", "600000", NOON)
    history.action("C", "erase", NOON + 1)
    (work,) = worked(history).works
    assert sent_to(work, CURRENT) == [(b"C", None, [])]
    assert counted(work, "customers")["mid",] == 0
    state = unpack_state(work.states[b"C"])
    assert (state.sequence, state.tier, state.account_rows, state.days) == (1, None, b"", b"")
    history.balance("C", "1", NOON + 2)
    outcome = worked(history)
    assert outcome.told() == [("C:1", "mid", "first_event"), ("C:2", "low", "first_event")]
    assert outcome.changes[-1]["previous_tier"] is None
    assert sent_to(outcome.works[-1], CURRENT)[0].value is not None


def test_each_erase_that_counts_gives_one_erasure() -> None:
    history = History()
    history.balance("C", "600000", NOON)
    history.action("C", "erase", NOON + 1, event_id="first")
    history.action("C", "erase", NOON + 1, event_id="first")  # it comes again
    history.action("C", "erase", NOON, event_id="older")
    history.balance("C", "1", NOON + 2)
    history.action("C", "erase", NOON + 3, event_id="second")
    history.action("stranger", "erase", NOON + 3, event_id="third")
    outcome = worked(history)
    told = [
        (key, json.loads(value), dict(headers))
        for work in outcome.works
        for key, value, headers in sent_to(work, ERASURES)
    ]
    assert [
        (key, erasure["id"], erasure["last_sequence"], erasure["cause"]["event_id"]) for key, erasure, _ in told
    ] == [
        (b"C", f"C:erased:{NOON + 1}", 1, "first"),
        (b"C", f"C:erased:{NOON + 3}", 2, "second"),
        (b"stranger", f"stranger:erased:{NOON + 3}", 0, "third"),
    ]
    assert {headers["ce_type"] for _, _, headers in told} == {b"tierflow.customer.erased.v1"}


def test_an_erasure_says_nothing_of_the_customer_but_the_id() -> None:
    bench, known, late = Bench(), History(), History()
    known.balance("C", "600000", NOON, account="secret-account")
    known.balance("C", "1", NOON + 2, account="b")
    late.action("C", "erase", NOON + 1)
    bench.work(known)
    work = bench.work(late).works[-1]
    (erasure,) = sent_to(work, ERASURES)
    outputs = [output for output, _ in work.messages]
    assert outputs.index(ERASURES) < outputs.index(CHANGES)  # the customer begins anew after it
    assert set(json.loads(erasure.value or b"")) == {
        "id", "customer_id", "erased_at", "decided_at", "last_sequence", "cause", "positions"
    }  # fmt: skip
    assert b"600000" not in (erasure.value or b"")


def test_what_was_due_for_an_erased_customer_is_due_no_more() -> None:
    history = lifted_by_a_purchase()
    history.action("C", "erase", NOON + 1)
    history.balance("other", "1", NOON + 900 * DAY_MS)
    assert [told[0] for told in worked(history).told()] == ["C:1", "C:2", "other:1"]


def test_a_repeated_erase_does_not_erase_what_came_after_it() -> None:
    history = History()
    history.balance("C", "600000", NOON)
    history.action("C", "erase", NOON + 1, event_id="forget-me")
    history.balance("C", "700000", NOON + 2)
    history.action("C", "erase", NOON + 3, event_id="forget-me")
    outcome = worked(history)
    assert unpack_state(outcome.packed[b"C"]).tier == "mid"
    assert counted(outcome.works[0], "events")["bank.customers", "repeated_differently"] == 1


def test_an_erased_customers_tier_is_counted_no_more() -> None:
    bench = Bench()
    history = History()
    history.balance("C", "600000", NOON)
    history.balance("D", "600000", NOON)
    history.action("C", "erase", NOON + 1)
    bench.work(history)
    assert +bench.partition.customers_by_tier == {"mid": 1}


def test_after_a_late_erase_the_newest_change_is_that_of_what_is_left() -> None:
    bench, known, late = Bench(), History(), History()
    known.balance("C", "600000", NOON)
    known.balance("C", "1", NOON + 2, account="b")
    late.action("C", "erase", NOON + 1)
    bench.work(known)
    (current,) = sent_to(bench.work(late).works[-1], CURRENT)
    assert current.value is not None
    assert json.loads(current.value)["sequence"] == 2
    assert json.loads(current.value)["cause"]["topic"] == "bank.customers"
    assert +bench.partition.customers_by_tier == {"low": 1}


# --- the record of the order ---


def test_the_order_says_what_was_worked() -> None:
    history = History()
    history.balance("C", "1", NOON)
    history.balance("C", "2", NOON + 1)
    history.transaction("C", "1", NOON + 2)
    outcome = worked(history, sizes=[2, 1])
    policy = outcome.changes[0]["policy"]["digest"]
    common = {"partition": PARTITION, "clock": "event", "policy": policy, "engine_version": 2, "due": 0}
    said = [{name: order[name] for name in [*common, "counter", "clock_ms", "positions"]} for order in outcome.orders]
    assert said == [
        common | {"counter": 1, "clock_ms": NOON + 1, "positions": {"bank.balances": [0, 2]}},
        common | {"counter": 2, "clock_ms": NOON + 2, "positions": {"bank.transactions": [0, 1]}},
    ]
    assert outcome.lane is not None
    assert (outcome.lane.next_offsets, outcome.lane.counter, outcome.lane.clock_ms) == ((2, 1, 0, 0, 0), 2, NOON + 2)


# --- batches and take-overs ---


def a_busy_history() -> History:
    history = History()
    for step in range(120):
        now, customer = NOON + step * 17 * HOUR_MS, f"C{step % 4}"
        history.balance(customer, str(430_000 + (step * 7_919) % 110_000), now, f"a{step % 2}")
        history.transaction(customer, str((step * 104_729) % 900_000), now - (step % 5) * DAY_MS)
        if step % 9 == 0:
            history.credit(customer, ("poor", "good", "default")[step % 3], now)
        if step % 11 == 0:
            history.pin(customer, ("high", "low")[step % 2], now, now + (step % 7) * DAY_MS)
        if step % 50 == 49:
            history.action(customer, "erase", now)
        if step % 13 == 0:
            history.balance(customer, "1e", now + DAY_MS)
            history.transaction(customer, "99", now + DAY_MS, event_id=f"transactions-{step}")
    history.balance("last", "1", NOON + 300 * DAY_MS)
    return history


@pytest.mark.parametrize("take_over", [False, True], ids=["kept", "taken over"])
@pytest.mark.parametrize("sizes", [[1], [2, 3, 5, 7], [64]], ids=str)
@pytest.mark.parametrize("policy", [PLAIN, STANDARD], ids=["plain", "standard"])
def test_the_cut_into_batches_changes_nothing(policy: Policy, sizes: list[int], *, take_over: bool) -> None:
    history = a_busy_history()
    whole = Bench(policy).work(history)
    cut = Bench(policy, take_over=take_over).work(history, sizes)
    assert len(whole.changes) > (40 if policy is PLAIN else 20)
    reasons = {"window_moved", "credit_changed"} if policy is PLAIN else {"grace_ended", "correction"}
    assert {change["reason"] for change in whole.changes} >= reasons | {"pin_set", "pin_ended"}
    assert cut.changes == whole.changes
    assert cut.dead_letters == whole.dead_letters
    assert cut.packed == whole.packed
    assert cut.lane is not None
    assert whole.lane is not None
    assert (cut.lane.next_offsets, cut.lane.clock_ms) == (whole.lane.next_offsets, whole.lane.clock_ms)


def test_decided_at_never_goes_back_for_a_customer() -> None:
    changes = worked(a_busy_history()).changes
    for customer in {change["customer_id"] for change in changes}:
        decided = [change["decided_at"] for change in changes if change["customer_id"] == customer]
        assert all(earlier <= later for earlier, later in pairwise(decided))


def test_the_tiers_counted_are_those_of_the_customers() -> None:
    bench = Bench()
    bench.work(a_busy_history(), [5])
    taken_over = Customers(bench.setup, bench.outcome.packed, bench.outcome.lane)
    assert +bench.partition.customers_by_tier == +taken_over.customers_by_tier


def test_only_touched_customers_are_written() -> None:
    bench = Bench(ASSETS_ONLY)
    history = History()
    for customer in ("A", "B", "C"):
        history.balance(customer, "1", NOON)
    history.balance("B", "2", NOON + 1)
    bench.work(history, [3])
    assert [set(work.states) for work in bench.outcome.works] == [{b"A", b"B", b"C"}, {b"B"}]


def test_what_was_put_off_is_not_worked_at_its_former_time() -> None:
    bench = Bench(clock="wall")
    history = History()
    history.balance("C", "1", NOON)
    history.pin("C", "mid", NOON, NOON + DAY_MS)
    history.pin("C", "mid", NOON, NOON + 2 * DAY_MS)
    bench.work(history, wall_ms=NOON)
    assert bench.batch([], NOON + DAY_MS).states == {}
    assert [value for value in sent_to(bench.batch([], NOON + 2 * DAY_MS), CHANGES) if b"pin_ended" in value[1]]


def test_the_topics_keep_their_real_names() -> None:
    assert INPUTS[BALANCES] == "bank.balances"
    bench = Bench()
    bench.partition = Customers(bench.setup._replace(topics=[name.replace("bank", "prod") for name in INPUTS]))
    history = History()
    history.balance("C", "1", NOON)
    history.raw(CREDIT, b"C", b"")
    outcome = bench.work(history)
    assert outcome.changes[0]["cause"]["topic"] == "prod.balances"
    assert outcome.changes[0]["positions"] == {"prod.balances": 0, "prod.credit": 0}
    assert outcome.dead_letters[0]["topic"] == "prod.credit"


# --- what is counted beside ---


def test_bytes_of_states_are_those_that_are_kept() -> None:
    bench, history = Bench(STANDARD), History()
    for number in range(40):
        history.balance(
            f"C{number % 7}", f"{number * 1000}", f"2026-11-24T09:{number:02}:00+08:00", account=f"A{number}"
        )
    bench.work(history, [3, 5, 8, 100])
    kept = bench.partition.packed
    assert len(kept) == 7
    assert bench.partition.state_bytes == sum(map(len, kept.values()))
    assert Customers(bench.setup, dict(kept), bench.outcome.lane).state_bytes == bench.partition.state_bytes


def test_a_trigger_that_the_limits_on_contact_hold_back_is_counted() -> None:
    campaign = '[[campaigns]]\nid = "c1"\ntiers = ["low"]\nkind = "cash_back"\nrate = "0.01"\nper = "transaction"\n'
    quiet = '[contact]\ncampaigns = ["c1"]\nquiet_days = 7\n'
    policy = load_policy(f"{ASSETS_ONLY.document}\n{campaign}\n{quiet}")
    history = History()
    for number in range(3):
        history.transaction("C001", "100.00", f"2026-11-24T09:{number:02}:00+08:00", type="purchase")
    works = worked(history, policy).works
    assert sum((counted(work, "left_in_peace") for work in works), Counter()) == {("c1",): 2}


# --- the trace of an input ---

TRACE = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.mark.parametrize(
    ("headers", "handed_on"),
    [
        ([("other", b"C001"), ("traceparent", TRACE)], [("traceparent", TRACE)]),
        ([("traceparent", b"C001")], []),
        ([("traceparent", None)], []),
        ([], []),
    ],
)
def test_what_comes_of_an_input_has_its_trace_and_nothing_else_of_its_headers(headers: Any, handed_on: Any) -> None:
    partition = Bench(STANDARD, "wall").partition
    records = [
        LargeRecord(
            number, 0, f"C{number}".encode(), line_of(f"C{number}", number), None, headers if not number else ()
        )
        for number in range(2)
    ]
    work = partition.work(partition.decode(BALANCES, records), [2, 0, 0, 0, 0], DOOMSDAY_MS)
    for output in (CHANGES, CURRENT):
        traced, untraced = (list(message.headers)[7:] for message in sent_to(work, output))
        assert (traced, untraced) == (handed_on, [])


def line_of(customer: str, number: int) -> bytes:
    value = {"event_id": f"b{number}", "customer_id": customer, "account_id": "A", "balance": "1", "currency": "TWD"}
    return json.dumps({**value, "as_of": at("2026-11-24T09:00:00")}).encode()
