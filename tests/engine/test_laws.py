"""Laws that hold for every history, against an oracle that counts naively, from the raw events, with decimals."""

import json
from collections import defaultdict
from decimal import Decimal
from typing import Any

import pytest
from histories import Bench, History, Outcome
from hypothesis import given, settings
from hypothesis import strategies as st
from rows import ASSETS_ONLY, STANDARD, at, balance, e16

from streams.contracts.packing import unpack_state
from streams.engine.decide import earned_rank
from streams.engine.fold import fold_balance
from streams.engine.measures import Measures
from streams.engine.policy import Policy
from streams.engine.state import CustomerState

quick = settings(max_examples=100, deadline=None, derandomize=True, database=None)

DAY_MS = 86_400_000
HOUR_MS = 3_600_000
START = at("2026-11-24")
TAIPEI_MS = 8 * HOUR_MS  # Taipei has known no summer time since 1979
RATES = {"TWD": Decimal(1), "USD": Decimal("31.5"), "JPY": Decimal("0.21")}
ACTIVE = {"purchase", "transfer_in", "transfer_out"}

amounts = st.one_of(
    st.sampled_from(["0", "0.0001", "499999.99", "500000", "4999999.99", "5000000", "450000", "555555.5555"]),
    st.decimals(0, 9_000_000, places=4).map(str),
)
signed = st.one_of(amounts, amounts.map(lambda amount: f"-{amount}"))
currencies = st.sampled_from(["TWD", "TWD", "USD", "JPY"])
customers = st.sampled_from(["C1", "C2"])
accounts = st.sampled_from(["a", "b", "c"])
# Steps of time, mostly forward, some late: hours, so that midnights and equal times come up often.
steps = st.sampled_from([0, 0, 1, 5, 12, 24, 24 * 7, 24 * 45, 24 * 90, -1, -24, -24 * 40])

events = st.one_of(
    st.tuples(st.just("balance"), customers, steps, signed, currencies, accounts,
              st.sampled_from(["deposit", "fund", "loan", None])),
    st.tuples(st.just("transaction"), customers, steps, amounts, currencies,
              st.sampled_from(["purchase", "transfer_in", "transfer_out", "deposit", "fee", "novelty"]),
              st.sampled_from([None, None, None, 0, 30, 89, 90, 200])),
    st.tuples(st.just("credit"), customers, steps, st.sampled_from(["excellent", "good", "fair", "poor", "default"])),
    st.tuples(st.just("loan"), customers, steps, amounts),
)  # fmt: skip
actions = st.one_of(
    st.tuples(st.just("pin"), customers, steps, st.sampled_from(["low", "mid", "high"]), st.integers(-1, 60)),
    st.tuples(st.just("action"), customers, steps, st.sampled_from(["unpin", "opt_out", "opt_in", "erase"])),
)
holdings = st.tuples(signed, accounts, currencies, st.sampled_from(["deposit", "loan"]))
plans = st.lists(events, min_size=1, max_size=25)
wild_plans = st.lists(st.one_of(events, events, actions), min_size=1, max_size=25)


def history_of(plan: list[tuple[Any, ...]]) -> History:
    history = History()
    now = START
    for kind, customer, step, *rest in plan:
        when = now + step * HOUR_MS
        now = max(now, when)
        match kind, rest:
            case "balance", [amount, currency, account, product]:
                history.balance(customer, amount, when, account, currency=currency, product=product)
            case "transaction", [amount, currency, kind_of, undoes_days_ago]:
                more: dict[str, Any] = {"type": kind_of, "currency": currency}
                if undoes_days_ago is not None:
                    more |= {"reverses": "t", "reversed_at": when - undoes_days_ago * DAY_MS}
                history.transaction(customer, amount, when, **more)
            case "credit", [standing]:
                history.credit(customer, standing, when)
            case "loan", [amount]:
                history.loan(customer, amount, when)
            case "pin", [tier, days]:
                history.pin(customer, tier, when, when + days * DAY_MS)
            case "action", [action]:
                history.action(customer, action, when)
    return history


# --- the oracle ---


def local_day(at_ms: int) -> int:
    return (at_ms + TAIPEI_MS) // DAY_MS


class Oracle:
    """What one customer has, counted anew from all events that were applied, in the order of their offsets."""

    def __init__(self, history: History, customer: str) -> None:
        values = [[json.loads(line.value or b"") for line in lines] for lines in history.topics]
        mine = [[value for value in topic if value["customer_id"] == customer] for topic in values]
        self.balances, self.transactions, self.credit, self.loans, _ = mine

    def value(self, today: int) -> tuple[Decimal, Decimal, Decimal]:
        assets, activity = self.assets(), self.activity(today)
        credit = -max(assets, Decimal(0)) / 10 if self.standing() == "poor" else Decimal(0)
        return assets, activity, credit

    def assets(self) -> Decimal:
        newest: dict[str, dict[str, Any]] = {}
        for value in sorted(self.balances, key=lambda value: value["as_of"]):  # stable: equal times keep their order
            newest[value["account_id"]] = value
        return sum(
            (Decimal(value["balance"]) * RATES[value["currency"]] for value in newest.values()
             if value["product"] != "loan"),
            Decimal(0),
        )  # fmt: skip

    def activity(self, today: int) -> Decimal:
        volume = Decimal(0)
        for value in self.transactions:
            day = local_day(value.get("reversed_at", value["occurred_at"]))
            if value["type"] in ACTIVE and today - 90 < day <= today:
                sign = -1 if "reverses" in value else 1
                volume += sign * Decimal(value["amount"]) * RATES[value["currency"]]
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
    history = history_of(plan)
    outcome = Bench().work(history)
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
    history = history_of(plan)
    # A new customer moves the clock; a change is then forced by a balance that crosses a floor either way.
    when = START + 5_000 * DAY_MS if days_later > 150 else at("2028-06-01") + days_later * DAY_MS
    low = Oracle(history, "C1").tier(local_day(when)) == "low"
    history.balance("C1", "9000000000" if low else "-9000000000", when, "swing", product="deposit")
    outcome = Bench().work(history)
    oracle = Oracle(history, "C1")
    if oracle.standing() == "default":
        return
    (change,) = [change for change in outcome.changes if (change["cause"] or {}).get("occurred_at") == when][-1:]
    components = tuple(Decimal(change["components"][name]) for name in ("assets", "activity", "credit"))
    expected = oracle.value(local_day(when))
    assert all(abs(found - exact) <= Decimal("0.00005") for found, exact in zip(components, expected, strict=True))
    assert abs(Decimal(change["value"]) - sum(expected)) <= Decimal("0.00005")


@quick
@given(wild_plans, st.lists(st.integers(1, 4), min_size=1, max_size=10), st.booleans())
def test_replay_equals_what_was_worked_batch_by_batch(
    plan: list[tuple[Any, ...]],
    sizes: list[int],
    take_over: bool,  # noqa: FBT001 - hypothesis gives it by position
) -> None:
    history = history_of(plan)
    whole = Bench().work(history)
    cut = Bench(take_over=take_over).work(history, sizes)
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
    history = history_of(plan)
    once, often_worked = Bench().work(history), Bench().work(repeated(history, often))
    assert bare(once) == bare(often_worked)


@quick
@given(wild_plans, st.sampled_from([STANDARD, ASSETS_ONLY]))
def test_every_change_has_an_event_or_a_due_time_and_follows_the_one_before(
    plan: list[tuple[Any, ...]], policy: Policy
) -> None:
    outcome = Bench(policy).work(history_of(plan))
    before: dict[str, dict[str, Any]] = {}
    causes = set()
    for change in outcome.changes:
        former = before.get(change["customer_id"])
        assert change["sequence"] == (former["sequence"] + 1 if former else 1)
        assert (change["cause"] is None) == (change["reason"] == "window_moved" or _expired(change))
        if change["previous_tier"] is None:
            assert (change["direction"], change["reason"]) == ("initial", "first_event")
        else:
            assert former is not None
            assert change["previous_tier"] == former["tier"] != change["tier"]
            assert (change["direction"] == "upgrade") == (_rank(change["tier"]) > _rank(former["tier"]))
        if change["cause"] is not None:
            cause = (change["cause"]["topic"], change["cause"]["offset"])
            assert cause not in causes, "an event gave two changes"
            causes.add(cause)
            assert change["positions"][cause[0]] == cause[1]
        before[change["customer_id"]] = change


def _expired(change: dict[str, Any]) -> bool:
    return change["reason"] == "pin_ended" and change["cause"] is None


def _rank(tier: str) -> int:
    return ("low", "mid", "high").index(tier)


@quick
@given(
    st.lists(st.tuples(signed, accounts, currencies, st.sampled_from(["deposit", "loan"])), max_size=12), st.randoms()
)
def test_the_order_of_balances_does_not_matter(rows: list[tuple[str, str, str, str]], random: Any) -> None:
    # Times differ: at equal times it is the offset that decides.
    history = [balance(amount, at("2026-11-24") + index, *rest) for index, (amount, *rest) in enumerate(rows)]
    shuffled = history[:]
    random.shuffle(shuffled)
    totals = []
    for order in (history, shuffled):
        state = CustomerState()
        for event in order:
            fold_balance(state, event)
        totals.append({currency: total for currency, total in state.assets_e4_by_currency.items() if total})
        assert state.assets_e4_by_currency == defaultdict(int, state.assets_e4_by_currency) | _recounted(state)
    assert totals[0] == totals[1]


def _recounted(state: CustomerState) -> dict[str, int]:
    totals: dict[str, int] = defaultdict(int)
    for account in state.accounts.values():
        if account.product != "loan":
            totals[account.currency] += account.balance_e4
    return totals


@quick
@given(signed, signed, st.sampled_from([None, "excellent", "poor", "default"]))
@pytest.mark.parametrize("policy", [STANDARD, ASSETS_ONLY], ids=["standard", "assets-only"])
def test_more_assets_never_earn_a_lower_tier(policy: Policy, one: str, other: str, standing: str | None) -> None:
    def rank(amount: str) -> int:
        assets = e16(amount)
        credit = max(assets, 0) * policy.credit_share_e4.get(standing or "good", 0) // 10_000
        return earned_rank(Measures(assets, 0, credit), standing, policy)

    less, more = sorted((one, other), key=Decimal)
    assert rank(less) <= rank(more)
