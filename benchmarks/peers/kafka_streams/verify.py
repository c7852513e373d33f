#!/usr/bin/env -S uv run --script
# /// script
# requires-python = ">=3.11"
# dependencies = ["confluent-kafka"]
# ///
"""Holds a peer's tier changes, and with --app-id its whole state in the changelog, against a plain fold of the file.

The two input topics have no order between them, so a customer's leading change to LOW (the first event is a
transaction) may be there on one side only; all else about a customer's tiers depends on balances alone.
"""

import argparse
import json
import struct
from collections import Counter, deque
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, KafkaError, TopicPartition

DAY_MS, WINDOW_DAYS, REMEMBERED = 86_400_000, 30, 16
MID_FROM, HIGH_ABOVE = 50_000_000, 500_000_000
TIERS = ("LOW", "MID", "HIGH")


class Customer:
    """What a customer's state must be after the file."""

    def __init__(self) -> None:
        self.accounts: dict[str, tuple[int, int]] = {}
        self.days: dict[int, tuple[int, int]] = {}
        self.ids: deque[str] = deque(maxlen=REMEMBERED)
        self.newest = -1
        self.tiers: list[str] = []
        self.topics: set[str] = set()

    def work(self, topic: str, event: dict[str, Any]) -> None:
        """Works one event."""
        self.topics.add(topic)
        if event["event_id"] in self.ids:
            return
        self.ids.append(event["event_id"])
        at = event["occurred_at"] if topic == "transactions" else event["as_of"]
        self._advance(at)
        if topic == "transactions":
            self._count(at // DAY_MS, cents(event["amount"]))
        else:
            old = self.accounts.get(event["account_id"])
            if old is None or at >= old[1]:
                self.accounts[event["account_id"]] = (cents(event["balance"]), at)
        tier = tier_of(sum(balance for balance, _ in self.accounts.values()))
        if self.tiers[-1:] != [tier]:
            self.tiers.append(tier)

    def _advance(self, at: int) -> None:
        self.newest = max(self.newest, at)
        oldest = self.newest // DAY_MS - WINDOW_DAYS
        self.days = {day: kept for day, kept in self.days.items() if day >= oldest}

    def _count(self, day: int, amount: int) -> None:
        if day >= self.newest // DAY_MS - WINDOW_DAYS:
            count, total = self.days.get(day, (0, 0))
            self.days[day] = (count + 1, total + amount)


class Wrong:
    """What was found to be wrong, by kind, each with its first example."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.first: dict[str, Any] = {}

    def check(self, what: str, *, holds: bool, example: Any) -> None:
        """Notes what does not hold."""
        if not holds:
            self.counts[what] += 1
            self.first.setdefault(what, example)


def cents(text: str) -> int:
    """Gives the cents of a decimal text."""
    return int(Decimal(text) * 100)


def tier_of(aum: int) -> str:
    """Gives the tier of assets in cents."""
    return "HIGH" if aum > HIGH_ABOVE else "MID" if aum >= MID_FROM else "LOW"


def folded(file: Path) -> dict[str, Customer]:
    """Works the file, line by line."""
    customers: dict[str, Customer] = {}
    for line in file.read_text().splitlines():
        topic, key, text = line.split("\t", 2)
        customers.setdefault(key, Customer()).work(topic, json.loads(text))
    return customers


def read(bootstrap: str, topic: str) -> Iterator[Any]:
    """Gives all committed records of a topic."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "peer-verify",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
        }
    )
    left = set(consumer.list_topics(topic, 10).topics[topic].partitions)
    consumer.assign([TopicPartition(topic, number, 0) for number in left])
    while left:
        for message in consumer.consume(10_000, 1.0):
            error = message.error()
            if error is None:
                yield message
            elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - confluent-kafka's public name for it
                left.discard(message.partition())
            else:
                raise SystemExit(str(error))
    consumer.close()


def check_changes(options: argparse.Namespace, customers: dict[str, Customer], wrong: Wrong) -> dict[str, int]:
    """Compares the tier changes; gives how many each customer has."""
    found: dict[str, list[dict[str, Any]]] = {}
    for message in read(options.bootstrap, options.out_topic):
        found.setdefault(message.key().decode(), []).append(json.loads(message.value()))
    wrong.check("customers", holds=set(found) == set(customers), example=(len(found), len(customers)))
    for key, changes in found.items():
        tiers, due = [change["tier"] for change in changes], customers[key].tiers
        ids = [change["event_id"] for change in changes]
        before = [change["previous"] for change in changes]
        wrong.check("sequence", holds=ids == [f"{key}-{n}" for n in range(1, len(ids) + 1)], example=ids)
        wrong.check("previous", holds=before == [None, *tiers][: len(tiers)], example=changes)
        wrong.check("tiers", holds=tiers in (due, ["LOW", *due]) or ["LOW", *tiers] == due, example=(key, tiers, due))
        for change in changes:
            wrong.check("floors", holds=tier_of(cents(change["aum"])) == change["tier"], example=change)
    return {key: len(changes) for key, changes in found.items()}


def check_states(
    options: argparse.Namespace, customers: dict[str, Customer], counts: dict[str, int], wrong: Wrong
) -> None:
    """Compares the newest state of every customer in the changelog."""
    topic = f"{options.app_id}-customer-changelog"
    states = {message.key().decode(): message.value() for message in read(options.bootstrap, topic)}
    wrong.check("states", holds=set(states) == set(customers), example=(len(states), len(customers)))
    for key, state in states.items():
        due = customers[key]
        tier, sequence, newest, accounts, days, ids = unpacked(state)
        wrong.check("balances", holds=accounts == due.accounts, example=(key, accounts, due.accounts))
        wrong.check("days", holds=days == due.days, example=(key, days, due.days))
        wrong.check("newest", holds=newest == due.newest, example=(key, newest, due.newest))
        wrong.check("tier", holds=tier == due.tiers[-1], example=(key, tier, due.tiers))
        wrong.check("sequence in state", holds=sequence == counts.get(key), example=(key, sequence))
        if len(due.topics) == 1:
            wrong.check("ids", holds=ids == list(due.ids), example=(key, ids, list(due.ids)))
        elif len(due.ids) < REMEMBERED:  # of more, which are the last depends on the order between the topics
            wrong.check("ids", holds=set(ids) == set(due.ids), example=(key, ids, list(due.ids)))


def unpacked(state: bytes) -> tuple[str, int, int, dict[str, tuple[int, int]], dict[int, tuple[int, int]], list[str]]:
    """Reads a state as CustomerState.java writes it."""
    _, tier, sequence, newest, count = struct.unpack_from(">BBiqH", state)
    place, accounts, days, ids = 16, {}, {}, []
    for _ in range(count):
        end = place + 1 + state[place]
        accounts[state[place + 1 : end].decode()] = struct.unpack_from(">qq", state, end)
        place = end + 16
    for _ in range(state[place]):
        day, number, total = struct.unpack_from(">iiq", state, place + 1)
        days[day] = (number, total)
        place += 16
    place += 4
    while place < len(state):
        end = place + 1 + state[place]
        ids.append(state[place + 1 : end].decode())
        place = end
    return TIERS[tier - 1], sequence, newest, accounts, days, ids


def main() -> None:
    """Compares, and ends with status 1 where something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, help="the workload that was loaded, whole (load.py)")
    parser.add_argument("--bootstrap", default="127.0.0.1:9092")
    parser.add_argument("--out-topic", required=True)
    parser.add_argument("--app-id", help="compare the states in its changelog, too")
    options = parser.parse_args()
    customers, wrong = folded(options.file), Wrong()
    counts = check_changes(options, customers, wrong)
    if options.app_id:
        check_states(options, customers, counts, wrong)
    for what, count in wrong.counts.items():
        print(f"WRONG {what}: {count}, first {wrong.first[what]}")
    print(f"{len(customers):,} customers, {sum(counts.values()):,} tier changes")
    raise SystemExit(1 if wrong.counts else 0)


if __name__ == "__main__":
    main()
