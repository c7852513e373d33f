#!/usr/bin/env -S uv run --script
# /// script
# requires-python = ">=3.11"
# dependencies = ["pathway==0.33.0", "confluent-kafka", "orjson"]
#
# [tool.uv]
# prerelease = "allow" # pathway asks for a pre-release of python-sat
# ///
"""The same work on Pathway (free edition, at least once): a stateful reducer a customer, with a tuple as its state.

Rows of a batch come unordered, so the Kafka offset is read along, and the reducer sorts by topic and offset.
--persistence operators asks for a licence key; inputs keeps the log of inputs, which a restart replays; --expect 0 runs
until it is stopped. The seconds and the CPU time count from `pw.run`.
"""

import argparse
import os
import sys
import threading
import time
from decimal import Decimal
from typing import Any

import orjson
import pathway as pw
from confluent_kafka import Consumer, KafkaException, TopicPartition

DAY_MS, REMEMBERED, WINDOW_DAYS = 86_400_000, 16, 30
MID_FROM, HIGH_ABOVE = 50_000_000, 500_000_000
TIERS = (None, "LOW", "MID", "HIGH")
PARTITIONS = 4
WRITTEN_WITHIN_S = 120.0

# Sequence, and JSON.
Change = tuple[int, str]
# Tier (0 none, 1 low, 2 mid, 3 high), sequence, newest time, (account, cents, as_of), (day, count, cents), ids, and the
# changes of this batch.
State = tuple[
    int,
    int,
    int,
    tuple[tuple[str, int, int], ...],
    tuple[tuple[int, int, int], ...],
    tuple[str, ...],
    tuple[Change, ...],
]


class Customer:
    """A customer's state, opened."""

    def __init__(self, state: State | None) -> None:
        tier, sequence, newest, accounts, days, ids, _ = state or (0, 0, -1, (), (), (), ())
        self.tier, self.sequence, self.newest = tier, sequence, newest
        self.accounts = {account: (cents, as_of) for account, cents, as_of in accounts}
        self.days = {day: (count, cents) for day, count, cents in days}
        self.ids = list(ids)
        self.changes: list[Change] = []

    def work(self, row: list[Any]) -> None:
        """Works one event."""
        customer_id, event_id, is_transaction, account, amount, at, _ = row
        if event_id in self.ids:
            return
        self.ids.append(event_id)
        del self.ids[:-REMEMBERED]
        self._advance(at)
        if is_transaction:
            self._count(at, cents_of(amount))
        else:
            old = self.accounts.get(account)
            if old is None or at >= old[1]:
                self.accounts[account] = (cents_of(amount), at)
        aum = sum(cents for cents, _ in self.accounts.values())
        tier = 3 if aum > HIGH_ABOVE else 2 if aum >= MID_FROM else 1
        if tier != self.tier:
            self._change(customer_id, event_id, tier, aum, at)

    def packed(self) -> State:
        """Gives the state as a tuple."""
        accounts = tuple((account, cents, as_of) for account, (cents, as_of) in self.accounts.items())
        days = tuple((day, count, cents) for day, (count, cents) in self.days.items())
        return self.tier, self.sequence, self.newest, accounts, days, tuple(self.ids), tuple(self.changes)

    def _advance(self, at: int) -> None:
        if at > self.newest:
            self.newest = at
            oldest = at // DAY_MS - WINDOW_DAYS
            self.days = {day: kept for day, kept in self.days.items() if day >= oldest}

    def _count(self, at: int, cents: int) -> None:
        day = at // DAY_MS
        if day >= self.newest // DAY_MS - WINDOW_DAYS:
            count, total = self.days.get(day, (0, 0))
            self.days[day] = (count + 1, total + cents)

    def _change(self, customer_id: str, event_id: str, tier: int, aum: int, at: int) -> None:
        self.sequence += 1
        count = sum(count for count, _ in self.days.values())
        amount = sum(cents for _, cents in self.days.values())
        score = 70 * min(1, aum / 5e8) + 20 * min(1, count / 30) + 10 * min(1, amount / 5e7)
        change = {
            "event_id": f"{customer_id}-{self.sequence}",
            "customer_id": customer_id,
            "previous": TIERS[self.tier],
            "tier": TIERS[tier],
            "aum": money(aum),
            "score": round(max(0, score), 4),
            "count30": count,
            "amount30": money(amount),
            "cause": event_id,
            "at": at,
        }
        self.changes.append((self.sequence, orjson.dumps(change).decode()))
        self.tier = tier


def cents_of(text: str) -> int:
    """Gives the cents of a decimal text, exactly."""
    whole, _, part = text.partition(".")
    return int(whole + part) if len(part) == len("00") else int(Decimal(text) * 100)


def money(cents: int) -> str:
    """Gives the decimal text of cents."""
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"


class Progress:
    """How many events went through the reducers, and how many changes came of them."""

    def __init__(self, expect: int) -> None:
        self.seen = self.changed = 0
        self.done = threading.Event()
        self._expect = expect
        self._lock = threading.Lock()

    def add(self, events: int, changes: int) -> None:
        """Counts what a reducer has worked."""
        with self._lock:
            self.seen += events
            self.changed += changes
            if self._expect and self.seen >= self._expect:
                self.done.set()


def reducer(progress: Progress) -> Any:
    """Makes the reducer of a customer."""

    @pw.reducers.stateful_many
    def customer(state: State | None, rows: list[tuple[list[Any], int]]) -> State:
        events = [row for row, count in rows for _ in range(count)]
        events.sort(key=lambda row: (row[2], row[6]))  # topic, offset
        opened = Customer(state)
        for event in events:
            opened.work(event)
        progress.add(len(events), len(opened.changes))
        return opened.packed()

    return customer


class Transaction(pw.Schema):
    """What is read of a transaction."""

    event_id: str
    customer_id: str
    account_id: str
    amount: str
    occurred_at: int


class Balance(pw.Schema):
    """What is read of a balance."""

    event_id: str
    customer_id: str
    account_id: str
    balance: str
    as_of: int


def build(options: argparse.Namespace, progress: Progress) -> None:
    """Builds the graph: two topics, a reducer by customer, the topic of changes."""
    transactions, balances = _read(options, "transactions", Transaction), _read(options, "balances", Balance)
    events = pw.Table.concat_reindex(
        transactions.select(
            pw.this.customer_id,
            pw.this.event_id,
            is_transaction=True,
            account=pw.this.account_id,
            amount=pw.this.amount,
            at=pw.this.occurred_at,
            offset=pw.this._metadata["offset"].as_int(),  # noqa: SLF001 - the name that Pathway gives it
        ),
        balances.select(
            pw.this.customer_id,
            pw.this.event_id,
            is_transaction=False,
            account=pw.this.account_id,
            amount=pw.this.balance,
            at=pw.this.as_of,
            offset=pw.this._metadata["offset"].as_int(),  # noqa: SLF001 - as above
        ),
    )
    row, customer = pw.this, reducer(progress)
    states = events.groupby(row.customer_id).reduce(
        row.customer_id,
        state=customer(row.customer_id, row.event_id, row.is_transaction, row.account, row.amount, row.at, row.offset),
    )
    updated = states.select(row.customer_id, change=row.state[6]).to_stream().filter(row.is_upsert)
    changes = updated.flatten(row.change).select(row.customer_id, sequence=row.change[0], json=row.change[1])
    pw.io.kafka.write(
        changes,
        {"bootstrap.servers": options.bootstrap, "linger.ms": "5", "partitioner": "murmur2_random"},
        options.out_topic,
        format="plaintext",
        key=changes.customer_id,
        value=changes.json,
        headers=[changes.sequence],  # only a column that is sent can be sorted by
        sort_by=[changes.sequence],
    )


def _read(options: argparse.Namespace, topic: str, schema: Any) -> Any:
    return pw.io.kafka.read(
        {"bootstrap.servers": options.bootstrap, "group.id": options.app_id, "auto.offset.reset": "earliest"},
        options.in_prefix + topic,
        format="json",
        schema=schema,
        with_metadata=True,
        autocommit_duration_ms=options.commit_ms,
        name=topic,
    )


def watch(options: argparse.Namespace, progress: Progress, began: tuple[float, float], before: int) -> None:
    """Waits until all events are worked and their changes written, prints the figures, and ends the process."""
    progress.done.wait()
    give_up_at = time.monotonic() + WRITTEN_WITHIN_S
    while written(options) - before < progress.changed:
        if time.monotonic() > give_up_at:
            print("the changes were not written", file=sys.stderr)
            os._exit(3)
        time.sleep(0.02)
    seconds, cpu_s = time.monotonic() - began[0], time.process_time() - began[1]
    rate = progress.seen / seconds
    print(f"processed={progress.seen} seconds={seconds:.3f} events_per_s={rate:.0f} cpu_s={cpu_s:.3f}", flush=True)
    os._exit(0)


def written(options: argparse.Namespace) -> int:
    """Gives the records in the topic of changes."""
    probe = Consumer({"bootstrap.servers": options.bootstrap, "group.id": "peer-watch", "enable.auto.commit": False})
    try:
        topic = options.out_topic
        ends = (probe.get_watermark_offsets(TopicPartition(topic, number), 10) for number in range(PARTITIONS))
        return sum(end for _, end in ends)
    except KafkaException:
        return 0
    finally:
        probe.close()


def main() -> None:
    """Works the topics that the options name."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--bootstrap", default="127.0.0.1:9092")
    parser.add_argument("--in-prefix", default="bank.")
    parser.add_argument("--out-topic", required=True, help=f"is there, with {PARTITIONS} partitions")
    parser.add_argument("--app-id", required=True)
    parser.add_argument("--state-dir", required=True)
    parser.add_argument("--expect", type=int, default=0)
    parser.add_argument("--threads", default="2")
    parser.add_argument("--commit-ms", type=int, default=100, help="how often input read so far becomes a batch")
    parser.add_argument("--persistence", choices=("operators", "inputs"), default="inputs")
    options = parser.parse_args()
    os.environ["PATHWAY_THREADS"] = options.threads
    progress, before = Progress(options.expect), written(options)
    build(options, progress)
    modes = {"operators": pw.PersistenceMode.OPERATOR_PERSISTING, "inputs": pw.PersistenceMode.PERSISTING}
    persistence = pw.persistence.Config(
        pw.persistence.Backend.filesystem(options.state_dir),
        snapshot_interval_ms=1_000,
        persistence_mode=modes[options.persistence],
    )
    began = time.monotonic(), time.process_time()
    threading.Thread(target=watch, args=(options, progress, began, before), daemon=True).start()
    pw.run(monitoring_level=pw.MonitoringLevel.NONE, persistence_config=persistence)


if __name__ == "__main__":
    main()
