"""A valid message of every input topic, and ways to make others of it, field by field as JSON text."""

import json
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from streams.contracts.decode import decode
from streams.contracts.rejection import Rejection
from streams.partition.customers import Customers
from streams.partition.setup import PartitionSetup
from streams.partition.work import Work
from streams.policy.compile.load import load_policy
from streams.policy.policy import Policy
from streams.settings import policy_folder
from streams.values.events import BALANCES, CREDIT, CUSTOMERS, LOANS, TRANSACTIONS, Event

if TYPE_CHECKING:
    from streams.values.calendar import Clock

POLICY = load_policy((policy_folder() / "standard.toml").read_text(encoding="utf-8"))
AT_MS = 1_795_483_800_125  # 2026-11-24T09:30:00.125+08:00
INPUTS = ("bank.balances", "bank.transactions", "bank.credit", "bank.loans", "bank.customers")

_ALL = {"event_id": "e1", "customer_id": "C001"}
MESSAGES: dict[int, dict[str, Any]] = {
    BALANCES: _ALL | {"account_id": "A1", "balance": "500000.00", "currency": "TWD", "as_of": AT_MS},
    TRANSACTIONS: _ALL
    | {"account_id": "A1", "type": "purchase", "amount": "12.50", "currency": "TWD", "occurred_at": AT_MS},
    CREDIT: _ALL | {"standing": "good", "as_of": AT_MS},
    LOANS: _ALL | {"loan_id": "L77", "amount": "12000000", "currency": "TWD", "applied_at": AT_MS},
    CUSTOMERS: _ALL
    | {"action": "pin", "at": AT_MS, "tier": "high", "until": AT_MS + 1, "reason": "board member", "by": "clerk 7"},
}


def value(topic: int, **fields: str | None) -> bytes:
    """The topic's message with these fields, each as its JSON text, instead; None takes a field out."""
    texts = {name: json.dumps(content) for name, content in MESSAGES[topic].items()} | fields
    pairs = (f'"{name}": {text}' for name, text in texts.items() if text is not None)
    return f"{{{', '.join(pairs)}}}".encode()


def read(topic: int, raw: bytes | None, key: bytes | None = b"C001") -> Event | Rejection:
    """What decode makes of it."""
    return decode(topic, key, raw, POLICY)


def reason(outcome: Event | Rejection) -> str:
    """The reason of a rejection, or "" of an event."""
    return outcome.reason if isinstance(outcome, Rejection) else ""


def short(content: object) -> str:
    """The id of a test: as much of its row as can be read."""
    return repr(content)[:40]


class Record(NamedTuple):
    """A Kafka record, as far as it is read."""

    offset: int
    key: bytes | None
    value: bytes | None


def worked(*inputs: tuple[int, bytes | None], policy: Policy = POLICY, wall_ms: int | None = None) -> Work:
    """One batch of a new partition 2: the values, each of the topic with this number, of customer C001.

    On the event clock; on the wall clock where a time is given.
    """
    clock: Clock = "event" if wall_ms is None else "wall"
    setup = PartitionSetup(2, policy, clock, INPUTS, "/tierflow/2", lambda _: True)
    partition = Customers(setup._replace(partitioner="murmur2", tzdata="2026a"))
    offsets: Counter[int] = Counter()
    entries = []
    for topic, raw in inputs:
        entries += partition.decode(topic, [Record(offsets[topic], b"C001", raw)])
        offsets[topic] += 1
    newest_ms = max([AT_MS, *(entry.at_ms for entry in entries)])
    return partition.work(entries, [offsets[topic] for topic in range(len(INPUTS))], wall_ms or newest_ms)
