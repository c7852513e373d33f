"""Plans of events for laws: drawn by hypothesis, made into a history of records, or into events for one customer."""

import json
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from streams.contracts.decode import decode
from streams.contracts.rejection import Rejection
from streams.policy.policy import Policy
from streams.settings import policy_folder
from streams.values.calendar import DAY_MS, HOUR_MS
from streams.values.events import TOPICS, TRANSACTIONS, Event
from tests.support.histories import History
from tests.support.one_customer import at, policy_of

START = at("2026-11-24")
POLICIES = {path.stem: policy_of(path.stem) for path in sorted(policy_folder().glob("*.toml"))}
# The floors of all policies, and what lies just below them.
FLOORS = ["500000", "5000000", "30000", "200000", "1000000", "20000", "50000", "100000", "350000", "300000", "450000"]
NEAR = [floor for text in FLOORS for floor in (text, str(Decimal(text) - Decimal("0.01")))]


amounts = st.one_of(
    st.sampled_from(["0", "0.0001", "555555.5555", *NEAR]), st.decimals(0, 9_000_000, places=4).map(str)
)
signed = st.one_of(amounts, amounts, amounts.map(lambda amount: f"-{amount}"))
customers = st.sampled_from(["C1", "C2"])
accounts = st.sampled_from(["a", "b", "c"])
products = st.sampled_from(["deposit", "fund", "loan", None])
standings = st.sampled_from(["excellent", "good", "fair", "poor", "default"])
# Hours, so that midnights and equal times come up often.
_FORWARD = [0, 0, 1, 5, 12, 24, 24 * 7, 24 * 31, 24 * 45, 24 * 90]
_LATE = [-1, -24, -24 * 40]
steps = st.sampled_from(_FORWARD + _LATE)
forward = st.sampled_from(_FORWARD)
strides = st.sampled_from([*_FORWARD, 24 * 200, 24 * 400, *_LATE])  # years in a plan

Plan = list[tuple[Any, ...]]


def events(hours: st.SearchStrategy[int], currencies: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[Any, ...]]:
    kinds = st.sampled_from(["purchase", "transfer_in", "transfer_out", "deposit", "fee", "novelty"])
    days_ago = st.sampled_from([None, None, None, 0, 30, 89, 90, 200])
    return st.one_of(
        st.tuples(st.just("balance"), customers, hours, signed, currencies, accounts, products),
        st.tuples(st.just("balance"), customers, hours, signed, currencies, accounts, products),
        st.tuples(st.just("transaction"), customers, hours, amounts, currencies, kinds, days_ago),
        st.tuples(st.just("credit"), customers, hours, standings),
        st.tuples(st.just("loan"), customers, hours, amounts),
    )


def actions(hours: st.SearchStrategy[int]) -> st.SearchStrategy[tuple[Any, ...]]:
    asked = st.sampled_from(["unpin", "opt_out", "opt_in", "erase"])
    return st.one_of(
        st.tuples(st.just("pin"), customers, hours, st.integers(0, 5), st.integers(-1, 500)),
        st.tuples(st.just("action"), customers, hours, asked),
    )


own_currency = st.just("")
years = st.lists(st.one_of(*[events(strides, own_currency)] * 3, actions(strides)), min_size=1, max_size=25)
calm_years = st.lists(events(strides, own_currency), min_size=1, max_size=25)


def history_of(plan: Plan, policy: Policy) -> History:
    """The plan's records; an empty currency is the policy's own, a pin's number one of its tiers."""
    history = History()
    now = START
    heard: dict[str, list[dict[str, Any]]] = {}  # the transactions of each customer
    for kind, customer, step, *rest in plan:
        when = now + step * HOUR_MS
        now = max(now, when)
        match kind, rest:
            case "balance", [amount, currency, account, product]:
                history.balance(
                    customer, amount, when, account, currency=currency or policy.currency, product=product
                )  # fmt: skip
            case "transaction", [amount, currency, kind_of, undoes_days_ago]:
                more: dict[str, Any] = {"type": kind_of, "currency": currency or policy.currency}
                past = heard.setdefault(customer, [])
                if undoes_days_ago is not None:
                    more |= {"reverses": "one that never comes", "reversed_at": when - undoes_days_ago * DAY_MS}
                    undone = past[-1 - undoes_days_ago % 3] if len(past) > undoes_days_ago % 3 else None
                    if undone is not None:  # it may be a reversal, or undone before
                        amount = undone["amount"]
                        more = {name: undone[name] for name in ("type", "currency")}
                        more |= {"reverses": undone["event_id"], "reversed_at": undone["occurred_at"]}
                        when = max(when, undone["occurred_at"]) + len(past)  # no two at the same time
                        now = max(now, when)
                history.transaction(customer, amount, when, **more)
                past.append(json.loads(history.topics[TRANSACTIONS][-1].value or b""))
            case "credit", [standing]:
                history.credit(customer, standing, when)
            case "loan", [amount]:
                history.loan(customer, amount, when, currency=policy.currency)
            case "pin", [number, days]:
                tier = policy.tiers[number % len(policy.tiers)].id
                history.pin(customer, tier, when, when + days * DAY_MS)
            case "action", [action]:
                history.action(customer, action, when)
    return history


def in_order(history: History) -> list[tuple[int, int, dict[str, Any]]]:
    """Time, topic and value of every record, in the order in which a partition works them: heads by time and topic."""
    queues = [[json.loads(line.value or b"") for line in lines] for lines in history.topics]
    worked = []
    while any(queues):
        when, topic = min((_time(queue[0]), topic) for topic, queue in enumerate(queues) if queue)
        worked.append((when, topic, queues[topic].pop(0)))
    return worked


def _time(value: dict[str, Any]) -> int:
    return next(int(value[name]) for name in ("as_of", "occurred_at", "applied_at", "at") if name in value)


def decoded(history: History, policy: Policy) -> list[Event]:
    """The events in that order."""
    found = []
    for _, topic, value in in_order(history):
        event = decode(topic, value["customer_id"].encode(), json.dumps(value).encode(), policy)
        assert not isinstance(event, Rejection), (TOPICS[topic], event)
        found.append(event)
    return found
