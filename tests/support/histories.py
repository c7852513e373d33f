"""Histories of input records, and what a Partition makes of them without Kafka: for tests of whole batches."""

import json
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any, NamedTuple

from streams.contracts.kept import LaneRecord
from streams.partition.customers import Customers
from streams.partition.entries import Entry
from streams.partition.heads import merge_heads
from streams.partition.outputs import sent_to
from streams.partition.setup import PartitionSetup
from streams.partition.work import CHANGES, DEAD_LETTERS, ORDER, Work
from streams.policy.compile.load import load_policy
from streams.policy.policy import Policy
from streams.settings import policy_folder
from streams.values.calendar import Clock
from streams.values.events import BALANCES, CREDIT, CUSTOMERS, LOANS, TOPICS, TRANSACTIONS

STANDARD = load_policy((policy_folder() / "standard.toml").read_text())
ASSETS_ONLY = load_policy((policy_folder() / "assets-only.toml").read_text())
# The rules of standard.toml without grace and protection: up and down at once.
TIERS_ALONE = STANDARD.document.partition("# --- campaigns")[0]
PLAIN = load_policy(TIERS_ALONE.replace("after_days = 30", "").replace("protection_days = 90", ""))
INPUTS = tuple(f"bank.{topic}" for topic in TOPICS)
PARTITION = 2
DOOMSDAY_MS = 253_402_128_000_000  # a wall clock that no event is ahead of


class Line(NamedTuple):
    """One record of an input topic."""

    offset: int
    key: bytes | None
    value: bytes | None


class History:
    """The records of the five input topics, in their order; every event gets an id unless it brings one."""

    def __init__(self) -> None:
        self.topics: list[list[Line]] = [[] for _ in TOPICS]

    def raw(self, topic: int, key: bytes | None, value: bytes | None) -> None:
        self.topics[topic].append(Line(len(self.topics[topic]), key, value))

    def event(self, topic: int, customer: str, **fields: Any) -> None:
        number = len(self.topics[topic])
        value = {"event_id": f"{TOPICS[topic]}-{number}", "customer_id": customer, **fields}
        self.raw(topic, customer.encode(), json.dumps(value).encode())

    def balance(self, customer: str, amount: str, at: int | str, account: str = "a", **more: Any) -> None:
        fields = {"account_id": account, "balance": amount, "currency": "TWD", "as_of": at}
        self.event(BALANCES, customer, **(fields | more))

    def transaction(self, customer: str, amount: str, at: int | str, **more: Any) -> None:
        fields = {"account_id": "a", "type": "purchase", "amount": amount, "currency": "TWD", "occurred_at": at}
        self.event(TRANSACTIONS, customer, **(fields | more))

    def credit(self, customer: str, standing: str, at: int | str, **more: Any) -> None:
        self.event(CREDIT, customer, **({"standing": standing, "as_of": at} | more))

    def loan(self, customer: str, amount: str, at: int | str, **more: Any) -> None:
        fields = {"loan_id": "L1", "amount": amount, "currency": "TWD", "applied_at": at}
        self.event(LOANS, customer, **(fields | more))

    def action(self, customer: str, action: str, at: int | str, **more: Any) -> None:
        self.event(CUSTOMERS, customer, **({"action": action, "at": at} | more))

    def pin(self, customer: str, tier: str, at: int | str, until: int | str) -> None:
        self.action(customer, "pin", at, tier=tier, until=until, reason="a promise", by="branch 7")


class Outcome:
    """What came out of a history, batch after batch."""

    def __init__(self) -> None:
        self.works: list[Work] = []
        self.packed: dict[bytes, bytes] = {}

    @property
    def lane(self) -> LaneRecord | None:
        return self.works[-1].lane if self.works else None

    @property
    def changes(self) -> list[dict[str, Any]]:
        return self._told(CHANGES)

    @property
    def dead_letters(self) -> list[dict[str, Any]]:
        return self._told(DEAD_LETTERS)

    @property
    def orders(self) -> list[dict[str, Any]]:
        return self._told(ORDER)

    def _told(self, output: str) -> list[dict[str, Any]]:
        return [json.loads(message.value or b"") for work in self.works for message in sent_to(work, output)]

    def told(self) -> list[tuple[str, str, str]]:
        """All changes in short: id, tier, reason."""
        return [(change["id"], change["tier"], change["reason"]) for change in self.changes]


class Bench:
    """A partition and its input queues, worked batch by batch; a take-over before every batch if so wished."""

    def __init__(
        self,
        policy: Policy = STANDARD,
        clock: Clock = "event",
        *,
        owns: Callable[[bytes], bool] = lambda _: True,
        take_over: bool = False,
    ) -> None:
        self.setup = PartitionSetup(PARTITION, policy, clock, INPUTS, "/tierflow/test", owns)
        self.take_over = take_over
        self.outcome = Outcome()
        self.partition = Customers(self.setup)

    def work(self, history: History, sizes: Iterable[int] = (1_000_000,), wall_ms: int = DOOMSDAY_MS) -> Outcome:
        """Works the whole history in batches of these sizes; the last size holds for the rest."""
        queues = [deque(self.partition.decode(topic, lines)) for topic, lines in enumerate(history.topics)]
        remaining = iter(sizes)
        size = next(remaining)
        while any(queues):
            self.batch(merge_heads(queues, frozenset(), size, self.partition.latest_ms(wall_ms)), wall_ms)
            size = next(remaining, size)
        return self.outcome

    def batch(self, entries: Sequence[Entry], wall_ms: int) -> Work:
        """One batch and its commit."""
        if self.take_over:
            self.partition = Customers(self.setup, dict(self.outcome.packed), self.outcome.lane)
        offsets = list(self.partition.next_offsets)
        for entry in entries:
            offsets[entry.topic] = entry.offset + 1
        work = self.partition.work(entries, offsets, wall_ms)
        self.partition.keep(work)
        self.outcome.works.append(work)
        self.outcome.packed.update(work.states)
        return work


def worked(history: History, policy: Policy = STANDARD, sizes: Iterable[int] = (1_000_000,)) -> Outcome:
    """The history on the event clock."""
    return Bench(policy).work(history, islice(sizes, None))
