"""Campaign kinds beyond those of standard.toml: every word of every kind, by small policies."""

import pytest

from streams.engine.apply import apply_event
from streams.engine.outcomes import Trigger
from streams.policy.compile.load import load_policy
from streams.values.events import TRANSACTIONS
from streams.values.money import format_value
from tests.support.one_customer import (
    LOW_AND_MID,
    Customer,
    a_policy,
    action,
    at,
    balance,
    credit,
    e4,
    e16,
    loan,
    pin,
    reversal,
    transaction,
)

TIERS = f"""{LOW_AND_MID}
[[tiers]]
id = "high"
at_least = "5000000"
"""
# The month's average decides at its end.
BY_THE_MONTH = """
[measures.month]
average = "assets"
months = 1

[value]
terms = [{ measure = "month" }]

[rating]
when = "month_end"
"""
NOON = "2026-01-10T12:00"


def customer_of(campaign: str, before: str = "", tiers: str = TIERS, zone: str = "Asia/Taipei") -> Customer:
    return Customer(a_policy(f'{before}{tiers}\n[[campaigns]]\nid = "c"\n{campaign}', zone))


def said(trigger: Trigger) -> tuple[int, str | None, str | None]:
    missing = None if trigger.offer.missing is None else format_value(trigger.offer.missing)
    return trigger.triggered_at_ms, missing, None if trigger.offer.due_ms is None else str(trigger.offer.due_ms)


def moments(customer: Customer) -> list[int]:
    return [trigger.triggered_at_ms for trigger in customer.triggers]


# --- gift ---


def test_a_gift_says_its_amount_and_its_event() -> None:
    customer = customer_of('kind = "gift"\nat_least = "100"\nwithin_days = 1\namount = "88.888"')
    event = balance("100", at(NOON))
    customer.apply(event)
    (trigger,) = customer.triggers
    assert (trigger.number, trigger.offer.amount_e4, trigger.offer.period) == (1, 888_800, None)
    assert trigger.cause is not None
    assert trigger.cause.event_id == event.event_id


def test_a_gift_for_some_tiers_waits_for_a_first_one_in_them() -> None:
    customer = customer_of('kind = "gift"\nat_least = "100"\nwithin_days = 30\ntiers = ["mid"]')
    customer.apply(balance("100", at(NOON)), balance("500000", at(NOON) + 1))
    assert moments(customer) == [at(NOON) + 1]


@pytest.mark.parametrize(("within", "days", "given"), [(1, 1, True), (1, 2, False), (3660, 3660, True)])
def test_a_gift_waits_as_long_as_it_says(within: int, days: int, *, given: bool) -> None:
    customer = customer_of(f'kind = "gift"\nat_least = "100"\nwithin_days = {within}')
    first = at("2026-01-01T12:00")
    customer.apply(credit("good", first), balance("100", first + days * 86_400_000))
    assert bool(customer.triggers) is given


def test_a_gift_ends_at_the_same_local_time_where_the_clocks_are_changed() -> None:
    # Berlin: the night to 29 March 2026 has an hour less
    for minute, given in ((0, True), (1, False)):
        customer = customer_of('kind = "gift"\nat_least = "100"\nwithin_days = 30', zone="Europe/Berlin")
        zone = customer.policy.calendar.zone
        first, last = at("2026-03-01T12:00", zone), at(f"2026-03-31T12:0{minute}", zone)
        customer.apply(credit("good", first), transaction("100", last, "deposit"))
        assert bool(customer.triggers) is given


def test_a_late_deposit_counts_by_its_own_time() -> None:
    customer = customer_of('kind = "gift"\nat_least = "100"\nwithin_days = 30')
    customer.apply(credit("good", at(NOON)))
    customer.wait(at("2026-06-01"))
    customer.apply(transaction("100", at("2026-01-20"), "deposit"))
    assert moments(customer) == [at("2026-06-01")]


# --- cash back ---


def cash_back(words: str) -> Customer:
    return customer_of(f'kind = "cash_back"\nrate = "0.01"\n{words}')


@pytest.mark.parametrize(
    ("amount", "cents"),
    [("99.99", None), ("100", 100), ("100.99", 100), ("101", 101), ("499.99", 499), ("500", 500), ("700", 500)],
)
def test_cash_back_per_transaction(amount: str, cents: int | None) -> None:
    customer = cash_back('per = "transaction"\nat_least = "100"\nat_most = "5"')
    customer.apply(transaction(amount, at(NOON)))
    assert [trigger.offer.amount_e4 for trigger in customer.triggers] == ([] if cents is None else [cents * 100])


def test_cash_back_per_transaction_counts_from_1_and_takes_reversals_off_and_no_other_types() -> None:
    customer = cash_back('per = "transaction"\ntypes = ["purchase", "cash"]')
    customer.apply(
        transaction("100", at(NOON)),
        reversal("100", at(NOON) + 1, of=at(NOON)),
        transaction("100", at(NOON) + 2, "withdrawal"),
        transaction("200", at(NOON) + 3, "cash"),
        transaction("10", at(NOON) + 4, currency="TWD"),
    )
    found = [(trigger.number, trigger.offer.amount_e4, trigger.offer.period) for trigger in customer.triggers]
    assert found == [(1, 10_000, None), (2, 10_000, None), (3, 1_000, None)]
    assert customer.state.due_ms is None


def test_cash_back_of_less_than_a_cent_is_none() -> None:
    customer = cash_back('per = "transaction"')
    customer.apply(transaction("0.99", at(NOON)), transaction("1", at(NOON)), transaction("0", at(NOON)))
    assert [trigger.offer.amount_e4 for trigger in customer.triggers] == [100]


def test_cash_back_of_a_month_is_for_who_is_in_the_tier_at_its_end_whenever_the_purchases_were() -> None:
    customer = cash_back('tiers = ["low"]\nat_least = "3000"')
    customer.apply(
        balance("500000", at("2026-01-01")), transaction("3000", at(NOON)), balance("1", at("2026-01-31T23:59"))
    )
    customer.wait(at("2026-02-01"))
    assert [(trigger.offer.period, trigger.tier, trigger.offer.amount_e4) for trigger in customer.triggers] == [
        ("2026-01", "low", 300_000)
    ]


@pytest.mark.parametrize(
    ("then", "payments"),
    [
        (3, [("2026-01", at("2026-02-04"), "10"), ("2026-02", at("2026-03-04"), "5")]),
        (5, [("2026-01", at("2026-02-06"), "10"), ("2026-02", at("2026-03-06"), "5")]),
        (0, [("2026-02", at("2026-03-01"), "15")]),  # its day is over: it is in the next payment
    ],
)
def test_a_month_that_ended_under_the_former_policy_is_settled_under_the_next_one(
    then: int, payments: list[tuple[str, int, str]]
) -> None:
    customer = cash_back("settles_after_days = 3")
    customer.apply(transaction("1000", at(NOON)))
    customer.wait(at("2026-02-02"))
    document = customer.policy.document
    customer.rerate(
        load_policy(document.replace("settles_after_days = 3", f"settles_after_days = {then} ")), at("2026-02-02")
    )
    customer.apply(transaction("500", at("2026-02-10")))
    customer.wait(at("2026-05-01"))
    assert [(one.offer.period, one.triggered_at_ms, one.offer.amount_e4) for one in customer.triggers] == [
        (period, at_ms, e4(amount)) for period, at_ms, amount in payments
    ]


def test_a_month_without_purchases_is_not_looked_at() -> None:
    customer = cash_back("")
    customer.apply(transaction("100", at(NOON)))
    assert customer.state.due_ms == at("2026-02-01")
    customer.wait(at("2026-02-01"))
    assert customer.state.due_ms is None
    assert len(customer.triggers) == 1


def test_a_purchase_ahead_of_the_clock_belongs_to_the_month_of_its_own_time() -> None:
    # On the wall clock events may be up to a day ahead.
    customer = cash_back("")
    early, ahead = transaction("100", at("2026-01-31T22:00")), transaction("300", at("2026-02-01T01:00"))
    for event in (early, ahead):
        apply_event(customer.state, event, customer.moment(at("2026-01-31T23:00")), TRANSACTIONS, 0)
    customer.wait(at("2026-03-01"))
    assert [(trigger.offer.period, trigger.offer.amount_e4) for trigger in customer.triggers] == [
        ("2026-01", 10_000),
        ("2026-02", 30_000),
    ]


# --- near ---


@pytest.mark.parametrize(
    ("words", "far", "close"),
    [
        ('within = "50000"', "449999.99", "450000"),
        ('within_share = "0.10"', "449999.99", "450000"),
        ('within_share = "0.0001"', "499949.99", "499950"),
        ('at_least = "499999.99"', "499999.98", "499999.99"),
    ],
)
def test_near_by_amount_share_or_figure(words: str, far: str, close: str) -> None:
    for amount, times in ((far, 0), (close, 1), ("500000", 0)):
        customer = customer_of(f'kind = "near_tier"\nto = "mid"\nfor_days = 2\n{words}')
        customer.apply(balance(amount, at(NOON)))
        customer.wait(at("2026-01-12T12:00") - 1)
        assert customer.triggers == []
        customer.wait(at("2026-01-12T12:00"))
        assert len(customer.triggers) == times


def test_near_at_once_and_never_again_while_it_stays_near() -> None:
    customer = customer_of('kind = "near_tier"\nto = "mid"\nfor_days = 0\nwithin = "50000"')
    customer.apply(balance("450000", at(NOON)))
    assert customer.triggers[0].offer.missing == e16("50000")
    assert customer.triggers[0].cause is not None
    customer.apply(balance("460000", at("2026-01-20")))
    customer.wait(at("2030-01-01"))
    assert len(customer.triggers) == 1
    customer.apply(balance("1", at("2030-01-02")), balance("470000", at("2030-01-03")))
    assert [trigger.offer.missing for trigger in customer.triggers] == [e16("50000"), e16("30000")]


def test_near_is_for_every_tier_below_and_says_until_when_the_offer_stands() -> None:
    customer = customer_of('kind = "near_tier"\nto = "high"\nfor_days = 0\nwithin = "100"\noffer_days = 14')
    customer.apply(balance("4999900", at(NOON)))
    assert [said(trigger) for trigger in customer.triggers] == [(at(NOON), "100.00", str(at("2026-01-24T12:00")))]
    assert customer.triggers[0].tier == "mid"


def test_near_is_due_at_the_next_rating_where_there_are_ratings() -> None:
    customer = customer_of('kind = "near_tier"\nto = "mid"\nfor_days = 0\nwithin = "100"', BY_THE_MONTH)
    customer.apply(balance("499950", at("2026-01-01")))
    customer.wait(at("2026-02-01"))
    assert [said(trigger) for trigger in customer.triggers] == [
        (at("2026-02-01"), "50.00", str(at("2026-03-01"))),
    ]


# --- dormant ---


def test_dormant_for_everybody_where_no_tier_is_named() -> None:
    customer = customer_of('kind = "dormant"\nwithout_transaction_days = 1')
    customer.apply(balance("5000000", at(NOON)))
    customer.wait(at("2026-03-01"))
    assert moments(customer) == [at("2026-01-11T12:00")]


def test_an_action_is_no_event_to_count_from() -> None:
    customer = customer_of('kind = "dormant"\nwithout_transaction_days = 1')
    customer.apply(action("opt_in", at(NOON)), credit("good", at("2026-01-20T12:00")))
    customer.wait(at("2026-03-01"))
    assert moments(customer) == [at("2026-01-21T12:00")]


# --- welcome ---


def test_welcome_to_several_tiers_counts_on() -> None:
    customer = customer_of('kind = "welcome"\ntiers = ["mid", "high"]\nsettles_seconds = 0')
    customer.apply(
        *(balance(amount, at(NOON) + n) for n, amount in enumerate(["1", "500000", "5000000", "1", "5000000"]))
    )
    assert [(trigger.number, trigger.tier) for trigger in customer.triggers] == [(1, "mid"), (2, "high"), (3, "high")]


@pytest.mark.parametrize(
    ("more", "heard_for_ms", "is_welcome"),
    [
        ("", 0, False),
        ("", 60_000, False),
        ("", 60_001, True),
        ("settles_seconds = 0", 0, True),
        ("settles_seconds = 300", 300_000, False),
        ("settles_seconds = 300", 300_001, True),
    ],
)
def test_an_upgrade_of_who_was_heard_of_just_now_is_not_welcomed(
    more: str, heard_for_ms: int, *, is_welcome: bool
) -> None:
    customer = customer_of(f'kind = "welcome"\ntiers = ["mid"]\n{more}')
    customer.apply(action("opt_in", at("2025-01-01")), transaction("1", at(NOON)))
    customer.wait(at(NOON) + heard_for_ms)
    customer.apply(balance("500000", at("2025-06-01")))  # by its own time long before
    assert customer.changes[-1].direction == "upgrade"
    assert bool(customer.triggers) is is_welcome


def test_a_customer_of_before_is_not_new() -> None:
    customer = customer_of('kind = "welcome"\ntiers = ["mid"]')
    customer.apply(transaction("1", at(NOON)))
    customer.state.heard_ms = None  # as an earlier release kept it
    customer.apply(balance("500000", at(NOON) + 1))
    assert len(customer.triggers) == 1


# --- at risk ---


def at_risk(days: int, before: str, more: str = "") -> Customer:
    return customer_of(f'kind = "at_risk"\ndays_before = {days}\n{more}', before)


def test_at_risk_at_once_where_the_grace_is_no_longer_than_the_days_before() -> None:
    for days in (10, 30):
        customer = at_risk(days, "[falling]\nafter_days = 10\n")
        customer.apply(balance("500000", at("2026-01-01")), balance("499900", at(NOON)))
        assert [said(trigger) for trigger in customer.triggers] == [(at(NOON), "100.00", str(at("2026-01-20T12:00")))]
        customer.wait(at("2026-03-01"))
        assert len(customer.triggers) == 1


def test_at_risk_of_some_tiers_only() -> None:
    customer = at_risk(1, "[falling]\nafter_days = 10\n", 'tiers = ["high"]')
    customer.apply(balance("500000", at("2026-01-01")), balance("1", at(NOON)))
    customer.wait(at("2026-03-01"))
    assert customer.triggers == []


def test_at_risk_at_a_rating_counts_what_the_rating_will_find() -> None:
    #  Jan: 600,000 | Feb: half of it at 300,000 | rated on Mar 1
    customer = at_risk(7, BY_THE_MONTH)
    customer.apply(balance("600000", at("2026-01-01")))
    customer.wait(at("2026-02-01"))
    assert [change.tier for change in customer.changes] == ["low", "mid"]
    customer.apply(balance("300000", at("2026-02-15")))
    customer.wait(at("2026-03-01"))
    assert customer.changes[-1].tier == "low"
    assert [said(trigger) for trigger in customer.triggers] == [(at("2026-02-22"), "50000.00", str(at("2026-03-01")))]


def test_at_risk_says_nothing_where_the_rating_will_find_enough() -> None:
    customer = at_risk(7, BY_THE_MONTH)
    customer.apply(balance("600000", at("2026-01-01")), balance("500000", at("2026-02-15")))
    customer.wait(at("2026-06-01"))
    assert customer.triggers == []
    assert customer.state.tier == "mid"


def test_at_risk_says_no_amount_where_a_tier_has_several_floors() -> None:
    tiers = """
[[tiers]]
id = "low"

[[tiers]]
id = "mid"
enter = { all = [{ measure = "assets", at_least = "500000" }, { measure = "loans", at_least = "1" }] }
"""
    customer = customer_of('kind = "at_risk"\ndays_before = 7', "[falling]\nafter_days = 10\n", tiers)
    customer.apply(balance("500000", at("2026-01-01")), balance("-5", at("2026-01-01"), "l", product="loan"))
    assert customer.state.tier == "mid"
    customer.apply(balance("1", at(NOON)))
    customer.wait(at("2026-03-01"))
    assert [said(trigger) for trigger in customer.triggers] == [
        (at("2026-01-13T12:00"), None, str(at("2026-01-20T12:00")))
    ]


def test_at_risk_counts_to_the_lower_floor_where_that_to_keep_is_another() -> None:
    tiers = TIERS.partition('\n[[tiers]]\nid = "high"')[0] + 'keep = { measure = "assets", at_least = "200000" }\n'
    customer = customer_of('kind = "at_risk"\ndays_before = 7', "[falling]\nafter_days = 10\n", tiers)
    customer.apply(
        balance("500000", at("2026-01-01")), balance("200000", at("2026-01-02")), balance("150000", at(NOON))
    )
    customer.wait(at("2026-03-01"))
    assert [trigger.offer.missing for trigger in customer.triggers] == [e16("50000")]


# --- fee alert ---


def test_a_fee_by_a_measure_that_no_tier_looks_at() -> None:
    measures = '[measures.month]\naverage = "assets"\nmonths = 1\n'
    customer = customer_of('kind = "fee_alert"\nmeasure = "month"\nbelow = "1000"\ntiers = ["low", "mid"]', measures)
    customer.apply(balance("999.99", at("2026-01-01")), balance("1000.01", at("2026-02-01")))
    customer.wait(at("2026-03-01"))
    assert [(trigger.offer.period, trigger.offer.missing) for trigger in customer.triggers] == [
        ("2026-01", e16("0.01"))
    ]


def test_a_fee_is_for_the_tier_that_was_held_until_the_months_end() -> None:
    measures = '[measures.month]\naverage = "assets"\nmonths = 1\n'
    fee = 'kind = "fee_alert"\nmeasure = "month"\nbelow = "10000000"\ntiers = ["mid"]'
    customer = customer_of(fee, measures)
    customer.apply(balance("500000", at("2026-01-01")), balance("1", at("2026-01-31T23:59")))
    customer.wait(at("2026-02-01"))
    assert customer.triggers == []
    customer.apply(balance("500000", at("2026-02-28T23:59")))
    customer.wait(at("2026-03-01"))
    assert [trigger.offer.period for trigger in customer.triggers] == ["2026-02"]
    customer.apply(pin("mid", at("2026-03-01"), at("2026-04-01")), balance("1", at("2026-03-02")))
    customer.wait(at("2026-04-01"))
    assert customer.state.tier == "low"
    assert [trigger.offer.period for trigger in customer.triggers] == ["2026-02", "2026-03"]


# --- none ---


def test_loans_and_standings_are_no_occasion() -> None:
    for kind in ('kind = "gift"\nat_least = "1"\nwithin_days = 1', 'kind = "cash_back"\nrate = "1"'):
        customer = customer_of(kind)
        customer.apply(loan("5000", at(NOON)), credit("poor", at(NOON)))
        customer.wait(at("2027-01-01"))
        assert customer.triggers == []
