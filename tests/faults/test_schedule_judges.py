"""What the second judge of the schedules says of histories that were written down by hand, whole and damaged."""

import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from aiokafka import TopicPartition

from tests.faults.schedules.anomalies import anomalies, ends
from tests.faults.schedules.crew import Ended
from tests.faults.schedules.history import History, Kind
from tests.faults.schedules.ledger import Acknowledged, Event
from tests.faults.schedules.replay import TOPICS
from tests.faults.schedules.watching import Seen, Shown

OUTPUTS = ("changes", "current", "order", "dead-letters", "erasures", "campaigns", "risk", "candidates")
NAMES = {name: f"bank.{name}" for name in TOPICS} | {name: f"tier.{name}" for name in OUTPUTS}


def at(name: str) -> TopicPartition:
    return TopicPartition(NAMES[name], 0)


def balance(number: int, amount: str, as_of: int) -> Any:
    fields = {"account_id": "A", "balance": amount, "currency": "TWD", "as_of": as_of}
    return {"event_id": f"b{number}", "customer_id": "C1", **fields}


def change(sequence: int, previous: str | None, tier: str, value: str, cause: tuple[str, int]) -> Any:
    told = {"previous_tier": previous, "tier": tier, "value": value}
    return {"customer_id": "C1", "sequence": sequence, **told, "cause": letter(*cause)}


def order(counter: int, **positions: list[int]) -> Any:
    return {"counter": counter, "positions": {NAMES[name]: span for name, span in positions.items()}}


def letter(topic: str, offset: int) -> Any:
    return {"topic": NAMES[topic], "offset": offset}


def trigger(campaign: str, sequence: int, tier: str, amount: str | None, cause: tuple[str, int]) -> Any:
    told = {"campaign": campaign, "sequence": sequence, "tier": tier, "amount": amount}
    return {"id": f"C1:{campaign}:{sequence}", **told, "cause": letter(*cause)}


def candidate(campaign: str, sequence: int) -> Any:
    return {"id": f"C1:{campaign}:{sequence}"}


def welcomed(tier: str, cause: tuple[str, int]) -> dict[str, list[Any]]:
    triggers = [trigger(campaign, 1, tier, None, cause) for campaign in ("welcome", "welcome-high")]
    return {"campaigns": triggers, "candidates": [candidate("welcome-high", 1)]}


PIN = {"event_id": "p", "customer_id": "C1", "action": "pin", "tier": "high", "at": 5}
# Written down by hand: a rise and a fall, in the second transaction with what is no event, a late balance, then a pin.
WRITTEN: dict[str, list[Any]] = {
    "balances": [balance(1, "600000", 10), balance(2, "100", 20), None, balance(3, "9000000", 15), balance(2, "1", 99)],
    "customers": [PIN],
    "order": [order(1, balances=[0, 1]), order(2, balances=[1, 5]), order(3, customers=[0, 1])],
    "changes": [
        change(1, None, "mid", "600000.00", ("balances", 0)),
        change(2, "mid", "low", "100.00", ("balances", 1)),
        change(3, "low", "high", "100.00", ("customers", 0)),
    ],
    "current": [change(3, "low", "high", "100.00", ("customers", 0))],
    "dead-letters": [letter("balances", 2)],
    **welcomed("high", ("customers", 0)),
}


def history(written: dict[str, list[Any]] = WRITTEN) -> History:
    def seen(value: Any, offset: int) -> Seen:
        return Seen(offset, b"C1", None if value is None else json.dumps(value).encode(), 0.0)

    topics = {at(name): [seen(value, n) for n, value in enumerate(written.get(name, []))] for name in NAMES}
    acknowledged = [
        Acknowledged(at("balances"), there.offset, Event("balances", b"C1", there.value))
        for there in topics[at("balances")]
        if there.value is not None
    ]
    group = {at("balances"): 5, at("customers"): 1}
    shown = [Shown("C1", 1, "w0"), Shown("C1", 3, "w1")]
    return History(1, NAMES, topics, [deepcopy(topics)], shown, acknowledged, group)


def test_a_history_without_a_fault_is_clean() -> None:
    assert anomalies(history()) == []


def _forget_input(found: History) -> History:
    return found._replace(acknowledged=[*found.acknowledged, Acknowledged(at("balances"), 7, Event("", b"", b"?"))])


def _without(name: str, *numbers: int) -> Callable[[History], History]:
    def damage(found: History) -> History:
        kept = [seen for number, seen in enumerate(found.topics[at(name)]) if number not in numbers]
        return found._replace(topics={**found.topics, at(name): kept}, early=[])

    return damage


def _twice(name: str, number: int) -> Callable[[History], History]:
    def damage(found: History) -> History:
        records = found.topics[at(name)]
        again = records[number]._replace(offset=len(records))
        return found._replace(topics={**found.topics, at(name): [*records, again]})

    return damage


def _with(name: str, number: int, **fields: Any) -> Callable[[History], History]:
    def damage(found: History) -> History:
        records = list(found.topics[at(name)])
        value = json.dumps({**json.loads(records[number].value or b""), **fields}).encode()
        records[number] = records[number]._replace(value=value)
        return found._replace(topics={**found.topics, at(name): records}, early=[])

    return damage


def _swapped(name: str) -> Callable[[History], History]:
    def damage(found: History) -> History:
        first, second, *others = found.topics[at(name)]
        swapped = [first._replace(value=second.value), second._replace(value=first.value), *others]
        return found._replace(topics={**found.topics, at(name): swapped}, early=[])

    return damage


def _read_out_of_order(found: History) -> History:
    return found._replace(early=[{at("changes"): found.topics[at("changes")][::-1]}])


def _read_and_gone(found: History) -> History:
    gone = Seen(9, b"C1", b"{}", 0.0)
    return found._replace(early=[{at("changes"): [*found.topics[at("changes")], gone]}])


def _shown(*sequences: int) -> Callable[[History], History]:
    return lambda found: found._replace(shown=[Shown("C1", sequence, "w0") for sequence in sequences])


def _group_at(**offsets: int) -> Callable[[History], History]:
    return lambda found: found._replace(group={**found.group, **{at(name): to for name, to in offsets.items()}})


@pytest.mark.parametrize(
    ("damage", "kind"),
    [
        (_forget_input, "lost write"),
        (_without("changes", 2), "torn transaction"),
        (_without("order", 2), "lost write"),
        (_without("order", 1), "lost write"),
        (_without("current", 0), "wrong value"),
        (_without("dead-letters", 0), "torn transaction"),
        (_without("changes", 1), "torn transaction"),
        (_twice("changes", 1), "duplicate"),
        (_twice("order", 1), "duplicate"),
        (_swapped("changes"), "non-monotonic read"),
        (_twice("dead-letters", 0), "duplicate"),
        (_with("changes", 1, value="100.01"), "wrong value"),
        (_with("changes", 1, tier="mid"), "wrong value"),
        (_with("changes", 1, previous_tier="high"), "wrong value"),
        (_with("changes", 2, sequence=4), "duplicate"),
        (_with("current", 0, tier="low"), "wrong value"),
        (_with("dead-letters", 0, offset=1), "wrong value"),
        (_with("order", 1, positions={NAMES["balances"]: [0, 5]}), "duplicate"),
        (_with("order", 1, positions={NAMES["balances"]: [2, 5]}), "lost write"),
        (_read_out_of_order, "non-monotonic read"),
        (_read_and_gone, "aborted read"),
        (_shown(2, 1), "non-monotonic read"),
        (_shown(4), "aborted read"),
        (_group_at(balances=4), "inconsistent offsets"),
        (_group_at(customers=2), "inconsistent offsets"),
    ],
)
def test_damage_is_told_by_its_name(damage: Callable[[History], History], kind: Kind) -> None:
    assert kind in {anomaly.kind for anomaly in anomalies(damage(history()))}


def erased() -> History:
    """An erase that leaves what is newer, and the next number."""
    erase = {"event_id": "x", "customer_id": "C1", "action": "erase", "at": 15}
    erasure = {"id": "C1:erased:15", "customer_id": "C1", "last_sequence": 2, "cause": letter("customers", 0)}
    written = {
        "balances": [balance(1, "600000", 10), balance(2, "5000000", 20), balance(3, "1", 12)],
        "customers": [erase],
        "order": [order(1, balances=[0, 2]), order(2, customers=[0, 1]), order(3, balances=[2, 3])],
        "changes": [
            change(1, None, "mid", "600000", ("balances", 0)),
            change(2, "mid", "high", "5000000", ("balances", 1)),
            change(3, None, "high", "5000000", ("customers", 0)),
        ],
        "current": [change(3, None, "high", "5000000", ("customers", 0))],
        "erasures": [erasure],
        **welcomed("high", ("balances", 1)),
    }
    return history(written)._replace(group={at("balances"): 3, at("customers"): 1})


def test_an_erase_leaves_what_is_newer_and_the_next_number() -> None:
    assert anomalies(erased()) == []


@pytest.mark.parametrize(
    ("damage", "kind"),
    [
        (_without("erasures", 0), "torn transaction"),
        (_twice("erasures", 0), "duplicate"),
        (_with("erasures", 0, last_sequence=3), "wrong value"),
        (_with("erasures", 0, id="C1:erased:16"), "wrong value"),
    ],
)
def test_an_erasure_that_is_not_as_it_has_to_be_is_told(damage: Callable[[History], History], kind: Kind) -> None:
    assert kind in {anomaly.kind for anomaly in anomalies(damage(erased()))}


def bought() -> History:
    """Purchases, of which a hundredth is paid by a budget of 4,000; then one after an opt-out."""
    amounts = (300_000, 200_000, 50_000, 10)
    purchases = [
        {"event_id": f"t{n}", "customer_id": "C1", "type": "purchase", "amount": str(amount), "occurred_at": 20 + n}
        for n, amount in enumerate(amounts)
    ]
    opt_out = {"event_id": "o", "customer_id": "C1", "action": "opt_out", "at": 22}
    known = change(1, None, "low", "100", ("balances", 0))
    written = {
        "balances": [balance(1, "100", 10)],
        "transactions": purchases,
        "customers": [opt_out],
        "order": [order(1, balances=[0, 1], transactions=[0, 2]), order(2, transactions=[2, 4], customers=[0, 1])],
        "changes": [known],
        "current": [known],
        "candidates": [candidate("purchase-back", n) for n in (1, 2, 3)],
        "campaigns": [
            trigger("purchase-back", 1, "low", "3000.00", ("transactions", 0)),
            trigger("purchase-back", 3, "low", "500.00", ("transactions", 2)),
        ],
    }
    return history(written)._replace(
        group={at("balances"): 1, at("transactions"): 4, at("customers"): 1}, shown=[Shown("C1", 1, "w0")]
    )


def test_a_budget_grants_what_it_holds_in_the_order_of_the_candidates() -> None:
    assert anomalies(bought()) == []


@pytest.mark.parametrize(
    ("damage", "kind"),
    [
        (_without("candidates", 0), "torn transaction"),
        (_without("candidates", 2), "lost write"),
        (_twice("candidates", 1), "duplicate"),
        (_with("candidates", 2, id="C1:purchase-back:4"), "duplicate"),
        (_swapped("candidates"), "wrong value"),
        (_without("campaigns", 1), "lost write"),
        (_twice("campaigns", 0), "duplicate"),
        (_with("campaigns", 1, id="C1:purchase-back:2", sequence=2), "wrong value"),
        (_with("campaigns", 1, amount="500.01"), "wrong value"),
    ],
)
def test_a_trigger_that_is_not_as_it_has_to_be_is_told(damage: Callable[[History], History], kind: Kind) -> None:
    assert kind in {anomaly.kind for anomaly in anomalies(damage(bought()))}


def risk(number: int | None, what: str, tier: str, cause: tuple[str, int]) -> Any:
    name, kind, told = (
        ("decision", "decision", {"outcome": what})
        if number is None
        else (f"alert:{number}", "alert", {"reason": what})
    )
    return {"id": f"C1:L1:{name}", "kind": kind, **told, "tier": tier, "cause": letter(*cause)}


def lent() -> History:
    """A loan of more than there is, whose customer then loses all and is in poor standing; one that is no large one."""
    loans = [
        {"event_id": f"l{n}", "customer_id": "C1", "loan_id": f"L{n}", "amount": amount, "applied_at": 20}
        for n, amount in ((1, "700000"), (2, "599999"))
    ]
    poor = {"event_id": "s", "customer_id": "C1", "standing": "poor", "as_of": 40}
    changes = [
        change(1, None, "mid", "600000", ("balances", 0)),
        change(2, "mid", "low", "100", ("balances", 1)),
    ]
    standard = {**risk(None, "standard", "mid", ("loans", 1)), "id": "C1:L2:decision"}
    written = {
        "balances": [balance(1, "600000", 10), balance(2, "100", 30)],
        "loans": loans,
        "credit": [poor],
        "order": [order(1, balances=[0, 1], loans=[0, 2]), order(2, balances=[1, 2], credit=[0, 1])],
        "changes": changes,
        "current": changes[1:],
        "risk": [
            risk(None, "refer", "mid", ("loans", 0)),
            standard,
            risk(1, "assets_fell", "low", ("balances", 1)),
            risk(2, "assets_fell", "low", ("balances", 1)),
            risk(3, "standing_worse", "low", ("credit", 0)),
        ],
    }
    return history(written)._replace(
        group={at("balances"): 2, at("loans"): 2, at("credit"): 1}, shown=[Shown("C1", 2, "w0")]
    )


def test_a_loan_is_decided_and_watched() -> None:
    assert anomalies(lent()) == []


@pytest.mark.parametrize(
    ("damage", "kind"),
    [
        (_without("risk", 0), "torn transaction"),
        (_without("risk", 4), "torn transaction"),
        (_twice("risk", 2), "duplicate"),
        (_with("risk", 0, outcome="enhanced"), "wrong value"),
        (_with("risk", 1, tier="low"), "wrong value"),
        (_with("risk", 4, reason="assets_fell"), "wrong value"),
        (_with("risk", 4, id="C1:L1:alert:4"), "duplicate"),
    ],
)
def test_a_risk_that_is_not_as_it_has_to_be_is_told(damage: Callable[[History], History], kind: Kind) -> None:
    assert kind in {anomaly.kind for anomaly in anomalies(damage(lent()))}


@pytest.mark.parametrize(
    ("status", "said", "kinds_told"),
    [
        (70, "worker ends: this machine's clock is 1200 s ahead of the broker's", []),
        (70, "worker ends: partition 2 hangs", ["unexpected end"]),
        (-15, "", ["unexpected end"]),
        (0, "", ["stays down"]),
        (2, "error: no policy is in force", ["stays down"]),
    ],
)
def test_a_worker_that_ends_by_itself_is_told_unless_its_clock_is_wrong(
    status: int, said: str, kinds_told: list[str]
) -> None:
    assert [anomaly.kind for anomaly in ends([Ended("w0", status, said)])] == kinds_told
