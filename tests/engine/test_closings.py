"""What an account held on earlier days, and where a balance that comes late belongs among it."""

from itertools import permutations
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.former import Account1, State1
from streams.contracts.packing import pack_state, unpack_state
from streams.engine.measures.account_rows import account_of
from streams.engine.measures.closing_totals import (
    average_e16,
    closing_e16,
    daily_changes,
    first_balance_day,
    newest_e16,
)
from streams.engine.measures.closings import keep_timeline, timeline_of
from streams.engine.measures.spans import oldest_closing_looked_at
from streams.engine.sections import closings_of, tenure_of
from streams.engine.state import Account, CustomerState
from streams.policy.compile.load import load_policy
from streams.values.calendar import NEVER_MS
from streams.values.events import Balance
from streams.values.products import Holding
from tests.engine.test_closing_totals import AVERAGES, NOON, RATES, TODAY, after, amounts
from tests.support.daily_recount import Recount
from tests.support.laws import laws
from tests.support.one_customer import ASSETS_ONLY, DAY_MS, Customer, at, balance, e16

HOUR_MS = 3_600_000


def closings(customer: Customer, holding: Holding = "assets", days: range = range(-3, 1)) -> list[str]:
    totals = [closing_e16(customer.state, holding, TODAY + day, AVERAGES) for day in days]
    assert all(total % 10**16 == 0 for total in totals)
    return [str(total // 10**16) for total in totals]


# --- by hand: an account at noon of day -3 with 100, and of today with 400; then what comes late ---


@pytest.mark.parametrize(
    ("late", "assets"),
    [
        ([("200", -2 * 24)], ["100", "200", "200", "400"]),
        ([("200", -24), ("300", -2 * 24)], ["100", "300", "200", "400"]),
        ([("200", -4 * 24)], ["100", "100", "100", "400"]),  # until the next one alone
        ([("200", -3 * 24 - 1)], ["100", "100", "100", "400"]),  # that day closed with a newer one
        ([("200", -3 * 24 + 1)], ["200", "200", "200", "400"]),  # the day's new closing
        ([("200", -3 * 24)], ["200", "200", "200", "400"]),  # at equal times the later one
        ([("200", -1)], ["100", "100", "100", "400"]),
        ([("200", -2 * 24), ("300", -2 * 24), ("7", -2 * 24 - 1)], ["100", "300", "300", "400"]),
    ],
)
def test_a_late_balance_counts_until_the_next_one(late: list[tuple[str, int]], assets: list[str]) -> None:
    customer = after(balance("100", NOON - 3 * DAY_MS), balance("400", NOON))
    customer.apply(*[balance(amount, NOON + hours * HOUR_MS) for amount, hours in late])
    assert closings(customer) == assets
    assert newest_e16(customer.state, "assets", AVERAGES) == e16("400")


def newest(customer: Customer) -> Account:
    account = account_of(customer.state, "TWDa")
    assert account is not None
    return account


def test_three_balances_come_out_the_same_in_any_order() -> None:
    history = [balance("0", NOON - 2 * DAY_MS), balance("600", NOON - DAY_MS), balance("0", NOON)]
    assert {tuple(closings(after(*order))) for order in permutations(history)} == {("0", "0", "600", "0")}


@pytest.mark.parametrize(
    ("late", "assets", "loans"),
    [
        ((-24, "loan"), ["100", "100", "0", "0"], ["0", "0", "30", "40"]),  # until another word is told
        ((-24, None), ["100", "100", "30", "40"], ["0", "0", "0", "0"]),
        ((-3 * 24 - 1, "loan"), ["100", "100", "100", "40"], ["0", "0", "0", "0"]),  # the next one told another word
    ],
)
def test_a_late_word_for_the_product_counts_until_the_next_word(
    late: tuple[int, str | None], assets: list[str], loans: list[str]
) -> None:
    customer = after(balance("100", NOON - 3 * DAY_MS), balance("40", NOON, product=None))
    hours, product = late
    customer.apply(balance("30", NOON + hours * HOUR_MS, product=product))
    assert (closings(customer), closings(customer, "loans")) == (assets, loans)


def test_a_late_word_of_a_day_that_closed_without_one_counts_for_its_closing() -> None:
    customer = after(balance("100", NOON - DAY_MS, product=None), balance("400", NOON))
    customer.apply(balance("50", NOON - DAY_MS - HOUR_MS, product="loan"))
    assert (closings(customer), closings(customer, "loans")) == (["0", "0", "0", "400"], ["0", "0", "100", "0"])


def test_a_late_balance_of_a_pocket_leaves_the_other_currencies_alone() -> None:
    customer = after(balance("100", NOON - DAY_MS), balance("10", NOON - DAY_MS, currency="USD"), balance("400", NOON))
    customer.apply(balance("10", NOON, currency="USD"), balance("20", NOON - HOUR_MS, currency="USD"))
    customer.apply(balance("2", NOON - 2 * DAY_MS, currency="USD"))
    assert closings(customer) == ["0", "63", "415", "715"]


# --- what is kept, and for how long ---


def test_what_a_day_began_with_stays_when_older_days_are_dropped() -> None:
    customer = after(balance("100", NOON - 400 * DAY_MS), balance("700", NOON - 399 * DAY_MS))
    customer.apply(balance("400", NOON))
    customer.apply(balance("300", NOON - DAY_MS))
    assert closings(customer) == ["700", "700", "300", "400"]
    assert [account.balance_e4 // 10_000 for account in timeline_of(customer.state, "TWDa", newest(customer))] == [
        700,
        300,
        400,
    ]


def test_a_balance_from_before_all_that_is_looked_at_changes_nothing_but_the_first_day() -> None:
    customer = after(*[balance(f"{number}", NOON + number * DAY_MS) for number in range(300)])
    before = closings_of(customer.state).accounts, daily_changes(customer.state), customer.state.account_rows
    customer.apply(balance("7000", NOON - 30 * DAY_MS))
    assert (closings_of(customer.state).accounts, daily_changes(customer.state), customer.state.account_rows) == before
    assert first_balance_day(customer.state) == TODAY - 30


def test_closings_are_kept_as_far_back_as_any_rule_looks() -> None:
    customer = after(*[balance(f"{number}", NOON + number * DAY_MS) for number in range(300)])
    oldest = oldest_closing_looked_at(AVERAGES, AVERAGES.calendar.day_of(customer.now_ms))
    days = [
        AVERAGES.calendar.day_of(account.as_of_ms) for account in timeline_of(customer.state, "TWDa", newest(customer))
    ]
    assert days == list(range(oldest, oldest + len(days)))


def test_an_account_without_news_keeps_its_newest_balance_alone() -> None:
    customer = after(balance("1", NOON - DAY_MS, "quiet"), balance("2", NOON, "quiet"))
    customer.apply(*[balance("1", NOON + number * DAY_MS) for number in range(300)])
    assert set(closings_of(customer.state).accounts) == {"TWDa"}


def test_a_policy_without_days_keeps_no_closings() -> None:
    customer = Customer(ASSETS_ONLY)
    customer.apply(balance("1", NOON - DAY_MS), balance("2", NOON), balance("3", NOON - DAY_MS // 2))
    assert (closings_of(customer.state).accounts, daily_changes(customer.state)) == ({}, {})


def test_a_policy_with_days_begins_with_the_newest_balances() -> None:
    customer = Customer(ASSETS_ONLY)
    customer.apply(balance("100", NOON - 2 * DAY_MS), balance("400", NOON))
    customer.rerate(AVERAGES, NOON + 1)
    assert closings(customer) == ["0", "0", "0", "400"]
    customer.apply(balance("300", NOON - DAY_MS))
    assert closings(customer) == ["0", "0", "300", "400"]


def test_another_holding_is_looked_at_by_what_the_former_policy_kept() -> None:
    customer = Customer(load_policy(AVERAGES.document.replace('"loans"', '"assets"')))
    customer.apply(balance("100", NOON - 2 * DAY_MS, product="loan"), balance("40", NOON))
    assert set(daily_changes(customer.state)) == {"assets.TWD"}
    customer.rerate(AVERAGES, NOON + 1)
    assert closings(customer, "loans") == ["0", "100", "100", "0"]


KEPT_BY_VERSION_1 = (
    *("tier", "earned_tier", "sequence", "decided_at_ms", "newest_ms", "policy_mark"),
    "assets_e4_by_currency",
)


def test_a_state_of_version_1_takes_no_balance_from_before_it() -> None:
    # What its closing totals are made of was not kept.
    customer = after(balance("100", NOON - 2 * DAY_MS), balance("400", NOON))
    known = newest(customer)
    former = State1(
        accounts={"a": Account1(known.as_of_ms, known.balance_e4, known.currency, known.product)},
        first_day=first_balance_day(customer.state),
        daily=daily_changes(customer.state),
        tenure=tenure_of(customer.state),
        **{name: getattr(customer.state, name) for name in KEPT_BY_VERSION_1},
    )
    customer.state = unpack_state(b"\x01" + msgspec.msgpack.encode(former))
    customer.apply(balance("300", NOON - DAY_MS))
    assert closings(customer) == ["0", "100", "100", "400"]
    customer.apply(balance("900", NOON + 2 * DAY_MS), balance("800", NOON + DAY_MS))
    assert closings(customer, days=range(-1, 3)) == ["100", "400", "800", "900"]


# --- laws ---

instants = st.integers(NOON - 10**10, NOON)
timelines = st.lists(
    st.tuples(
        instants, st.integers(1 - 10**18, 10**18 - 1), st.sampled_from(["deposit", "credit_card", "other"]),
        st.sampled_from([0, 1, 2, 3]), st.integers(1, 10**9),
    ),
    min_size=1, max_size=30, unique_by=lambda row: row[0],
)  # fmt: skip


@laws(100)
@given(timelines)
def test_a_timeline_is_unpacked_as_it_was_packed(rows: list[tuple[int, int, str, int, int]]) -> None:
    state, timeline, told_ms = CustomerState(), list[Account](), NEVER_MS
    for as_of_ms, balance_e4, product, how, before_ms in sorted(rows):
        told_ms = [as_of_ms, told_ms, NEVER_MS, as_of_ms - before_ms][how]
        timeline.append(Account(as_of_ms, balance_e4, "TWD", product, told_ms))  # type: ignore[arg-type]
    keep_timeline(state, "TWDa", timeline, AVERAGES.calendar, oldest=0)
    kept = unpack_state(pack_state(state))
    days = [AVERAGES.calendar.day_of(account.as_of_ms) for account in timeline]
    assert days[0] > 0
    assert timeline_of(kept, "TWDa", timeline[-1]) == timeline
    assert account_of(kept, "TWDa") == timeline[-1]


histories = st.lists(
    st.tuples(
        st.sampled_from([0, 0, 1, 5, 12, 24, 24 * 3, 24 * 9, 24 * 31]),
        st.sampled_from(["a", "b", "c"]), amounts, st.sampled_from(sorted(RATES)),
        st.sampled_from(["deposit", "loan", "credit_card", None, None]),
    ),
    min_size=1, max_size=20,
)  # fmt: skip


@laws(100)
@given(histories, st.integers(0, 1 << 32), st.integers(0, 70))
def test_in_any_order_all_totals_equal_a_recount(
    plan: list[tuple[int, str, str, str, str | None]], seed: int, days_later: int
) -> None:
    now, history = at("2027-11-24T12:00"), list[Balance]()
    for hours, account, amount, currency, product in plan:
        now += hours * HOUR_MS
        history.append(balance(amount, now, account, currency, product))
    Random(seed).shuffle(history)  # noqa: S311 - hypothesis gives the seed
    customer = after(*history)
    customer.wait(now + days_later * DAY_MS)
    recount, today = Recount(history, AVERAGES.calendar, RATES), AVERAGES.calendar.day_of(customer.now_ms)
    for holding in ("assets", "loans"):
        assert newest_e16(customer.state, holding, AVERAGES) == recount.closing(holding, today) * 10**16
        for day in range(oldest_closing_looked_at(AVERAGES, today), today + 1):
            assert closing_e16(customer.state, holding, day, AVERAGES) == recount.closing(holding, day) * 10**16
        for first in (today - 44, today - 9, today):
            expected = recount.average(holding, first, today) * 10**16
            assert average_e16(customer.state, holding, first, today, AVERAGES) == expected
