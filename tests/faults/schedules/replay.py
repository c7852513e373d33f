"""A second judge of what is written, which shares no code with streams/: the tiers of policy.toml, in a few lines.

It takes the inputs as they stand in the topics, and the order in which `tier.order` says they were worked, and says
which tier changes, dead letters, erasures, triggers and decisions on loans (offers.py) have to come of that. It knows
the events of ledger.py, and no others: no erase of somebody who has more than balances, and no pin that ends.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from heapq import heapify, heappop, heapreplace
from typing import Any, NamedTuple

from tests.faults.schedules.offers import Moment, Offers, Risk, Trigger

TOPICS = ("balances", "transactions", "credit", "loans", "customers")  # of events of one time the first comes first
_TIMES = {
    "balances": "as_of",
    "transactions": "occurred_at",
    "credit": "as_of",
    "loans": "applied_at",
    "customers": "at",
}
_FLOORS = (("high", Decimal(5_000_000)), ("mid", Decimal(500_000)))
_LOWEST = "low"
_NEVER_MS = -1


class Input(NamedTuple):
    """A record of an input topic. value: None for what is no event at all."""

    at_ms: int
    topic: str
    offset: int
    value: dict[str, Any] | None


class Expected(NamedTuple):
    """A tier change as it has to be. cause: the name of the topic, and the offset."""

    customer: str
    sequence: int
    previous_tier: str | None
    tier: str
    value: Decimal
    cause: tuple[str, int]


class Erasure(NamedTuple):
    """A message of tier.erasures as it has to be. cause: the name of the topic, and the offset."""

    id: str
    customer: str
    last_sequence: int
    cause: tuple[str, int]


class Transaction(NamedTuple):
    """What has to come of one record of the order of work."""

    counter: int
    changes: list[Expected]
    letters: list[tuple[str, int]]  # dead letters: the name of the topic, and the offset
    erasures: list[Erasure]
    triggers: list[Trigger]
    risks: list[Risk]


class _Customer:
    """What is known of a customer."""

    def __init__(self) -> None:
        self.is_known = False
        self.balances: dict[tuple[str, str], tuple[int, Decimal]] = {}
        self.pinned: tuple[int, str | None] = _NEVER_MS, None  # the newest word, and its tier
        self.erased_ms = _NEVER_MS
        self.tier: str | None = None
        self.sequence = 0
        self.ids: set[tuple[str, str]] = set()
        self.offers = Offers()

    @property
    def value(self) -> Decimal:
        return sum((amount for _, amount in self.balances.values()), Decimal(0))

    @property
    def served(self) -> str:
        earned = next((tier for tier, floor in _FLOORS if self.value >= floor), _LOWEST)
        return self.pinned[1] or earned

    def take(self, event: Input) -> None:
        assert event.value is not None
        value, at_ms = event.value, event.at_ms
        if event.topic == "balances":
            pocket = value["account_id"], value["currency"]
            if at_ms >= self.balances.get(pocket, (_NEVER_MS, None))[0]:
                self.balances[pocket] = at_ms, Decimal(value["balance"])
        elif event.topic == "customers" and value["action"] in {"pin", "unpin"} and at_ms >= self.pinned[0]:
            self.pinned = at_ms, value.get("tier") if value["action"] == "pin" else None
        self.is_known = self.is_known or event.topic != "customers"

    def erase(self, at_ms: int) -> None:
        """What is newer stays, as if the customer were first heard of with it."""
        self.erased_ms = max(self.erased_ms, at_ms)
        self.balances = {pocket: held for pocket, held in self.balances.items() if held[0] > at_ms}
        self.is_known, self.tier = bool(self.balances), None


class Replay:
    """One partition: call `work` with its records of order, in their order. inputs: by topic name and offset."""

    def __init__(self, inputs: Mapping[str, Mapping[int, bytes | None]]) -> None:
        self._inputs = inputs
        self._customers: dict[str, _Customer] = {}
        self.next_offsets = dict.fromkeys(TOPICS, 0)

    def work(self, order: Mapping[str, Any], positions: Mapping[str, Sequence[int]]) -> Transaction:
        """positions: by topic name, the first offset that was worked and the one after the last."""
        found = Transaction(order["counter"], [], [], [], [], [])
        for event in self._merged(positions):
            if event.value is None:
                found.letters.append((event.topic, event.offset))
            else:
                self._apply(event, found)
        self.next_offsets.update((topic, after) for topic, (_, after) in positions.items())
        return found

    def tiers(self) -> dict[str, str]:
        """The tier of everybody who has one."""
        return {name: customer.tier for name, customer in self._customers.items() if customer.tier is not None}

    def value_of(self, customer: str) -> Decimal:
        return self._customers[customer].value

    def _merged(self, positions: Mapping[str, Sequence[int]]) -> Iterator[Input]:
        """The earliest of the heads first; what is no event waits for nobody."""
        queues = [self._queue(topic, positions[topic]) for topic in TOPICS if topic in positions]
        heads = [(entry.at_ms, TOPICS.index(entry.topic), entry, queue) for queue in queues for entry in _next(queue)]
        heapify(heads)
        while heads:
            _, place, entry, queue = heads[0]
            yield entry
            following = list(_next(queue))
            if following:
                heapreplace(heads, (following[0].at_ms, place, following[0], queue))
            else:
                heappop(heads)

    def _queue(self, topic: str, span: Sequence[int]) -> Iterator[Input]:
        for offset in range(*span):
            if offset in self._inputs[topic]:  # otherwise a control record
                yield read(topic, offset, self._inputs[topic][offset])

    def _apply(self, event: Input, found: Transaction) -> None:
        assert event.value is not None
        name = event.value["customer_id"]
        customer = self._customers.setdefault(name, _Customer())
        event_id = event.topic, event.value["event_id"]
        if event_id in customer.ids or event.at_ms <= customer.erased_ms:
            return
        customer.ids.add(event_id)
        cause = event.topic, event.offset
        if event.value.get("action") == "erase":
            found.erasures.append(Erasure(f"{name}:erased:{event.at_ms}", name, customer.sequence, cause))
            customer.erase(event.at_ms)
        else:
            customer.take(event)
        before = None
        if customer.is_known and customer.tier != customer.served:
            before, customer.tier = customer.tier, customer.served
            customer.sequence += 1
            change = Expected(name, customer.sequence, before, customer.tier, customer.value, cause)
            found.changes.append(change)
        moment = Moment(
            name, event.topic, event.value, event.at_ms, cause, customer.value, customer.tier or _LOWEST, before
        )
        found.triggers.extend(customer.offers.triggers(moment))
        found.risks.extend(customer.offers.risks(moment))


def read(topic: str, offset: int, value: bytes | None) -> Input:
    """Reads a record; what is no JSON object with a time is no event."""
    try:
        found = json.loads(value or b"")
        return Input(found[_TIMES[topic]], topic, offset, found)
    except (ValueError, TypeError, KeyError):
        return Input(_NEVER_MS, topic, offset, None)


def _next(queue: Iterator[Input]) -> Iterator[Input]:
    """The next one, if there is one."""
    entry = next(queue, None)
    if entry is not None:
        yield entry
