"""One customer in front of the engine: events in short words, local times as text, and time that passes."""

from datetime import datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from streams.engine.apply import apply_due, apply_erase, apply_event, apply_policy
from streams.engine.case import Case, Moment
from streams.engine.measures.limits import check_limits
from streams.engine.measures.reversals import mark_for_reversals
from streams.engine.outcomes import Outcome, TierChange
from streams.engine.remember import remember
from streams.engine.state import CustomerState
from streams.policy.compile.load import load_policy
from streams.policy.policy import Policy
from streams.settings import policy_folder
from streams.values.events import (
    BALANCES,
    CREDIT,
    CUSTOMERS,
    LOANS,
    TRANSACTIONS,
    Action,
    Balance,
    Credit,
    CustomerAction,
    Event,
    Loan,
    Pin,
    Transaction,
)
from streams.values.fingerprint import REMEMBERED_AT_LEAST, content_mark, fingerprint
from streams.values.money import AMOUNT_DECIMALS, VALUE_DECIMALS, parse_fixed
from streams.values.standings import Standing

if TYPE_CHECKING:
    from streams.engine.outcomes import RiskMessage, Trigger

TAIPEI = ZoneInfo("Asia/Taipei")
DAY_MS = 86_400_000
_numbers = count(1)


def policy_file(name: str) -> Path:
    return policy_folder() / name


def policy_of(name: str) -> Policy:
    return load_policy(policy_file(f"{name}.toml").read_text())


WHOLE_STANDARD = policy_of("standard")
# What standard.toml says of tiers, without its campaigns and risk rules.
STANDARD = load_policy(WHOLE_STANDARD.document.partition("# --- campaigns")[0])
ASSETS_ONLY = policy_of("assets-only")
# The rules of standard.toml without grace and protection: up and down at once.
PLAIN = load_policy(STANDARD.document.replace("after_days = 30", "").replace("protection_days = 90", ""))

LOW_AND_MID = """
[[tiers]]
id = "low"

[[tiers]]
id = "mid"
at_least = "500000"
"""


def a_policy(text: str, zone: str = "Asia/Taipei") -> Policy:
    """A policy in TWD with these lines."""
    return load_policy(f'name = "test"\nversion = 1\ncurrency = "TWD"\ntime_zone = "{zone}"\n{text}')


MONTHLY = a_policy(
    """
    [rating]
    when = "month_end"
    [measures.average]
    average = "assets"
    months = 1
    [value]
    terms = [{ measure = "average" }]
    [[tiers]]
    id = "low"
    [[tiers]]
    id = "mid"
    at_least = "500"
    """
)
"""Rates by the average of a month, at its end."""


def at(local: str, zone: ZoneInfo = TAIPEI) -> int:
    """Epoch milliseconds of a local time such as 2026-11-24 or 2026-11-24T09:30."""
    moment = datetime.fromisoformat(local).replace(tzinfo=zone)
    return round(moment.timestamp() * 1000)


def e4(amount: str) -> int:
    return parse_fixed(amount, AMOUNT_DECIMALS)


def e16(value: str) -> int:
    return parse_fixed(value, VALUE_DECIMALS)


def balance(
    amount: str, when: int, account: str = "a", currency: str = "TWD", product: str | None = "deposit"
) -> Balance:
    return Balance(f"e{next(_numbers)}", "C", when, account, e4(amount), currency, product)


def transaction(amount: str, when: int, kind: str = "purchase", currency: str = "TWD") -> Transaction:
    return Transaction(f"{kind}@{when}", "C", when, kind, e4(amount), currency, when)


def reversal(amount: str, when: int, of: int, kind: str = "purchase") -> Transaction:
    """A reversal of the transaction of this kind at that time, if there is one."""
    return Transaction(f"e{next(_numbers)}", "C", when, kind, e4(amount), "TWD", of, f"{kind}@{of}")


def credit(standing: Standing, when: int) -> Credit:
    return Credit(f"e{next(_numbers)}", "C", when, standing, None)


def loan(amount: str, when: int) -> Loan:
    return Loan(f"e{next(_numbers)}", "C", when, "L1", e4(amount), "TWD")


def pin(tier: str, when: int, until: int) -> CustomerAction:
    return CustomerAction(f"e{next(_numbers)}", "C", when, "pin", Pin(tier, until, "a promise", "branch 7"))


def action(name: Action, when: int) -> CustomerAction:
    return CustomerAction(f"e{next(_numbers)}", "C", when, name, None)


def topic_of(event: Event) -> int:
    match event:
        case Balance():
            return BALANCES
        case Transaction():
            return TRANSACTIONS
        case Credit():
            return CREDIT
        case Loan():
            return LOANS
        case CustomerAction():
            return CUSTOMERS


class Customer:
    """One customer's state on the event clock: what falls due is decided before the event that moves the time on."""

    def __init__(self, policy: Policy = STANDARD) -> None:
        self.policy = policy
        self.state = CustomerState()
        self.now_ms = 0
        self.changes: list[TierChange] = []
        self.triggers: list[Trigger] = []
        self.risks: list[RiskMessage] = []

    def apply(self, *events: Event) -> list[TierChange]:
        """The changes that these events, and the time until them, gave."""
        known = len(self.changes)
        for event in events:
            self.wait(event.at_ms)
            check_limits(self.state, event, self.policy)
            if isinstance(event, CustomerAction) and event.action == "erase":
                case = Case(self.state, "C", self.policy, self.now_ms, event, topic_of(event))
                self._note(apply_erase(case, event))
                self.state = case.state
            else:
                self._note(apply_event(self.state, event, self.moment(self.now_ms), topic_of(event), 0))
            entry = fingerprint(event.event_id) + content_mark(event)
            if isinstance(event, Transaction):
                entry += mark_for_reversals(self.state, event, self.policy.calendar)
            remember(self.state, topic_of(event), entry, REMEMBERED_AT_LEAST)
        return self.changes[known:]

    def wait(self, until_ms: int) -> list[TierChange]:
        """The changes that fall due by time alone until then."""
        known = len(self.changes)
        while self.state.due_ms is not None and self.state.due_ms <= until_ms:
            due_ms = self.state.due_ms
            self._note(apply_due(self._case(due_ms)))
            assert self.state.due_ms is None or self.state.due_ms > due_ms, "what was due stays due"
        self.now_ms = max(self.now_ms, until_ms)
        return self.changes[known:]

    def rerate(self, policy: Policy, now_ms: int) -> Outcome:
        """What another policy makes of the customer as the first thing."""
        self.policy = policy
        return apply_policy(self._case(now_ms))

    def moment(self, now_ms: int, *, is_history: bool = False) -> Moment:
        return Moment(self.policy, now_ms, self.policy.calendar.day_of(now_ms), is_history=is_history)

    def _case(self, now_ms: int) -> Case:
        return Case(self.state, "C", self.policy, now_ms)

    def _note(self, outcome: Outcome) -> None:
        self.changes.extend(outcome.changes)
        self.triggers.extend(outcome.triggers)
        self.risks.extend(outcome.risks)

    @property
    def told(self) -> list[tuple[str, str, str]]:
        """All changes in short: direction, tier, reason."""
        return [(change.direction, change.tier, change.reason) for change in self.changes]
