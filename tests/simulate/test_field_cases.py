"""Faults that people who do this job have met: the events, and what is right."""

import json
from pathlib import Path
from typing import Any

import pytest

from streams.contracts.lines import parse_line
from streams.contracts.newest_change import change_of, unpack_change
from streams.contracts.packing import unpack_state
from streams.engine.outcomes import Unrated
from streams.partition.customers import Customers
from streams.partition.outputs import sent_to
from streams.partition.work import CAMPAIGNS
from streams.policy.compile.load import load_policy
from streams.policy.policy import Policy
from streams.simulate import Simulation
from streams.values.events import BALANCES, TRANSACTIONS
from tests.simulate.test_simulate import File
from tests.support.histories import DOOMSDAY_MS, STANDARD, Bench


def outputs(file: File, topic: str, policy: Policy = STANDARD) -> list[dict[str, Any]]:
    found = Simulation(policy).work(file.lines).outputs
    return [json.loads(output.value) for output in found if output.topic == f"tier.{topic}"]


# --- payments in a currency without cents, and in one with a thousandth ---


@pytest.mark.parametrize(
    ("currency", "amount", "paid"),
    [
        ("JPY", "12345", ["61.00"]),  # 0.5% are 61.725
        ("JPY", "150", []),  # 0.75: nothing can be paid, so there is no trigger
        ("JPY", "200", ["1.00"]),
        ("KWD", "12.345", ["0.061"]),  # 0.061725
        ("KWD", "0.1999", []),
        ("KWD", "0.2", ["0.001"]),
        ("TWD", "12.345", ["0.06"]),
        ("CLF", "0.0200", ["0.0001"]),
    ],
)
def test_a_payment_is_rounded_down_to_the_minor_unit_of_its_currency(
    currency: str, amount: str, paid: list[str]
) -> None:
    policy = load_policy(
        f"""
        name = "pays"
        version = 1
        currency = "{currency}"
        tiers = [{{ id = "low" }}, {{ id = "mid", at_least = "500000" }}]
        [[campaigns]]
        id = "cash-back"
        kind = "cash_back"
        per = "transaction"
        rate = "0.005"
        """
    )
    file = File()
    file.balance("K24", "1000", "2026-11-20T09:00:00+09:00", currency=currency)
    file.transaction("K24", amount, "2026-11-20T10:00:00+09:00", currency=currency)
    found = outputs(file, "campaigns", policy)
    assert [(trigger["amount"], trigger["currency"]) for trigger in found] == [(amount, currency) for amount in paid]


# --- debts that come as positive amounts, with the source's word for the product, or with none ---

DEPOSIT = ("CUR-1", "20000.00", "deposit")


@pytest.mark.parametrize(
    "balances",
    [
        [DEPOSIT, ("MTG-1", "6000000.00", "mortgage")],
        [DEPOSIT, ("CARD-2", "480000.00", "credit_card")],
        [DEPOSIT, ("LN-3", "6000000.00", "LOAN")],
        [("LN-4", "6000000.00", "loan"), ("LN-4", "5990000.00", None)],
        [("LN-4", "-6000000.00", "Mortgage"), ("LN-4", "5990000.00", "")],
    ],
    ids=["mortgage", "credit card", "capitals", "no word in an update", "an empty word, a debt below 0"],
)
def test_nobody_rises_by_a_debt(balances: list[tuple[str, str, str | None]]) -> None:
    file = File()
    for minute, (account, amount, product) in enumerate(balances):
        more = {} if product is None else {"product": product}
        file.balance("K6", amount, f"2026-01-05T09:{minute:02}:00+08:00", account, **more)
    assert [change["tier"] for change in outputs(file, "changes")] == ["low"]
    assert outputs(file, "dead-letters") == []


def test_a_product_that_nobody_knows_is_refused_unless_the_policy_maps_it() -> None:
    file = File()
    file.balance("K6", "600000", "2026-01-05T09:00:00+08:00", product="Structured-Note")
    assert [letter["reason"] for letter in outputs(file, "dead-letters")] == ["unknown_product"]
    mapped = load_policy(STANDARD.document + '\n[products]\nstructured-note = "securities"\n')
    assert [change["tier"] for change in outputs(file, "changes", mapped)] == ["mid"]


# --- one account number with three currencies, as one statement tells them ---


def test_each_currency_of_an_account_is_a_balance_of_its_own() -> None:
    file = File()
    for amount, currency in (("10000.00", "USD"), ("10000.00", "EUR"), ("1000000", "JPY")):
        file.balance("K4", amount, "2026-01-05T09:00:00+08:00", "FX-7700123", currency=currency)
    file.balance("K4", "0", "2026-01-05T09:00:00+08:00", "FX-7700123", currency="USD")  # at equal times the later
    found = [(change["tier"], change["components"]["assets"]) for change in outputs(file, "changes", THREE_CURRENCIES)]
    assert found == [("low", "315000.00"), ("mid", "657000.00"), ("high", "867000.00"), ("mid", "552000.00")]


THREE_CURRENCIES = load_policy(
    """
    name = "three currencies"
    version = 1
    currency = "TWD"
    rates = { USD = "31.5", EUR = "34.2", JPY = "0.21" }
    tiers = [{ id = "low" }, { id = "mid", at_least = "500000" }, { id = "high", at_least = "867000" }]
    """
)


# --- a balance that comes after a newer one: 0 on 1 January, 600,000 from the 2nd, 0 again on the 31st ---

MONTH_AVERAGE = load_policy(
    """
    name = "month-average"
    version = 1
    currency = "TWD"
    tiers = [{ id = "personal" }, { id = "premier", at_least = "500000" }]

    [measures.month_average]
    average = "assets"
    months = 1

    [value]
    terms = [{ measure = "month_average" }]

    [rating]
    when = "month_end"
    """
)
BACK_VALUE = {"b1": ("0", "2026-01-01T00:00"), "b2": ("600000", "2026-01-02T10:00"), "b3": ("0", "2026-01-31T10:00")}


@pytest.mark.parametrize(
    ("arrival", "decided"),
    [
        ("b1 b2 b3 later", ("window_moved", "2026-02-01T00:00:00+08:00")),
        ("b1 b3 b2 later", ("window_moved", "2026-02-01T00:00:00+08:00")),
        ("b2 b3 b1 later", ("window_moved", "2026-02-01T00:00:00+08:00")),
        ("b3 b2 b1 later", ("window_moved", "2026-02-01T00:00:00+08:00")),
        ("b1 b3 later b2", ("correction", "2026-02-02T09:00:00+08:00")),
        ("b3 later b1 b2", ("correction", "2026-02-02T09:00:00+08:00")),
    ],
)
def test_three_balances_give_the_same_tier_in_any_order(arrival: str, decided: tuple[str, str]) -> None:
    file = File()
    for word in arrival.split():
        if word == "later":
            file.balance("OTHER", "1", "2026-02-02T09:00:00+08:00")
        else:
            amount, when = BACK_VALUE[word]
            file.balance("K26", amount, f"{when}:00+08:00")
    mine = [change for change in outputs(file, "changes", MONTH_AVERAGE) if change["customer_id"] == "K26"]
    assert [change["tier"] for change in mine] == ["personal", "premier"]
    assert (mine[-1]["reason"], mine[-1]["decided_at"]) == decided
    assert mine[-1]["value"] == "561290.3226"  # 29 x 600,000 / 31


@pytest.mark.parametrize("file", ["events-in-order", "events", "events-B"])
def test_the_published_case_of_a_late_balance_gives_the_same_tier_in_any_order(file: str) -> None:
    folder = Path(__file__).parents[3] / "shared" / "field" / "26-late-balance-in-an-average"
    if not folder.is_dir():
        pytest.skip("the field's cases are not beside the project")
    policy = load_policy((folder / "policy.toml").read_text(encoding="utf-8"))
    lines = [parse_line(line) for line in (folder / f"{file}.jsonl").read_bytes().splitlines()]
    changes = [json.loads(output.value) for output in Simulation(policy).work(lines).outputs]
    mine = [change for change in changes if change.get("customer_id") == "K26" and "earned_tier" in change]
    assert (mine[-1]["tier"], mine[-1]["value"]) == ("premier", "561290.3226")


# --- a currency leaves the policy ---

KUNA = """
name = "hr-bank"
version = {version}
currency = "EUR"
time_zone = "Europe/Zagreb"
rates = {rates}
tiers = [{{ id = "low" }}, {{ id = "mid", at_least = "50000" }}]
"""
V1 = load_policy(KUNA.format(version=1, rates='{ HRK = "0.13272281", USD = "0.92" }'))
V2 = load_policy(KUNA.format(version=2, rates='{ USD = "0.92" }'))


def test_what_is_held_without_a_rate_is_named() -> None:
    history = File()
    history.balance("K19", "753450.00", "2026-11-20T10:00:00+01:00", "HR-1", currency="HRK")
    history.balance("K19", "12.5", "2026-11-20T10:00:00+01:00", "L", currency="HRK", product="loan")
    bench = Bench(V1)
    bench.work(history)
    (before,) = bench.outcome.changes
    assert before["tier"] == "mid"
    assert "without_rate" not in before
    again = Bench(V2)
    again.partition = Customers(again.setup, bench.outcome.packed, bench.outcome.lane)
    again.batch([], DOOMSDAY_MS)
    (after,) = again.outcome.changes
    assert (after["tier"], after["reason"], after["value"]) == ("low", "policy_changed", "0.00")
    assert after["without_rate"] == [{"currency": "HRK", "assets": "753450.00", "loans": "12.50"}]
    kept = unpack_change(unpack_state(again.outcome.packed[b"K19"]), "K19")
    assert kept is not None
    assert change_of(kept).unrated == (Unrated("HRK", 7_534_500_000, 125_000),)


# --- one loan, two applicants ---


def test_each_applicant_of_a_joint_loan_has_a_decision_and_alerts_of_its_own() -> None:
    file = File()
    for customer, amount in (("ANNA", "2000000"), ("BEN", "50000")):
        file.balance(customer, amount, "2026-01-05T09:00:00+08:00")
        file.loan(customer, "4000000", "2026-03-10T10:00:00+08:00", loan_id="HL-7")
        file.balance(customer, "5000", "2026-04-05T09:00:00+08:00")
    ids = [risk["id"] for risk in outputs(file, "risk")]
    of_each = ("decision", "alert:1", "alert:2", "alert:3")
    assert sorted(ids) == sorted(f"{customer}:HL-7:{what}" for customer in ("ANNA", "BEN") for what in of_each)


# --- consents and pins that come in another order than they were said ---


def test_of_consents_the_newest_holds_whatever_came_last() -> None:
    file = File()
    file.balance("K30", "20000", "2026-01-05T09:00:00+08:00")
    file.action("K30", "opt_out", "2026-01-06T10:00:00+08:00")  # in the app, at once
    file.action("K30", "opt_in", "2026-01-06T09:00:00+08:00")  # in the branch, told later
    file.balance("K31", "20000", "2026-01-05T09:00:00+08:00")
    file.action("K31", "opt_in", "2026-01-06T10:00:00+08:00")
    file.action("K31", "opt_out", "2026-01-06T09:00:00+08:00")
    file.balance("other", "10", "2026-03-20T09:00:00+08:00")
    dormant = [found for found in outputs(file, "campaigns") if found["kind"] == "dormant"]
    assert [trigger["customer_id"] for trigger in dormant] == ["K31"]


def test_an_unpin_of_before_does_not_end_a_pin() -> None:
    file = File()
    file.pin("K30", "high", "2026-01-06T10:00:00+08:00", "2027-01-01T00:00:00+08:00")
    file.balance("K30", "100", "2026-01-06T10:00:01+08:00")
    file.action("K30", "unpin", "2026-01-06T09:30:00+08:00")
    file.pin("K30", "mid", "2026-01-06T09:59:59+08:00", "2027-01-01T00:00:00+08:00")
    assert [change["tier"] for change in outputs(file, "changes")] == ["high"]


def test_a_pin_of_before_does_not_come_back_when_the_newer_one_has_ended() -> None:
    file = File()
    file.balance("K30", "100", "2026-01-05T10:00:00+08:00")
    file.pin("K30", "high", "2026-01-06T10:00:00+08:00", "2026-01-07T00:00:00+08:00")
    file.balance("other", "10", "2026-01-08T09:00:00+08:00")
    file.pin("K30", "mid", "2026-01-06T09:00:00+08:00", "2027-01-01T00:00:00+08:00")
    found = [change for change in outputs(file, "changes") if change["customer_id"] == "K30"]
    assert [(change["tier"], change["reason"]) for change in found] == [
        ("low", "first_event"), ("high", "pin_set"), ("low", "pin_ended"),
    ]  # fmt: skip


def test_of_two_pins_at_one_time_the_later_one_to_come_holds() -> None:
    file = File()
    file.balance("K30", "100", "2026-01-05T10:00:00+08:00")
    for tier in ("high", "mid"):
        file.pin("K30", tier, "2026-01-06T10:00:00+08:00", "2027-01-01T00:00:00+08:00")
    assert [change["tier"] for change in outputs(file, "changes")] == ["low", "high", "mid"]


# --- an erase, and a source that sends again what is older ---


def test_what_is_not_newer_than_an_erase_revives_nobody() -> None:
    file = File()
    first = {"event_id": "b1"}
    file.balance("K8", "20000", "2026-01-05T09:00:00+08:00", **first)
    file.action("K8", "opt_out", "2026-01-06T09:00:00+08:00")
    file.action("K8", "erase", "2026-01-10T09:00:00+08:00")
    file.balance("K8", "20000", "2026-01-05T09:00:00+08:00", **first)
    file.transaction("K8", "2000", "2026-01-09T18:00:00+08:00", type="deposit")
    file.credit("K8", "poor", "2026-01-10T09:00:00+08:00")
    file.loan("K8", "1000", "2026-01-09T18:00:00+08:00")
    file.pin("K8", "high", "2026-01-10T08:59:59+08:00", "2027-01-01T00:00:00+08:00")
    file.action("K8", "erase", "2026-01-08T09:00:00+08:00")  # an older one changes nothing, either
    file.balance("other", "10", "2026-03-20T09:00:00+08:00")
    simulation = Simulation(STANDARD)
    chunk = simulation.work(file.lines)
    told = [(output.topic, (json.loads(output.value) or {}).get("customer_id")) for output in chunk.outputs]
    assert told == [
        ("tier.changes", "K8"),
        ("tier.current", "K8"),
        ("tier.campaigns", "K8"),  # a gift for b1
        ("tier.erasures", "K8"),  # of the first erase alone
        ("tier.current", None),  # a tombstone
        ("tier.changes", "other"),
        ("tier.current", "other"),
    ]
    erased = {labels[1]: count for labels, count in chunk.work.tally.items() if labels[::2] == ("events", "erased")}
    assert erased == {f"bank.{topic}": 1 for topic in ("balances", "transactions", "credit", "loans")} | {
        "bank.customers": 2
    }
    kept = unpack_state(simulation.partition.packed[b"K8"])
    assert (kept.tier, kept.first_event_ms, kept.account_rows, kept.sequence) == (None, None, b"", 1)


def test_what_is_newer_than_an_erase_begins_anew() -> None:
    file = File()
    file.balance("K8", "900000", "2026-01-05T09:00:00+08:00")
    file.balance("K8", "800000", "2026-01-12T09:00:00+08:00")
    file.action("K8", "erase", "2026-01-10T09:00:00+08:00")  # it comes late: what is newer stays
    file.balance("K8", "700000", "2026-01-10T09:00:00.001+08:00", "another")
    file.balance("K8", "9000000", "2026-01-09T09:00:00+08:00", "old")
    file.balance("K8", "4000000", "2026-01-12T10:00:00+08:00", "third")
    found = [(change["id"], change["direction"], change["value"]) for change in outputs(file, "changes")]
    assert found == [
        ("K8:1", "initial", "900000.00"), ("K8:2", "initial", "800000.00"), ("K8:3", "upgrade", "5500000.00"),
    ]  # fmt: skip


# --- a reversal that is sent twice, under two ids ---


def test_a_purchase_is_undone_once() -> None:
    policy = load_policy(
        """
        name = "volume-now"
        version = 1
        currency = "TWD"
        [measures.volume]
        sum = ["purchase", "transfer_in", "transfer_out"]
        days = 90
        [value]
        terms = [{ measure = "assets" }, { measure = "volume", weight = "0.01", at_most = "50000" }]
        [[tiers]]
        id = "low"
        [[tiers]]
        id = "mid"
        at_least = "500000"
        """
    )
    file = File()
    file.balance("K2", "499000", "2026-01-02T10:00:00+08:00")
    file.transaction("K2", "100000", "2026-01-03T10:00:00+08:00", event_id="p1")
    file.transaction("K2", "100000", "2026-01-04T10:00:00+08:00", event_id="p2")
    undone = {"reverses": "p1", "reversed_at": "2026-01-03T10:00:00+08:00"}
    file.transaction("K2", "100000", "2026-01-05T10:00:00+08:00", event_id="r1", **undone)
    file.transaction("K2", "100000", "2026-01-05T10:00:07+08:00", event_id="r1-retry", **undone)
    assert [(change["tier"], change["value"]) for change in outputs(file, "changes", policy)] == [
        ("low", "499000.00"), ("mid", "500000.00"),
    ]  # fmt: skip
    file.transaction("K2", "100000", "2026-01-06T10:00:00+08:00", event_id="r2",
                     reverses="p2", reversed_at="2026-01-04T10:00:00+08:00")  # fmt: skip
    file.transaction("K2", "100000", "2026-01-07T10:00:00+08:00", event_id="r3",
                     reverses="r1", reversed_at="2026-01-05T10:00:00+08:00")  # fmt: skip
    last = [(change["tier"], change["reason"], change["value"]) for change in outputs(file, "changes", policy)[2:]]
    assert last == [("low", "correction", "499000.00"), ("mid", "correction", "500000.00")]


# --- purchases that are posted after their month, and refunds ---

PAYS = """
name = "pays"
version = 1
currency = "TWD"
tiers = [{{ id = "low" }}, {{ id = "mid", at_least = "500000" }}]
[[campaigns]]
id = "back"
kind = "cash_back"
tiers = ["low"]
rate = "0.01"
{more}
"""


def paid(file: File, more: str = "") -> list[tuple[str, str, str]]:
    """When, for which month and how much."""
    file.balance("other", "2", "2026-12-02T00:00:05+08:00", "z")
    found = outputs(file, "campaigns", load_policy(PAYS.format(more=more)))
    return [(one["triggered_at"][:10], one["period"], one["amount"]) for one in found if one["customer_id"] == "K31"]


def posted_late() -> File:
    file = File()
    file.balance("K31", "1000", "2026-01-02T10:00:00+08:00")
    file.transaction("K31", "5000", "2026-01-20T15:00:00+08:00")
    file.balance("other", "1", "2026-02-01T00:00:05+08:00")
    file.transaction("K31", "10000", "2026-01-31T20:00:00+08:00")
    file.transaction("K31", "4000", "2026-02-10T20:00:00+08:00")
    return file


JANUARY = ("2026-02-01", "2026-01", "50.00")


@pytest.mark.parametrize(
    ("more", "payments"),
    [
        ("", [JANUARY, ("2026-03-01", "2026-02", "140.00")]),
        ('at_most = "120"', [JANUARY, ("2026-03-01", "2026-02", "110.00")]),  # of January not more than that
        ('at_least = "5001"', [("2026-03-01", "2026-02", "150.00")]),  # January reaches the floor after its end
        ("settles_after_days = 3", [("2026-02-04", "2026-01", "150.00"), ("2026-03-04", "2026-02", "40.00")]),
        ("settles_after_days = 45", [("2026-03-18", "2026-01", "150.00"), ("2026-04-15", "2026-02", "40.00")]),
    ],
)
def test_a_purchase_that_is_posted_after_its_month_is_paid(more: str, payments: list[tuple[str, str, str]]) -> None:
    assert paid(posted_late(), more) == payments


def test_the_first_purchase_of_a_month_may_be_posted_after_it() -> None:
    file = File()
    file.balance("K31", "1000", "2026-01-02T10:00:00+08:00")
    file.transaction("K31", "10000", "2026-03-31T20:00:00+08:00", type="withdrawal")
    file.balance("other", "1", "2026-04-01T00:00:05+08:00")
    file.transaction("K31", "10000", "2026-03-31T20:00:00+08:00")
    assert paid(file) == [("2026-05-01", "2026-04", "100.00")]


def test_the_month_before_somebody_is_first_heard_of_is_paid() -> None:
    file = File()
    file.balance("other", "1", "2026-02-01T00:00:05+08:00")
    file.transaction("K31", "10000", "2026-01-31T20:00:00+08:00")
    assert paid(file) == [("2026-03-01", "2026-02", "100.00")]


def refunded(*amounts: str) -> File:
    """Three purchases of January, of which these are undone in February, and 4,000 in March."""
    file = File()
    file.balance("K31", "1000", "2026-01-02T10:00:00+08:00")
    for number, amount in enumerate(("5000", "7000", "9000"), 1):
        file.transaction("K31", amount, f"2026-01-0{number}T15:00:00+08:00", event_id=f"p{number}")
    for number, amount in enumerate(amounts, 1):
        undone = {"reverses": f"p{number}", "reversed_at": f"2026-01-0{number}T15:00:00+08:00"}
        file.transaction("K31", amount, f"2026-02-0{number}T15:00:00+08:00", event_id=f"r{number}", **undone)
    file.transaction("K31", "4000", "2026-03-10T15:00:00+08:00")
    return file


@pytest.mark.parametrize(
    ("undone", "payments"),
    [
        ((), [("2026-04-01", "2026-03", "40.00")]),
        (("5000",), []),  # 50 too much were paid in February; 10 of it are left to be taken off
        (("1000",), [("2026-04-01", "2026-03", "30.00")]),
        (("5000", "7000"), []),
    ],
)
def test_what_is_undone_after_its_month_is_taken_off_the_next_payment(
    undone: tuple[str, ...], payments: list[tuple[str, str, str]]
) -> None:
    assert paid(refunded(*undone)) == [("2026-02-01", "2026-01", "210.00"), *payments]


def test_what_is_left_to_be_taken_off_is_carried_until_it_is_used_up() -> None:
    file = refunded("5000")
    file.transaction("K31", "700", "2026-05-10T15:00:00+08:00")
    file.transaction("K31", "500", "2026-06-10T15:00:00+08:00")
    file.transaction("K31", "500", "2026-07-10T15:00:00+08:00")
    assert paid(file)[1:] == [("2026-07-01", "2026-06", "2.00"), ("2026-08-01", "2026-07", "5.00")]


def test_what_is_put_back_is_paid_and_a_second_reversal_takes_nothing_off() -> None:
    file = refunded("5000")
    again = {"reverses": "p1", "reversed_at": "2026-01-01T15:00:00+08:00"}
    file.transaction("K31", "5000", "2026-03-11T15:00:00+08:00", event_id="again", **again)
    back = {"reverses": "r1", "reversed_at": "2026-02-01T15:00:00+08:00"}
    file.transaction("K31", "5000", "2026-03-12T15:00:00+08:00", event_id="back", **back)
    assert paid(file)[1:] == [("2026-04-01", "2026-03", "40.00")]


def test_a_month_in_another_tier_is_not_paid_later_either() -> None:
    file = File()
    file.balance("K31", "600000", "2026-01-02T10:00:00+08:00")
    file.transaction("K31", "10000", "2026-01-20T15:00:00+08:00")
    file.balance("K31", "1000", "2026-02-02T10:00:00+08:00")
    file.transaction("K31", "10000", "2026-01-31T20:00:00+08:00")
    file.transaction("K31", "4000", "2026-02-10T20:00:00+08:00")
    assert paid(file) == [("2026-03-01", "2026-02", "40.00")]


def test_a_month_before_the_campaign_came_into_force_is_not_paid() -> None:
    file = File()
    file.balance("K31", "1000", "2026-01-02T10:00:00+08:00")
    file.transaction("K31", "5000", "2026-01-20T15:00:00+08:00")
    before = load_policy(PAYS.format(more="").replace('"cash_back"\n', '"cash_back"\nper = "transaction"\n'))
    bench = Bench(before)
    bench.work(file)
    again = Bench(load_policy(PAYS.format(more="")))
    again.partition = Customers(again.setup, bench.outcome.packed, bench.outcome.lane)
    file.balance("other", "1", "2026-02-03T00:00:05+08:00")
    worked = [len(lines) for lines in file.topics]
    again.work(after(file, 1, 1))
    file.transaction("K31", "10000", "2026-01-31T20:00:00+08:00")
    file.transaction("K31", "4000", "2026-02-10T20:00:00+08:00")
    file.balance("other", "1", "2026-04-03T00:00:05+08:00")
    again.work(after(file, worked[BALANCES], 1))
    told = [json.loads(message.value or b"") for work in again.outcome.works for message in sent_to(work, CAMPAIGNS)]
    assert [(one["period"], one["amount"]) for one in told] == [("2026-02", "40.00")]


def after(file: File, balances: int, transactions: int) -> File:
    """What comes after so many balances and transactions."""
    rest = File()
    rest.topics[BALANCES] = file.topics[BALANCES][balances:]
    rest.topics[TRANSACTIONS] = file.topics[TRANSACTIONS][transactions:]
    return rest
