"""Customers that are one: the state and the late events of a former id go on to the other one, over partitions."""

import json
from base64 import b64encode
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.merges import place_in
from streams.contracts.newest_change import merged_into, unpack_change
from streams.contracts.rejection import Place
from streams.engine.measures.days import all_buckets
from streams.partition.customers import Customers
from streams.partition.setup import PartitionSetup
from streams.partition.work import CHANGES, CURRENT, DEAD_LETTERS, ERASURES, MERGES
from streams.simulate import Simulation
from streams.values.calendar import DAY_MS
from streams.values.events import BALANCES, CUSTOMERS, TRANSACTIONS
from tests.support.histories import INPUTS, PLAIN, STANDARD, History
from tests.support.laws import laws
from tests.support.merging import Partitions
from tests.support.one_customer import at, e4

NOON = at("2026-11-24T12:00")
SOURCE = "/tierflow/test"
PLACES = {"C1": 0, "C2": 1, "C3": 2}


def bank(*, take_over: bool = False) -> Partitions:
    """C1 and C2 have 300,000 each, which is too little for the middle tier."""
    found = Partitions(PLAIN, PLACES, take_over=take_over)
    found.log("C1").balance("C1", "300000", NOON, account="a")
    found.log("C2").balance("C2", "300000", NOON, account="b")
    found.work()
    return found


def assets(of: Partitions, customer: str) -> int:
    return of.state(customer).assets_e4_by_currency.get("TWD", 0)


def refusals(of: Partitions) -> list[tuple[str, str]]:
    return [(letter["reason"], letter["detail"]) for letter in of.messages(DEAD_LETTERS)]


@pytest.mark.parametrize("take_over", [False, True])
def test_the_state_goes_over_and_lifts_the_tier(take_over: bool) -> None:  # noqa: FBT001
    customers = bank(take_over=take_over)
    customers.merge("C1", "C2", NOON + 1)
    customers.work()
    newest = customers.messages(CHANGES, "C2")[-1]
    assert (newest["sequence"], newest["tier"], newest["reason"], newest["value"]) == (2, "mid", "merged", "600000.00")
    cause = newest["cause"]
    assert (cause["topic"], cause["partition"], cause["event_id"]) == ("bank.customers", 1, "merge:customers:0:0")
    assert customers.messages(CURRENT, "C1")[-1] is None
    assert (merged_into(customers.state("C1")), unpack_change(customers.state("C1"), "C1")) == ("C2", None)
    assert [part.customers_by_tier["low"] for part in customers.partitions] == [0, 0, 0]
    assert customers.partitions[1].customers_by_tier["mid"] == 1


@pytest.mark.parametrize("take_over", [False, True])
def test_late_events_of_the_former_id_count_once_for_the_other_one(take_over: bool) -> None:  # noqa: FBT001
    customers = bank(take_over=take_over)
    customers.log("C1").transaction("C1", "70", NOON + 1, event_id="t1")
    customers.merge("C1", "C2", NOON + 2)
    for event_id in ("t1", "t2", "t2"):  # the first one was counted under the former id
        customers.log("C1").transaction("C1", "70", NOON + 3, event_id=event_id)
    customers.work()
    for event_id in ("t1", "t2"):  # the source knows the customer by the new id now, and sends all again
        customers.log("C2").transaction("C2", "70", NOON + 3, event_id=event_id)
    customers.log("C1").balance("C1", "6000000", NOON + 4, account="a")
    customers.work()
    assert [(bucket.count, bucket.amount_e4) for _, _, bucket in all_buckets(customers.state("C2"))] == [(2, e4("140"))]
    assert (customers.state("C2").tier, assets(customers, "C2")) == ("high", e4("6300000"))
    assert refusals(customers) == []


def test_a_late_reversal_of_the_former_id_undoes_what_went_over() -> None:
    customers = bank()
    customers.log("C1").transaction("C1", "70", NOON + 1, event_id="t1")
    customers.merge("C1", "C2", NOON + 2)
    customers.log("C1").transaction("C1", "70", NOON + 3, event_id="r1", reverses="t1", reversed_at=NOON + 1)
    customers.work()
    assert [bucket.count for _, _, bucket in all_buckets(customers.state("C2"))] == [0]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_chain_ends_at_the_last_id_in_whatever_order_the_partitions_work(order: tuple[int, ...]) -> None:
    customers = bank()
    customers.merge("C1", "C2", NOON + 1)
    customers.merge("C2", "C3", NOON + 1)
    customers.work(order)
    customers.log("C1").balance("C1", "400000", NOON + 5, account="a")
    customers.work()
    assert [customers.state(name).tier for name in PLACES] == [None, None, "mid"]
    assert assets(customers, "C3") == e4("700000")
    assert [change["sequence"] for change in customers.messages(CHANGES, "C3")] == list(
        range(1, customers.state("C3").sequence + 1)
    )
    assert refusals(customers) == []


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("circle", ["C1 C2", "C1 C2 C3", "C3 C2 C1"])
def test_of_a_circle_the_least_id_stays_and_has_all(order: tuple[int, ...], circle: str) -> None:
    customers = bank()
    names = circle.split()
    for name, into in zip(names, [*names[1:], names[0]], strict=True):
        customers.merge(name, into, NOON + 1)
    customers.work(order)
    customers.log("C2").balance("C2", "400000", NOON + 5, account="b")
    customers.work()
    assert (customers.state("C1").tier, assets(customers, "C1")) == ("mid", e4("700000"))
    assert [customers.state(name).tier for name in names if name != "C1"] == [None] * (len(names) - 1)
    assert refusals(customers) == []


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("circle", ["C1 C2", "C1 C2 C3", "C3 C2 C1"])
def test_what_comes_while_a_circle_is_under_way_counts_once(order: tuple[int, ...], circle: str) -> None:
    customers = bank()
    names = circle.split()
    for name, into in zip(names, [*names[1:], names[0]], strict=True):
        customers.merge(name, into, NOON + 1)
        for _ in range(2):  # repeated
            customers.log(name).balance(name, "400000", NOON + 5, account=name, event_id=f"late {name}")
            customers.log(name).transaction(name, "70", NOON + 5, event_id=f"spent {name}")
    customers.work(order)
    assert assets(customers, "C1") == e4("600000") + e4("400000") * len(names)
    assert [bucket.count for _, _, bucket in all_buckets(customers.state("C1"))] == [len(names)]
    assert refusals(customers) == []


def test_what_goes_round_a_circle_without_an_end_is_a_dead_letter() -> None:
    customers = bank()
    customers.merge("C2", "C1", NOON + 1)
    customers.work()
    late = {"event_id": "e", "customer_id": "C1", "account_id": "a", "balance": "1", "currency": "TWD", "as_of": NOON}
    written = b64encode(json.dumps(late).encode()).decode()
    merged = {"source": SOURCE, "customer_id": "C1", "topic": "balances", "via": ["C2", "C1"] * 8, "event": written}
    customers.log("C2").action("C2", "hand_on", NOON + 2, merged=merged, event_id="x")
    customers.work()
    [(reason, _)] = refusals(customers)
    assert (reason, assets(customers, "C1")) == ("merge_refused", e4("600000"))


def test_a_former_id_is_not_merged_into_a_third_one() -> None:
    customers = bank()
    customers.merge("C1", "C2", NOON + 1, event_id="m1")
    customers.merge("C1", "C2", NOON + 1, event_id="m1")  # repeated
    customers.merge("C1", "C3", NOON + 2)
    customers.work()
    assert refusals(customers) == [("merge_refused", "its customer is C2 already - at `$.into`")]
    assert (assets(customers, "C2"), assets(customers, "C3")) == (e4("600000"), 0)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"into": "C1"}, "a customer is not merged into itself - at `$.into`"),
        ({}, "a merge needs into - at `$`"),
        ({"into": ""}, "Expected `str` of length >= 1 - at `$.into`"),
    ],
)
def test_a_merge_that_cannot_be_is_a_dead_letter(more: dict[str, Any], why: str) -> None:
    customers = bank()
    customers.log("C1").action("C1", "merge", NOON + 1, **more)
    customers.work()
    assert refusals(customers) == [("invalid_field", why)]
    assert customers.state("C1").tier == "low"


def test_an_unknown_id_hands_on_what_comes_later() -> None:
    customers = bank()
    customers.merge("C3", "C2", NOON + 1)
    customers.log("C3").balance("C3", "300000", NOON + 2, account="c", event_id="late")
    customers.work()
    assert (customers.state("C2").tier, assets(customers, "C2")) == ("mid", e4("600000"))
    assert customers.messages(CHANGES, "C3") == []


def test_into_an_unknown_id_begins_a_customer() -> None:
    customers = bank()
    customers.merge("C1", "C3", NOON + 1)
    customers.work()
    [change] = customers.messages(CHANGES, "C3")
    assert (change["sequence"], change["direction"], change["tier"]) == (1, "initial", "low")


def test_into_an_erased_customer_goes_what_is_newer_than_the_erase() -> None:
    customers = bank()
    customers.log("C2").action("C2", "erase", NOON + 5)
    customers.log("C1").balance("C1", "7", NOON + 9, account="newer")
    customers.work()
    customers.merge("C1", "C2", NOON + 10)
    customers.log("C1").balance("C1", "8", NOON + 4, account="late")
    customers.work()
    assert assets(customers, "C2") == e4("7")


def test_an_erase_of_the_new_id_forgets_what_went_over() -> None:
    customers = bank()
    customers.merge("C1", "C2", NOON + 1)
    customers.work()
    customers.log("C2").action("C2", "erase", NOON + 5)
    customers.log("C1").balance("C1", "9000000", NOON + 2, account="a")  # late, and older than the erase
    customers.work()
    assert (customers.state("C2").tier, assets(customers, "C2")) == (None, 0)
    assert [erasure["customer_id"] for erasure in customers.messages(ERASURES)] == ["C2"]


def test_an_erase_of_the_former_id_is_told_of_it_and_the_id_begins_anew() -> None:
    customers = bank()
    customers.merge("C1", "C2", NOON + 1)
    customers.log("C1").action("C1", "erase", NOON + 5)
    customers.log("C1").balance("C1", "5", NOON + 6, account="z")
    customers.work()
    [erasure] = customers.messages(ERASURES)
    assert (erasure["customer_id"], erasure["last_sequence"]) == ("C1", 1)
    assert (customers.state("C1").tier, customers.state("C1").sequence) == ("low", 2)
    assert assets(customers, "C2") == e4("600000")


def test_words_and_loans_of_the_former_id_go_on_too() -> None:
    customers = Partitions(STANDARD, PLACES)
    customers.log("C2").balance("C2", "1", NOON, account="b")
    customers.merge("C1", "C2", NOON + 1)
    customers.log("C1").pin("C1", "high", NOON + 2, NOON + 10**9)
    customers.log("C1").loan("C1", "100", NOON + 3)
    customers.work()
    assert customers.state("C2").tier == "high"
    [risk] = customers.messages("risk")
    assert (risk["customer_id"], risk["tier"]) == ("C2", "high")


def test_a_state_that_is_not_one_is_a_dead_letter_and_stops_nobody() -> None:
    customers = bank()
    for number, state in enumerate(["AA==", "Ag==", "no base64"]):
        merged = {"source": SOURCE, "customer_id": "C1", "state": state}
        customers.log("C2").action("C2", "take_in", NOON + 1, merged=merged, event_id=f"x{number}")
    customers.log("C2").action("C2", "hand_on", NOON + 1, merged={"source": SOURCE, "customer_id": "C1"})
    customers.log("C2").action("C2", "take_in", NOON + 1)
    customers.log("C2").balance("C2", "600000", NOON + 2, account="b")
    customers.work()
    assert [reason for reason, _ in refusals(customers)] == ["malformed", "malformed", *["invalid_field"] * 3]
    assert customers.state("C2").tier == "mid"


def test_what_was_handed_on_and_cannot_be_used_is_a_dead_letter_there() -> None:
    customers = bank()
    late = {"event_id": "e", "customer_id": "C1", "account_id": "a", "balance": "1", "currency": "XYZ", "as_of": NOON}
    for number, event in enumerate([late, late | {"customer_id": "C3", "currency": "TWD"}]):
        written = b64encode(json.dumps(event).encode()).decode()
        merged = {"source": SOURCE, "customer_id": "C1", "topic": "balances", "event": written}
        customers.log("C2").action("C2", "hand_on", NOON + 1, merged=merged, event_id=f"x{number}")
    customers.work()
    assert [reason for reason, _ in refusals(customers)] == ["invalid_field", "key_mismatch"]


def test_what_another_app_id_wrote_is_passed_over() -> None:
    customers = bank()
    customers.merge("C1", "C2", NOON + 1)
    customers.log("C1").balance("C1", "400000", NOON + 2, account="a")
    customers.work_once(0)
    of_others = [
        (line.value or b"").replace(b"/tierflow/test", b"/tierflow/other")
        for line in customers.logs[1].topics[CUSTOMERS]
    ]
    customers.logs[1].topics[CUSTOMERS].clear()
    for value in of_others:
        customers.log("C2").raw(CUSTOMERS, b"C2", value)
    customers.work()
    assert (customers.state("C2").tier, assets(customers, "C2")) == ("low", e4("300000"))
    assert refusals(customers) == []


def test_what_goes_on_bears_no_time_that_only_a_wrong_wall_clock_had() -> None:
    customers, log = Customers(PartitionSetup(0, PLAIN, "wall", INPUTS, SOURCE, lambda _: True)), History()

    def told_by(wall_ms: int) -> list[int]:
        found = [records[customers.next_offsets[topic] :] for topic, records in enumerate(log.topics)]
        entries = [entry for topic, records in enumerate(found) for entry in customers.decode(topic, records)]
        work = customers.work(entries, [len(records) for records in log.topics], wall_ms)
        customers.keep(work)
        return [json.loads(message.value or b"")["at"] for output, message in work.messages if output == MERGES]

    log.balance("C1", "300000", NOON, account="a")
    assert told_by(NOON + 3 * DAY_MS) == []  # three days ahead, and then right again
    log.action("C1", "merge", NOON + 1, into="C2")
    assert told_by(NOON + 2) == [NOON + 2]
    log.balance("C1", "400000", NOON + 3, account="a")
    assert told_by(NOON + 4) == [NOON + 4]


def test_what_is_too_large_to_be_handed_on_is_a_dead_letter() -> None:
    customers = bank()
    customers.merge("C1", "C2", NOON + 1)
    customers.log("C1").balance("C1", "1", NOON + 2, account="a", note="x" * 800_000)
    customers.log("C1").balance("C1", "400000", NOON + 3, account="a")
    customers.work()
    assert [reason for reason, _ in refusals(customers)] == ["limit_exceeded"]
    assert assets(customers, "C2") == e4("700000")


def test_a_message_tells_the_place_that_it_comes_of() -> None:
    customers = bank()
    customers.merge("C1", "C2", NOON + 1)
    customers.log("C1").balance("C1", "1", NOON + 2)
    customers.work_once(0)
    taken, handed = [line.value for line in customers.logs[1].topics[CUSTOMERS]]
    assert place_in(taken, SOURCE) == Place("customers", 0, 0)
    assert place_in(handed, SOURCE) == Place("balances", 0, 1)
    [former, other] = [customers.partitions[0], customers.partitions[1]]
    for value in (taken, handed):
        assert value is not None
        assert not former.is_ahead(MERGES, b"C2", value, ())
        assert not other.is_ahead(MERGES, b"C2", value, ())
        former_before = bank().partitions[0]
        assert former_before.is_ahead(MERGES, b"C2", value, ()) == (b"customers:0" in value or b"balances:0:1" in value)


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b'"merge:',
        b'{"event_id": "merge:customers:0:0", "action": "take_in"}',
        b'{"event_id": "merge:customers:0:0", "action": "pin", "merged": {"source": "/tierflow/test"}}',
        b'{"event_id": "merge:customers:0:0", "action": "take_in", "merged": {"source": "/tierflow/other"}}',
        b'{"event_id": "merge:customers:0:x", "action": "take_in", "merged": {"source": "/tierflow/test"}}',
        b'{"event_id": "merge:accounts:0:0", "action": "take_in", "merged": {"source": "/tierflow/test"}}',
        b'{"event_id": "a\\"merge:", "action": "take_in", "merged": {"source": "/tierflow/test"}}',
    ],
)
def test_a_record_of_the_bank_is_not_taken_for_one_of_a_merge(value: bytes | None) -> None:
    assert place_in(value, SOURCE) is None


@pytest.mark.parametrize("size", [1, 3, 100])
def test_simulate_merges_at_once_however_events_are_cut_into_chunks(size: int) -> None:
    history = History()
    for name in ("C1", "C2"):
        history.balance(name, "300000", NOON, account=name)
    history.action("C1", "merge", NOON + 1, into="C2")
    events = [(topic, line.key, line.value) for topic in (BALANCES, CUSTOMERS) for line in history.topics[topic]]
    history.balance("C1", "6000000", NOON + 2, account="C1")
    events += [(BALANCES, line.key, line.value) for line in history.topics[BALANCES][2:]]
    simulation = Simulation(PLAIN)
    chunks = [simulation.work(events[begin : begin + size]) for begin in range(0, len(events), size)]
    changes = [json.loads(out.value) for chunk in chunks for out in chunk.outputs if out.topic == "tier.changes"]
    assert [(change["id"], change["tier"], change["reason"]) for change in changes] == [
        ("C1:1", "low", "first_event"),
        ("C2:1", "low", "first_event"),
        ("C2:2", "mid", "merged"),
        ("C2:3", "high", "threshold_crossed"),
    ]
    assert (simulation.tier(b"C1"), simulation.tier(b"C2")) == (None, "high")


# By hour: which id hears what; and when the merge comes.
steps = st.lists(
    st.tuples(st.sampled_from(["C1", "C2"]), st.sampled_from([BALANCES, TRANSACTIONS]), st.integers(0, 900_000)),
    min_size=1,
    max_size=12,
)


@laws(60)
@given(steps=steps, merged_at=st.integers(0, 12), cuts=st.lists(st.integers(0, 1), max_size=8))
def test_all_counts_once_wherever_the_merge_comes_and_however_the_partitions_work(
    steps: list[tuple[str, int, int]], merged_at: int, cuts: list[int]
) -> None:
    customers, whole = Partitions(PLAIN, PLACES, take_over=True), Partitions(PLAIN, PLACES)
    for number, (name, topic, amount) in enumerate(steps):
        if number == merged_at:
            customers.merge("C1", "C2", NOON + number)
        for of, customer in ((customers, name), (whole, "C2")):
            if topic == BALANCES:
                of.log(customer).balance(customer, str(amount), NOON + number, account=name, event_id=f"e{number}")
            else:
                of.log(customer).transaction(customer, "5", NOON + number, event_id=f"e{number}")
        if number < len(cuts):
            customers.work_once(cuts[number])
    if merged_at >= len(steps):
        customers.merge("C1", "C2", NOON + len(steps))
    customers.work()
    whole.work()
    found, wanted = customers.state("C2"), whole.state("C2")
    assert (found.assets_e4_by_currency, found.days) == (wanted.assets_e4_by_currency, wanted.days)
    assert found.tier == wanted.tier
    assert json.dumps(refusals(customers)) == "[]"
