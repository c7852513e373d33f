"""Laws that hold for every history, against an oracle that counts naively, from the raw events, with decimals."""

import json
from collections import defaultdict
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.decode import decode
from streams.contracts.packing import unpack_state
from streams.engine.measures.account_rows import all_accounts
from streams.engine.measures.figures import measure
from streams.engine.measures.fold import fold_balance
from streams.engine.sections import special_of
from streams.engine.state import CustomerState
from streams.engine.tiers.conditions import entered_rank, kept_rank
from streams.policy.policy import Policy
from streams.values.calendar import DAY_MS, EPOCH, HOUR_MS, NEVER_MS, month_of, month_start
from streams.values.events import TRANSACTIONS, Balance, Event, Transaction
from streams.values.products import Holding
from tests.support.daily_recount import Recount, in_force
from tests.support.event_plans import (
    POLICIES,
    START,
    Plan,
    accounts,
    actions,
    calm_years,
    decoded,
    events,
    history_of,
    in_order,
    own_currency,
    signed,
    steps,
    years,
)
from tests.support.histories import Bench, History, Line, Outcome
from tests.support.laws import laws
from tests.support.one_customer import PLAIN, STANDARD, Customer, at, balance

quick = laws(100)

TAIPEI_MS = 8 * HOUR_MS  # Taipei has known no summer time since 1979
RATES = {"TWD": Decimal(1), "USD": Decimal("31.5"), "JPY": Decimal("0.21")}
ACTIVE = {"purchase", "transfer_in", "transfer_out"}

currencies = st.sampled_from(["TWD", "TWD", "USD", "JPY"])
plans = st.lists(events(steps, currencies), min_size=1, max_size=25)
wild_plans = st.lists(st.one_of(*[events(steps, currencies)] * 2, actions(steps)), min_size=1, max_size=25)
every_policy = pytest.mark.parametrize("name", POLICIES)


# --- the oracle ---


def local_day(at_ms: int) -> int:
    return (at_ms + TAIPEI_MS) // DAY_MS


class Oracle:
    """What one customer has, counted anew from all events that were applied, in the order of their offsets."""

    def __init__(self, history: History, customer: str) -> None:
        values = [[json.loads(line.value or b"") for line in lines] for lines in history.topics]
        mine = [[value for value in topic if value["customer_id"] == customer] for topic in values]
        self.balances, transactions, self.credit, self.loans, _ = mine
        heard = [decode(TRANSACTIONS, customer.encode(), json.dumps(value).encode(), PLAIN) for value in transactions]
        counted = {event.event_id for event in in_force([event for event in heard if isinstance(event, Transaction)])}
        self.transactions = [value for value in transactions if value["event_id"] in counted]

    def value(self, today: int) -> tuple[Decimal, Decimal, Decimal]:
        assets, activity = self.assets(), self.activity(today)
        credit = -max(assets, Decimal(0)) / 10 if self.standing() == "poor" else Decimal(0)
        return assets, activity, credit

    def assets(self) -> Decimal:
        newest: dict[tuple[str, str], tuple[str, str]] = {}  # by account and currency: balance and product
        for value in sorted(self.balances, key=lambda value: value["as_of"]):  # stable: equal times keep their order
            account = value["account_id"], value["currency"]
            newest[account] = value["balance"], value["product"] or newest.get(account, ("", "other"))[1]
        return sum(
            (Decimal(balance) * RATES[currency] for (_, currency), (balance, product) in newest.items()
             if product != "loan"),
            Decimal(0),
        )  # fmt: skip

    def activity(self, today: int) -> Decimal:
        volume = Decimal(0)
        for value in self.transactions:
            if value["type"] in ACTIVE and today - 90 < local_day(value["occurred_at"]) <= today:
                volume += Decimal(value["amount"]) * RATES[value["currency"]]
        return min(volume / 100, Decimal(50_000))

    def standing(self) -> str:
        newest = "good"
        for value in sorted(self.credit, key=lambda value: value["as_of"]):
            newest = value["standing"]
        return newest

    def tier(self, today: int) -> str:
        value = sum(self.value(today))
        if value < 500_000 or self.standing() == "default":
            return "low"
        return "mid" if value < 5_000_000 else "high"


# --- laws ---


@quick
@given(plans)
def test_tiers_and_measures_equal_a_naive_count(plan: list[tuple[Any, ...]]) -> None:
    history = history_of(plan, PLAIN)
    outcome = Bench(PLAIN).work(history)
    assert outcome.dead_letters == []
    assert outcome.lane is not None
    today = local_day(outcome.lane.clock_ms)
    for customer in {customer for _, customer, *_ in plan}:
        oracle = Oracle(history, customer)
        last = [change for change in outcome.changes if change["customer_id"] == customer][-1]
        state = unpack_state(outcome.packed[customer.encode()])
        assert state.tier == state.earned_tier == last["tier"] == oracle.tier(today)


@quick
@given(plans, st.integers(0, 200))
def test_every_component_equals_a_naive_count(plan: list[tuple[Any, ...]], days_later: int) -> None:
    history = history_of(plan, PLAIN)
    # A change is forced by a balance that crosses a floor either way.
    when = START + 5_000 * DAY_MS if days_later > 150 else at("2028-06-01") + days_later * DAY_MS
    low = Oracle(history, "C1").tier(local_day(when)) == "low"
    history.balance("C1", "9000000000" if low else "-9000000000", when, "swing", product="deposit")
    outcome = Bench(PLAIN).work(history)
    oracle = Oracle(history, "C1")
    if oracle.standing() == "default":
        return
    (change,) = [change for change in outcome.changes if (change["cause"] or {}).get("occurred_at") == when][-1:]
    components = tuple(Decimal(change["components"][name]) for name in ("assets", "activity", "credit"))
    expected = oracle.value(local_day(when))
    assert all(abs(found - exact) <= Decimal("0.00005") for found, exact in zip(components, expected, strict=True))
    assert abs(Decimal(change["value"]) - sum(expected)) <= Decimal("0.00005")


@every_policy
@laws(60)
@given(years, st.lists(st.integers(1, 4), min_size=1, max_size=10), st.booleans())
def test_replay_equals_what_was_worked_batch_by_batch(
    name: str,
    plan: Plan,
    sizes: list[int],
    take_over: bool,  # noqa: FBT001 - hypothesis gives it by position
) -> None:
    policy = POLICIES[name]
    history = history_of(plan, policy)
    whole = Bench(policy).work(history)
    cut = Bench(policy, take_over=take_over).work(history, sizes)
    assert whole.dead_letters == []
    assert cut.changes == whole.changes
    assert cut.packed == whole.packed


def repeated(history: History, often: int) -> History:
    """The history with every record there several times in a row."""
    copied = History()
    for topic, lines in enumerate(history.topics):
        for line in lines:
            for _ in range(often):
                copied.raw(topic, line.key, line.value)
    return copied


def bare(outcome: Outcome) -> list[dict[str, Any]]:
    """The changes without where in the log they come from."""
    changes = outcome.changes
    for change in changes:
        change.pop("positions")
        if change["cause"] is not None:
            change["cause"].pop("offset")
    return changes


@quick
@given(wild_plans, st.integers(2, 3))
def test_repeats_change_nothing(plan: list[tuple[Any, ...]], often: int) -> None:
    history = history_of(plan, STANDARD)
    once, often_worked = Bench().work(history), Bench().work(repeated(history, often))
    assert bare(once) == bare(often_worked)


BY_TIME = {"window_moved", "grace_ended"}


@every_policy
@laws(60)
@given(years)
def test_every_change_has_an_event_or_a_due_time_and_follows_the_one_before(name: str, plan: Plan) -> None:
    policy = POLICIES[name]
    outcome = Bench(policy).work(history_of(plan, policy))
    before: dict[str, dict[str, Any]] = {}
    causes, instants = set(), set()
    for change in outcome.changes:
        former = before.get(change["customer_id"])
        assert change["sequence"] == (former["sequence"] + 1 if former else 1)
        if change["cause"] is None:
            assert change["reason"] in BY_TIME | {"pin_ended"}
            due = (change["customer_id"], change["decided_at"])
            assert due not in instants, "a due time gave two changes"
            instants.add(due)
        else:
            assert change["reason"] not in BY_TIME
            cause = (change["cause"]["topic"], change["cause"]["offset"])
            assert cause not in causes, "an event gave two changes"
            causes.add(cause)
            assert change["positions"][cause[0]] == cause[1]
        if change["previous_tier"] is None:
            assert (change["direction"], change["reason"]) == ("initial", "first_event")
        else:
            assert former is not None
            assert change["previous_tier"] == former["tier"] != change["tier"]
            rises = policy.rank[change["tier"]] > policy.rank[former["tier"]]
            assert change["direction"] == ("upgrade" if rises else "downgrade")
            assert former["decided_at"] <= change["decided_at"]
        before[change["customer_id"]] = change


@quick
@given(
    st.lists(st.tuples(signed, accounts, currencies, st.sampled_from(["deposit", "loan", None])), max_size=12),
    st.randoms(),
)
def test_the_order_of_balances_does_not_matter(rows: list[tuple[str, str, str, str | None]], random: Any) -> None:
    # Times differ: at equal times it is the offset that decides.
    history = [balance(amount, at("2026-11-24") + index, *rest) for index, (amount, *rest) in enumerate(rows)]
    shuffled = history[:]
    random.shuffle(shuffled)
    totals = []
    for order in (history, shuffled):
        state = CustomerState()
        for event in order:
            fold_balance(state, event, STANDARD, 0)
        totals.append({currency: total for currency, total in state.assets_e4_by_currency.items() if total})
        assert state.assets_e4_by_currency == defaultdict(int, state.assets_e4_by_currency) | _recounted(state)
    assert totals[0] == totals[1]


def _recounted(state: CustomerState) -> dict[str, int]:
    totals: dict[str, int] = defaultdict(int)
    for _, account in all_accounts(state):
        if account.product != "loan":
            totals[account.currency] += account.balance_e4
    return totals


# --- rules of holding a tier ---


def worked_for_one(plan: Plan, policy: Policy) -> Customer:
    """The plan as the history of one customer."""
    customer = Customer(policy)
    customer.apply(*decoded(history_of(plan, policy), policy))
    return customer


def raised(event: Any, more: int) -> Any:
    """The event with as much more of assets."""
    if isinstance(event, Balance) and event.product != "loan":
        return msgspec.structs.replace(event, balance_e4=event.balance_e4 + more * 10_000)
    return event


@every_policy
@laws(60)
@given(calm_years, st.sampled_from([1, 100, 25_000, 400_000, 9_000_000]))
def test_more_assets_never_earn_a_lower_tier(name: str, plan: Plan, more: int) -> None:
    policy = POLICIES[name]
    less_rich, richer = Customer(policy), Customer(policy)
    for event in decoded(history_of(plan, policy), policy):
        less_rich.apply(event)
        richer.apply(raised(event, more))
        assert policy.rank[less_rich.state.earned_tier or ""] <= policy.rank[richer.state.earned_tier or ""]


@every_policy
@laws(40)
@given(years)
def test_served_is_earned_once_every_timer_has_run_out(name: str, plan: Plan) -> None:
    policy = POLICIES[name]
    quiet = [step for step in plan if step[0] != "action" or step[3] != "erase"]
    customer = worked_for_one(quiet, policy)
    customer.wait(customer.now_ms + 5 * 366 * DAY_MS)  # pins last 500 days at most, no rule longer than 15 months
    state = customer.state
    assert special_of(state).pin is None
    assert state.tier == state.earned_tier
    if state.tier is not None:
        figures = measure(state, policy, policy.calendar.day_of(customer.now_ms))
        entered = entered_rank(figures, policy)
        kept = kept_rank(policy.rank[state.tier], entered, figures, policy)
        assert policy.rank[state.tier] == min(max(entered, kept), policy.caps.get(state.standing or "good", 99))
    assert customer.wait(customer.now_ms + 3 * 366 * DAY_MS) == []


@quick
@given(years)
def test_there_is_no_downgrade_inside_protection_but_by_default_or_a_pin(plan: Plan) -> None:
    customer = worked_for_one([step for step in plan if step[-1] != "erase"], STANDARD)
    protected_until_ms = 0
    for change in customer.changes:
        if change.direction == "upgrade" and change.reason not in {"pin_set", "pin_ended"}:
            protected_until_ms = change.decided_at_ms + 90 * DAY_MS
        elif change.direction == "downgrade" and change.reason not in {"pin_set", "pin_ended"}:
            assert change.decided_at_ms >= protected_until_ms or change.standing == "default"


# --- served tiers by hand ---


def ms_of(written: str) -> int:
    return (datetime.fromisoformat(written) - EPOCH) // timedelta(milliseconds=1)


class StandardByHand:
    """What standard.toml serves to C1, walked over all events, midnights and ends of grace."""

    def __init__(self, history: History) -> None:
        self.tier, self.below_since, self.protected_until = "", 0, 0
        self.changes: list[tuple[int, str]] = []
        told, clock = History(), NEVER_MS
        self.oracle = Oracle(told, "C1")
        for when, topic, value in in_order(history):
            if self.tier:
                clock = self.walk(clock, when)
            clock = max(clock, when)
            if value["customer_id"] == "C1":
                told.topics[topic].append(Line(0, None, json.dumps(value).encode()))
                self.oracle = Oracle(told, "C1")
                self.decide(clock)

    def walk(self, clock: int, until: int) -> int:
        while True:
            midnight = (local_day(clock) + 1) * DAY_MS - TAIPEI_MS
            falls = self.falls() if self.below_since else midnight
            due = min(midnight, falls) if falls > clock else midnight
            if due > until:
                return clock
            clock = due
            self.decide(clock)

    def falls(self) -> int:
        return max(self.below_since + 30 * DAY_MS, self.protected_until)

    def decide(self, now: int) -> None:
        earned, tier = self.oracle.tier(local_day(now)), self.tier
        capped = self.oracle.standing() == "default" and tier not in {"", "low"}
        if not tier or capped or earned == tier:
            self.tier, self.below_since = earned, 0
        elif _rank(earned) > _rank(tier):
            self.tier, self.below_since, self.protected_until = earned, 0, now + 90 * DAY_MS
        else:
            self.below_since = self.below_since or now
            if now >= self.falls():
                self.tier, self.below_since = earned, 0
        if self.tier != tier:
            self.changes.append((now, self.tier))


def _rank(tier: str) -> int:
    return ("low", "mid", "high").index(tier)


@laws(60)
@given(st.lists(events(steps, currencies), min_size=1, max_size=15))
def test_the_standard_rules_equal_a_walk_by_hand(plan: Plan) -> None:
    outcome = Bench().work(history_of(plan, STANDARD))
    found = [
        (ms_of(change["decided_at"]), change["tier"])
        for change in outcome.changes
        if change["customer_id"] == "C1"
    ]  # fmt: skip
    assert found == StandardByHand(history_of(plan, STANDARD)).changes


class ByHand:
    """The served tier of one customer of a policy that rates by the calendar, walked from rating to rating."""

    def __init__(self, policy: Policy, seen: list[Event]) -> None:
        self.calendar, self.names = policy.calendar, [tier.id for tier in policy.tiers]
        self.floors = [Fraction(floor, 10**16) for floor in policy.floors_e16 or ()]
        self.currency, self.tier, self.changes = policy.currency, -1, list[tuple[int, str]]()
        self.begin()
        for number, event in enumerate(seen):
            self.recount = Recount(seen[:number], self.calendar, {self.currency: Fraction(1)})
            if number:
                self.walk(seen[number - 1].at_ms, event.at_ms)
            else:
                self.serve(event.at_ms, 0)

    def begin(self) -> None:
        """What the rule counts."""

    def walk(self, after: int, until: int) -> None:
        now = self.next_rating(after)
        while now <= until:
            self.serve(now, self.rate(self.month(now)))
            now = self.next_rating(now)

    def next_rating(self, after: int) -> int:
        return self.calendar.next_month_begins_ms(after)

    def month(self, now: int) -> int:
        """The month that begins with the rating."""
        return month_of(self.calendar.day_of(now))

    def serve(self, now: int, tier: int) -> None:
        if tier != self.tier:
            self.tier = tier
            self.changes.append((now, self.names[tier]))

    def average(self, month: int, months: int, holding: Holding = "assets") -> Fraction:
        return self.recount.average(holding, month_start(month - months), month_start(month) - 1)

    def earned(self, value: Fraction) -> int:
        return sum(floor <= value for floor in self.floors)

    def rate(self, month: int) -> int:
        raise NotImplementedError


class MonthsBelow(ByHand):
    """Up at the end of the month that reaches the floor, down after so many months in a row below."""

    months = 1

    def begin(self) -> None:
        self.below = 0

    def rate(self, month: int) -> int:
        earned = self.worth(month)
        self.below = self.below + 1 if earned < self.tier else 0
        if earned > self.tier or self.below >= self.months:
            self.below = 0
            return earned
        return self.tier

    def worth(self, month: int) -> int:
        return self.earned(self.average(month, 1))


class ThreeMonthsBelow(MonthsBelow):
    months = 3


class ThirteenMonthsBelow(MonthsBelow):
    months = 13


class PurchasesAndAverage(MonthsBelow):
    def worth(self, month: int) -> int:
        purchases = self.recount.sum({"purchase"}, month_start(month - 1), month_start(month) - 1)
        return int(purchases >= 30_000 and self.average(month, 1) >= 300_000)


class TermAndGrace(ByHand):
    """Sure for 12 months, then 3 of grace; a rating at the term's end or in the grace that meets the floor renews."""

    def begin(self) -> None:
        self.term_ends = 0  # as a number of months

    def rate(self, month: int) -> int:
        earned = self.earned(self.average(month, 3))
        if earned < self.tier and month < self.term_ends + 3:
            return self.tier
        if earned != self.tier or month >= self.term_ends:
            self.term_ends = month + 12
        return earned


class HigherOfLastTwo(ByHand):
    """Rated on 30 June and 31 December by points; down to the higher of the last two ratings."""

    def begin(self) -> None:
        self.former = 0

    def next_rating(self, after: int) -> int:
        now = super().next_rating(after)
        return now if self.month(now) % 6 == 0 else self.next_rating(now)

    def rate(self, month: int) -> int:
        volume = self.recount.sum(ACTIVE, month_start(month - 6), month_start(month) - 1)
        assets, loans = self.average(month, 6), self.average(month, 6, "loans")
        earned = self.earned(assets / 1_000 + loans / 2_000 + volume / 10_000)
        former, self.former = self.former, earned
        return max(earned, min(former, self.tier))


# Balances around the floors come up often, so that tiers change; time goes on by days, months and years.
near = st.tuples(
    st.just("balance"), st.just("C1"), st.sampled_from([1, 24, 24 * 9, 24 * 31, 24 * 92, 24 * 365]),
    st.sampled_from(["0", "1", "19999.99", "20000", "60000", "100000", "199999.99", "200000", "500000", "9000000"]),
    own_currency, accounts, st.sampled_from(["deposit", "deposit", "loan"]),
)  # fmt: skip
spent = st.tuples(
    st.just("transaction"), st.just("C1"), st.sampled_from([0, 12, 24 * 20]),
    st.sampled_from(["29999.99", "30000", "500000"]), own_currency, st.sampled_from(["purchase", "transfer_in", "fee"]),
    st.sampled_from([None, None, 0]),
)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "by_hand"),
    [
        ("citi-relationship", ThreeMonthsBelow),
        ("hsbc-premier-sg", ThirteenMonthsBelow),
        ("hsbc-premier-cn", MonthsBelow),
        ("sinopac-dawho", MonthsBelow),
        ("esun-unicard-up", PurchasesAndAverage),
        ("bofa-preferred-rewards", TermAndGrace),
        ("icbc-stars", HigherOfLastTwo),
    ],
)
@laws(40)
@given(st.lists(st.one_of(near, near, spent), min_size=2, max_size=14))
def test_rated_tiers_equal_a_walk_by_hand(name: str, by_hand: type[ByHand], plan: Plan) -> None:
    policy = POLICIES[name]
    seen = decoded(history_of(plan, policy), policy)
    found = [(change.decided_at_ms, change.tier) for change in worked_for_one(plan, policy).changes]
    assert found == by_hand(policy, seen).changes
