"""What will happen if nothing else does, by policy; every prediction is held against the engine, run that way.

A case: the policy, what happened by local time, "now", and the outlook:

    mid -> low WHEN REASON                              a change to come
    kept by AMOUNT until WHEN, then WHEN, held WHEN     the deposit that keeps the tier; when it is lost all the same
    lasting AMOUNT                                      what keeps it until the horizon
    TIER at WHEN by AMOUNT until WHEN                   the deposit that gives the next tier
"""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.engine.prospects import Outlook
from streams.engine.state import CustomerState
from streams.engine.tiers.outlook import keeping, outlook
from streams.engine.tiers.step import pass_time
from streams.policy.policy import Policy
from streams.values.calendar import DAY_MS
from tests.support.event_plans import POLICIES, START, Plan, decoded, history_of, years
from tests.support.laws import laws
from tests.support.one_customer import STANDARD, Customer, a_policy, at, balance, credit, pin, policy_of, transaction

WITHDRAWN = "0"
_ACCOUNT = "the deposit"
_encode = msgspec.msgpack.encode
_decode = msgspec.msgpack.Decoder(CustomerState).decode

AVERAGES = a_policy(
    '[measures.m]\naverage = "assets"\ndays = 30\n[value]\nterms = [{ measure = "m" }]\n[falling]\nafter_days = 30\n'
    '[[tiers]]\nid = "low"\n[[tiers]]\nid = "mid"\nat_least = "1000"\n'
)


@dataclass
class Case:
    policy: Policy
    events: str
    outlook: str
    now: str = ""


def case(policy: str | Policy, events: str, told: str) -> Case:
    return Case(policy_of(policy) if isinstance(policy, str) else policy, events, told)


CASES = {
    "standard in protection and grace, the later end counts": case(
        "standard",
        """
        2026-01-01T10:00 balance 100
        2026-01-02T10:00 balance 500000
        2026-01-03T10:00 balance 400000
        """,
        """
        mid -> low 2026-04-02T10:00 grace_ended
        kept by 100000.00 until 2026-03-04, then 2026-04-03, held never
        high at 2026-01-03T10:00 by 4600000.00 until 2026-01-04
        """,
    ),
    "standard in grace after the protection: a day is enough to begin the grace anew": case(
        "standard",
        """
        2026-01-01T10:00 balance 100
        2026-01-02T10:00 balance 500000
        2026-05-03T10:00 balance 499999.99
        2026-05-10T12:00
        """,
        """
        mid -> low 2026-06-02T10:00 grace_ended
        kept by 0.01 until 2026-05-11, then 2026-06-10, held never
        high at 2026-05-10T12:00 by 4500000.01 until 2026-05-11
        """,
    ),
    "standard before purchases move out of the window": case(
        "standard",
        """
        2026-01-01T10:00 balance 100
        2026-01-02T10:00 balance 495000
        2026-01-03T10:00 purchase 600000
        """,
        """
        mid -> low 2026-05-03 grace_ended
        kept by 5000.00 until 2026-04-04, then 2026-05-04, held never
        high at 2026-01-03T10:00 by 4499000.00 until 2026-01-04
        """,
    ),
    "standard, poor: a deposit counts for nine tenths, rounded up to the cent": case(
        "standard",
        """
        2026-01-01T10:00 balance 400000
        2026-01-02T10:00 credit poor
        """,
        "mid at 2026-01-02T10:00 by 155555.56 until 2026-01-03",
    ),
    "standard, in default: no deposit lifts anybody": case(
        "standard", "2026-01-01T10:00 balance 400000\n2026-01-02T10:00 credit default", ""
    ),
    "pinned above what is earned: the fall comes with the pin's end": case(
        "standard",
        """
        2026-01-01T10:00 balance 500000
        2026-01-02T10:00 pin high until=2026-03-01T12:00
        """,
        """
        high -> mid 2026-03-01T12:00 pin_ended
        kept by 4500000.00 until 2026-03-02, then 2026-04-01, held never
        """,
    ),
    "pinned below what is earned: it rises by itself, and no deposit makes that sooner": case(
        "standard",
        """
        2026-01-01T10:00 balance 500000
        2026-01-02T10:00 pin low until=2026-03-01T12:00
        """,
        "low -> mid 2026-03-01T12:00 pin_ended",
    ),
    "citi after two months below: the third rating is the last": case(
        "citi-relationship",
        """
        2026-01-01T10:00 balance 40000
        2026-02-01T10:00 balance 20000
        2026-04-10T12:00
        """,
        """
        priority -> base 2026-05-01 grace_ended
        kept by 14285.72 until 2026-05-01, then 2026-08-01, held never
        gold at 2026-05-01 by 257142.86 until 2026-05-01
        gold at 2026-06-01 by 180000.00 until 2026-06-01
        """,
    ),
    "bofa in its term: a rating at its end that meets the floor renews it": case(
        "bofa-preferred-rewards",
        """
        2026-01-01T10:00 balance 60000
        2026-02-01T10:00 balance 45000
        2026-04-10T12:00
        """,
        """
        platinum -> gold 2027-05-01 grace_ended
        kept by 5000.00 until 2027-02-01, then 2028-05-01, held never
        platinum-honors at 2026-05-01 by 233095.24 until 2026-05-01
        platinum-honors at 2026-06-01 by 97307.70 until 2026-06-01
        platinum-honors at 2026-07-01 by 61036.59 until 2026-07-01
        platinum-honors at 2026-08-01 by 55000.00 until 2026-08-01
        """,
    ),
    "bofa in its grace": case(
        "bofa-preferred-rewards",
        """
        2026-01-01T10:00 balance 60000
        2026-02-01T10:00 balance 45000
        2027-03-05
        """,
        """
        platinum -> gold 2027-05-01 grace_ended
        kept by 7807.02 until 2027-05-01, then 2028-08-01, held never
        platinum-honors at 2027-04-01 by 183333.34 until 2027-04-01
        platinum-honors at 2027-05-01 by 85877.20 until 2027-05-01
        platinum-honors at 2027-06-01 by 57500.00 until 2027-06-01
        platinum-honors at 2027-07-01 by 55000.00 until 2027-07-01
        """,
    ),
    "dbs between the floor to enter and that to keep": case(
        "dbs-treasures", "2026-01-01T10:00 balance 360000\n2026-01-02T10:00 balance 200000", ""
    ),
    "dbs below the floor to keep": case(
        "dbs-treasures",
        """
        2026-01-01T10:00 balance 360000
        2026-02-12T10:00 balance 190000.01
        """,
        """
        treasures -> standard 2026-03-01 window_moved
        kept by 9999.99 until 2026-03-01, then 2026-04-01, held never
        """,
    ),
    "dbs below: at once up": case(
        "dbs-treasures",
        "2026-01-01T10:00 balance 349999.99",
        "treasures at 2026-01-01T10:00 by 0.01 until 2026-01-02",
    ),
    "hsbc sg in its seventh month below": case(
        "hsbc-premier-sg",
        """
        2026-01-01T10:00 balance 200000
        2026-02-01T10:00 balance 199000
        2026-08-15T12:00
        """,
        """
        premier -> personal 2027-03-01 grace_ended
        kept by 1000.00 until 2026-10-01, then 2027-11-01, held never
        """,
    ),
    "icbc between two ratings, the last one below": case(
        "icbc-stars",
        """
        2026-01-01T10:00 balance 600000
        2026-07-02T10:00 balance 10000
        2027-02-01
        """,
        """
        star-4 -> star-1 2027-07-01 grace_ended
        kept by 591266.67 until 2027-07-01, then 2028-07-01, held never
        star-5 at 2027-07-01 by 2401266.67 until 2027-07-01
        star-5 at 2028-01-01 by 1990000.00 until 2028-01-01
        """,
    ),
    "sinopac before the month's end: what the average lacks, and what comes by itself": case(
        "sinopac-dawho",
        """
        2026-01-01T10:00 balance 90000
        2026-02-02T10:00 balance 100000
        2026-02-20T12:00
        """,
        """
        basic -> upper 2026-04-01 window_moved
        upper at 2026-03-01 by 1111.12 until 2026-03-01
        """,
    ),
    "sinopac on the last day of the month": case(
        "sinopac-dawho",
        "2026-02-01T10:00 balance 90000\n2026-02-28T23:59",
        """
        upper at 2026-03-01 by 280000.00 until 2026-03-01
        upper at 2026-04-01 by 10000.00 until 2026-04-01
        """,
    ),
    "esun without purchases: no deposit gives it": case("esun-unicard-up", "2026-02-01T10:00 balance 290000", ""),
    "esun with them: this month's rating is the one": case(
        "esun-unicard-up",
        """
        2026-02-01T10:00 balance 290000
        2026-02-02T10:00 purchase 30000
        """,
        "up at 2026-03-01 by 10370.38 until 2026-03-01",
    ),
    "a moving average: what puts the fall off by a day does not last": case(
        AVERAGES,
        """
        2026-01-01T10:00 balance 1500
        2026-02-02T10:00 balance 600
        """,
        """
        mid -> low 2026-03-20 grace_ended
        kept by 17.65 until 2026-02-19, then 2026-03-21, held 2026-03-21
        lasting 400.00
        """,
    ),
    "a moving average: much today, or less for 30 days": case(
        AVERAGES,
        """
        2026-01-01T10:00 balance 600
        2026-03-01T10:00
        """,
        """
        mid at 2026-03-01T10:00 by 12000.00 until 2026-03-02
        mid at 2026-03-30 by 400.00 until 2026-03-30
        """,
    ),
}


def zone_of(policy: Policy) -> ZoneInfo:
    assert isinstance(policy.calendar.zone, ZoneInfo)
    return policy.calendar.zone


def happened(given_case: Case) -> Customer:
    """The customer after all that the case says."""
    customer, zone = Customer(given_case.policy), zone_of(given_case.policy)
    for line in given_case.events.strip().splitlines():
        when, *words = line.split()
        at_ms = at(when, zone)
        match words:
            case ["balance", amount]:
                customer.apply(balance(amount, at_ms, currency=given_case.policy.currency))
            case ["purchase", amount]:
                customer.apply(transaction(amount, at_ms, currency=given_case.policy.currency))
            case ["credit", "poor" | "default" as standing]:
                customer.apply(credit(standing, at_ms))
            case ["pin", tier, until]:
                customer.apply(pin(tier, at_ms, at(until.removeprefix("until="), zone)))
            case []:
                customer.wait(at_ms)
            case _:
                raise AssertionError(line)
    return customer


def ahead(customer: Customer) -> Outlook:
    return outlook(customer.state, "C", customer.policy, customer.now_ms)


def amount(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02}"


def told(found: Outlook, policy: Policy, held: str) -> list[str]:
    def when(at_ms: int | None) -> str:
        if at_ms is None:
            return "never"
        local = datetime.fromtimestamp(at_ms / 1000, zone_of(policy)).replace(tzinfo=None)
        return local.date().isoformat() if local.time().isoformat() == "00:00:00" else local.isoformat("T", "minutes")

    lines = [f"{c.previous_tier} -> {c.tier} {when(c.decided_at_ms)} {c.reason}" for c in found.changes]
    if found.rescue is not None:
        deposit, rescue = found.rescue.deposit, found.rescue
        lines.append(
            f"kept by {amount(deposit.cents)} until {when(deposit.until_ms)}, "
            f"then {when(rescue.falls_if_withdrawn_ms)}, held {when(rescue.falls_if_held_ms)}"
        )
        if rescue.lasting_cents is not None and rescue.lasting_cents != deposit.cents:
            lines.append(f"lasting {amount(rescue.lasting_cents)}")
    above = policy.rank[held] + 1
    lines += [
        f"{policy.tiers[above].id} at {when(rise.at_ms)} by {amount(rise.deposit.cents)} "
        f"until {when(rise.deposit.until_ms)}"
        for rise in found.rises
    ]
    return lines


# --- the engine, run that way ---


def run(customer: Customer, until_ms: int, cents: int = 0, withdrawn_ms: int | None = None) -> Customer:
    """The same customer later, who has put that deposit on an account now, and perhaps taken it away again."""
    later = Customer(customer.policy)
    later.state, later.now_ms = _decode(_encode(customer.state)), customer.now_ms
    currency = customer.policy.currency
    if cents:
        later.apply(balance(amount(cents), customer.now_ms, _ACCOUNT, currency))
    if withdrawn_ms is not None and withdrawn_ms <= until_ms:
        later.apply(balance(WITHDRAWN, withdrawn_ms, _ACCOUNT, currency))
    later.wait(until_ms)
    return later


def first_below(later: Customer, rank: int) -> int | None:
    return next((c.decided_at_ms for c in later.changes if later.policy.rank[c.tier] < rank), None)


def first_above(later: Customer, rank: int) -> int | None:
    return next((c.decided_at_ms for c in later.changes if later.policy.rank[c.tier] > rank), None)


def verify(customer: Customer, found: Outlook) -> None:
    """Every prediction comes true, and neither a cent less nor a day less does it."""
    held, horizon_ms = customer.policy.rank[customer.state.tier or ""], found.horizon_ms
    untouched = run(customer, horizon_ms)
    assert tuple(untouched.changes) == found.changes
    fall_ms = first_below(untouched, held)
    assert fall_ms == (None if found.fall is None else found.fall.decided_at_ms)
    if found.rescue is not None:
        assert fall_ms is not None
        verify_rescue(customer, found, fall_ms)
    elif fall_ms is not None:
        assert first_below(run(customer, fall_ms, 10**15), held) == fall_ms
    for rise in found.rises:
        cents, until_ms = rise.deposit.cents, rise.deposit.until_ms
        assert first_above(run(customer, rise.at_ms, cents, until_ms), held) == rise.at_ms
        assert first_above(run(customer, rise.at_ms, cents - 1), held) is None
        if (sooner_ms := a_day_before(customer, until_ms)) is not None:
            assert first_above(run(customer, rise.at_ms, cents, sooner_ms), held) is None


def verify_rescue(customer: Customer, found: Outlook, fall_ms: int) -> None:
    rescue = found.rescue
    assert rescue is not None
    held, cents, until_ms = (
        customer.policy.rank[customer.state.tier or ""],
        rescue.deposit.cents,
        rescue.deposit.until_ms,
    )
    assert first_below(run(customer, fall_ms, cents), held) is None
    assert first_below(run(customer, fall_ms, cents - 1), held) is not None
    assert first_below(run(customer, fall_ms, cents, until_ms), held) is None
    if (sooner_ms := a_day_before(customer, until_ms)) is not None:
        assert first_below(run(customer, fall_ms, cents, sooner_ms), held) is not None
    horizon_ms = found.horizon_ms
    assert first_below(run(customer, horizon_ms, cents), held) == rescue.falls_if_held_ms
    assert first_below(run(customer, horizon_ms, cents, until_ms), held) == rescue.falls_if_withdrawn_ms
    if rescue.lasting_cents is not None:
        assert first_below(run(customer, horizon_ms, rescue.lasting_cents), held) is None
        assert first_below(run(customer, horizon_ms, rescue.lasting_cents - 1), held) is not None


def a_day_before(customer: Customer, until_ms: int) -> int | None:
    """The midnight before, if it is still to come."""
    calendar = customer.policy.calendar
    sooner_ms = calendar.midnight_ms(calendar.day_of(until_ms) - 1)
    return sooner_ms if sooner_ms > customer.now_ms else None


@pytest.mark.parametrize("name", CASES)
def test_the_outlook_is_what_the_engine_does(name: str) -> None:
    given_case = CASES[name]
    customer = happened(given_case)
    before = _encode(customer.state)
    found = ahead(customer)
    expected = [line.strip() for line in given_case.outlook.strip().splitlines()]
    assert told(found, given_case.policy, customer.state.tier or "") == expected
    verify(customer, found)
    assert _encode(customer.state) == before, "looking ahead changes nothing"


@laws(60)
@given(st.sampled_from(sorted(POLICIES)), years)
def test_whatever_happened_predictions_come_true(name: str, plan: Plan) -> None:
    customer = Customer(POLICIES[name])
    customer.now_ms = START
    for event in decoded(history_of(plan, customer.policy), customer.policy):
        if event.customer_id == "C1" and getattr(event, "action", "") != "erase":
            customer.apply(event)
    if customer.state.tier is not None:
        verify(customer, ahead(customer))


# --- what keeps the tier ---


def kept(given_case: Case) -> dict[str, object]:
    """What is in play, times as they are written in the policy's zone."""
    customer = happened(given_case)
    found = keeping(customer.state, customer.policy, customer.now_ms)
    zone = zone_of(customer.policy)
    in_play = {}
    for field in found.__struct_fields__:
        value = getattr(found, field)
        if value:
            in_play[field] = at_text(value, zone) if field.endswith("_ms") else value
    return in_play


def at_text(at_ms: int, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(at_ms / 1000, zone).replace(tzinfo=None).isoformat("T", "minutes")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "standard in protection and grace, the later end counts",
            {
                "protected_until_ms": "2026-04-02T10:00",
                "below_since_ms": "2026-01-03T10:00",
                "grace_until_ms": "2026-02-02T10:00",
            },
        ),
        (
            "standard in grace after the protection: a day is enough to begin the grace anew",
            {"below_since_ms": "2026-05-03T10:00", "grace_until_ms": "2026-06-02T10:00"},
        ),
        ("standard, poor: a deposit counts for nine tenths, rounded up to the cent", {"earned": True}),
        ("standard, in default: no deposit lifts anybody", {"earned": True, "cap": "low"}),
        (
            "citi after two months below: the third rating is the last",
            {
                "ratings_below": 2,
                "ratings_needed": 3,
                "next_rise_ms": "2026-05-01T00:00",
                "next_fall_ms": "2026-05-01T00:00",
            },
        ),
        (
            "bofa in its grace",
            {
                "term_until_ms": "2027-02-01T00:00",
                "term_grace_until_ms": "2027-05-01T00:00",
                "next_rise_ms": "2027-04-01T00:00",
                "next_fall_ms": "2027-04-01T00:00",
            },
        ),
        (
            "dbs below the floor to keep",
            {"earned": True, "floor_to_keep": True, "next_fall_ms": "2026-03-01T00:00"},
        ),
        (
            "icbc between two ratings, the last one below",
            {
                "last_ratings": ("star-4", "star-1"),
                "next_rise_ms": "2027-07-01T00:00",
                "next_fall_ms": "2027-07-01T00:00",
            },
        ),
    ],
)
def test_what_keeps_the_tier(name: str, expected: dict[str, object]) -> None:
    assert kept(CASES[name]) == expected


def test_a_pin_keeps_it_by_whom_and_why() -> None:
    found = kept(CASES["pinned above what is earned: the fall comes with the pin's end"])
    assert set(found) == {"pin"}
    customer = happened(CASES["pinned above what is earned: the fall comes with the pin's end"])
    kept_by = keeping(customer.state, customer.policy, customer.now_ms).pin
    assert kept_by is not None
    assert (kept_by.tier, kept_by.by, kept_by.reason) == ("high", "branch 7", "a promise")


def test_time_passes_in_place_up_to_then_and_no_further() -> None:
    customer = happened(CASES["standard in protection and grace, the later end counts"])
    fall_ms = at("2026-04-02T10:00")
    assert list(pass_time(customer.state, "C", STANDARD, fall_ms - 1)) == []
    assert [change.tier for change in pass_time(customer.state, "C", STANDARD, fall_ms + DAY_MS)] == ["low"]
    assert customer.state.tier == "low"
