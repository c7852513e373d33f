"""Words to input events: "balance 600000", "D: purchase 5000 USD of 2026-01-31 12:00", "pin mid until 2026-02-01".

A part of an event is the word before it and what follows: `of` its own time, where it comes late; `in` an account, `as`
a product, `until` a time, with a `score`.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from streams.contracts.event_line import EventLine
from streams.policy.policy import Policy
from streams.testing.instants import WordsError, instant
from streams.values.events import BALANCES, CREDIT, CUSTOMERS, LOANS, RATES, TRANSACTION_TYPES, TRANSACTIONS

ME = "C"
"""The customer whom events are about that name none."""

FORMS = (
    "balance AMOUNT [CURRENCY] [in ACCOUNT] [as PRODUCT] [of TIME]",
    "TYPE AMOUNT [CURRENCY] [of TIME], with a type of transactions such as purchase",
    "undo TYPE AMOUNT [CURRENCY] of TIME",
    "standing STANDING [score SCORE] [of TIME]",
    "loan ID AMOUNT [CURRENCY]",
    "pin TIER until TIME",
    "rate CURRENCY RATE [of TIME]",
    "unpin, opt_out, opt_in, erase",
)
_TIME_FIELDS = {TRANSACTIONS: "occurred_at", CUSTOMERS: "at", LOANS: "applied_at", BALANCES: "as_of", CREDIT: "as_of"}
_PARTS = ("of", "in", "as", "until", "score")


class Said(NamedTuple):
    """One event in words: those that stand first, and the parts by the word before each."""

    words: Sequence[str]
    parts: dict[str, str]


class Hearing:
    """Makes the events of one bank, each with an id of its own, and remembers the transactions, which may be undone."""

    def __init__(self, policy: Policy) -> None:
        """Takes the policy, which says the time zone, and the currency where no other is written."""
        self._policy = policy
        self._count = 0
        self._transactions: dict[tuple[str, str, str, str, datetime], str] = {}

    def event(self, words: str, now: datetime) -> EventLine:
        """Makes an event of words. now: when it is heard, and its own time where the words say no other.

        Raises:
            WordsError: The words are no event.
        """
        name, colon, rest = words.partition(": ")
        customer, what = (name, rest) if colon else (ME, words)
        said = _said(what)
        at = instant(said.parts["of"], now.tzinfo, now) if "of" in said.parts else now
        match said.words:
            case ["rate", currency, rate]:
                quoted = {"currency": currency, "against": self._policy.currency, "rate": rate, "at": at.isoformat()}
                return EventLine(RATES, currency.encode(), json.dumps(quoted).encode())
        try:
            topic, fields = self._fields(customer, said, at, now)
        except (ValueError, KeyError) as error:
            if isinstance(error, WordsError):
                raise
            raise WordsError(f"{words!r} is no event; write one of\n  " + "\n  ".join(FORMS)) from error
        return self._line(topic, customer, now if said.words[0] == "undo" else at, fields)

    def tick(self, now: datetime) -> EventLine:
        """Makes an event of nobody's that moves the clock, and changes nothing."""
        return self._line(CUSTOMERS, "nobody", now, {"action": "unpin"})

    def _fields(self, customer: str, said: Said, at: datetime, now: datetime) -> tuple[int, dict[str, Any]]:
        match said.words:
            case ["balance", amount, *currency]:
                account = {"account_id": said.parts.get("in", "a"), "balance": amount, "currency": self._of(currency)}
                return BALANCES, account | ({"product": said.parts["as"]} if "as" in said.parts else {})
            case ["standing", standing]:
                return CREDIT, {"standing": standing} | (
                    {"score": said.parts["score"]} if "score" in said.parts else {}
                )
            case ["loan", loan, amount, *currency]:
                return LOANS, {"loan_id": loan, "amount": amount, "currency": self._of(currency)}
            case ["undo", kind, amount, *currency] if kind in TRANSACTION_TYPES:
                return TRANSACTIONS, self._undoing(customer, kind, amount, self._of(currency), at)
            case [kind, amount, *currency] if kind in TRANSACTION_TYPES:
                return TRANSACTIONS, self._transaction(customer, kind, amount, self._of(currency), at)
        return CUSTOMERS, _action(said, now)

    def _of(self, currency: Sequence[str]) -> str:
        """Gives the currency that is written, or else the policy's own."""
        [found] = currency or [self._policy.currency]
        return found

    def _transaction(self, customer: str, kind: str, amount: str, currency: str, at: datetime) -> dict[str, Any]:
        self._transactions[customer, kind, amount, currency, at] = f"e{self._count + 1}"
        return {"account_id": "a", "type": kind, "amount": amount, "currency": currency}

    def _undoing(self, customer: str, kind: str, amount: str, currency: str, at: datetime) -> dict[str, Any]:
        undone = self._transactions.get((customer, kind, amount, currency, at))
        if undone is None:
            raise WordsError(f"undo {kind} {amount} {currency}: {customer} had no such transaction at {at.isoformat()}")
        fields = {"account_id": "a", "type": kind, "amount": amount, "currency": currency}
        return fields | {"reverses": undone, "reversed_at": at.isoformat()}

    def _line(self, topic: int, customer: str, at: datetime, fields: dict[str, Any]) -> EventLine:
        self._count += 1
        value = {"event_id": f"e{self._count}", "customer_id": customer, _TIME_FIELDS[topic]: at.isoformat()} | fields
        return EventLine(topic, customer.encode(), json.dumps(value).encode())


def _action(said: Said, now: datetime) -> dict[str, Any]:
    match said.words:
        case ["pin", tier]:
            until = instant(said.parts["until"], now.tzinfo, now).isoformat()
            return {"action": "pin", "tier": tier, "until": until, "reason": "a test", "by": "a test"}
        case ["unpin" | "opt_out" | "opt_in" | "erase" as action]:
            return {"action": action}
    raise ValueError(said)


def _said(words: str) -> Said:
    """Cuts words into those that stand first and the parts."""
    first, parts, name = list[str](), dict[str, list[str]](), ""
    for word in words.split():
        if word in _PARTS and first:
            name = word
            parts[name] = []
        elif name:
            parts[name].append(word)
        else:
            first.append(word)
    return Said(first, {name: " ".join(found) for name, found in parts.items()})
