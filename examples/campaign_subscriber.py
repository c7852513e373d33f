#!/usr/bin/env python3
"""Acts on tierflow's campaign triggers, each once. Copy this file, `pip install aiokafka`, and change `act`.

Settings (environment): KAFKA_BOOTSTRAP_SERVERS and the other KAFKA_… as for tierflow, TIERFLOW_OUTPUT_PREFIX, and
CAMPAIGN_GROUP (the consumer group), CAMPAIGN_STORE (a file; in production your own database), CAMPAIGN_MAX_AGE_DAYS
(older triggers are put down, not acted on: a new group reads from the beginning; not set: none is too old).
"""

import asyncio
import json
import logging
import os
import signal
import sqlite3
import ssl
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord
from aiokafka.errors import CommitFailedError, IllegalStateError

log = logging.getLogger("campaigns")
PREFIX = os.environ.get("TIERFLOW_OUTPUT_PREFIX", "tier.")
GROUP = os.environ.get("CAMPAIGN_GROUP", "campaign-team")  # its members share the partitions, and the store
MAX_AGE_DAYS = float(os.environ.get("CAMPAIGN_MAX_AGE_DAYS", "inf"))

# What is told to whom, by the kind of the occasion. Not here: a kind that is new since, and then nothing is said.
LETTERS = {
    "gift": "Welcome! Your account-opening gift is on its way.",
    "cash_back": "{currency} {amount} of your purchases come back to you.",
    "near_tier": "Only {currency} {missing} more, and you reach the next tier.",
    "dormant": "We miss you. Is there anything that we can do better?",
    "welcome": "Welcome to {tier}: see what is new for you.",
    "at_risk": "Your tier {tier} ends on {due}. This is how to keep it.",
    "fee_alert": "{currency} {missing} more would have spared you this month's fee.",
}

# What is done is in the same database, and written in the same transaction, as the note that it is done: after a crash
# both are there, or neither. The keys are those of the messages: `id`, and customer, campaign and sequence.
TABLES = """
CREATE TABLE IF NOT EXISTS triggers (id PRIMARY KEY, customer_id, campaign, sequence, outcome,
    UNIQUE (customer_id, campaign, sequence));
CREATE TABLE IF NOT EXISTS letters (trigger_id PRIMARY KEY REFERENCES triggers, customer_id, amount, currency, text);
CREATE TABLE IF NOT EXISTS tiers (customer_id PRIMARY KEY, sequence, tier);
"""


def follow(store: sqlite3.Connection, change: dict[str, Any]) -> str | None:
    """Keeps the customer's tier, and only ever forward: a change that comes again does not overwrite a newer one."""
    moved = store.execute(
        "INSERT INTO tiers VALUES (:customer_id, :sequence, :tier) ON CONFLICT (customer_id) DO UPDATE"
        " SET sequence = excluded.sequence, tier = excluded.tier WHERE excluded.sequence > tiers.sequence",
        change,
    )
    # backfill: nobody has done anything now. What you do on a change itself, do only if it is false.
    return f"{change['direction']} {change['id']}" if moved.rowcount and not change["backfill"] else None


def act(store: sqlite3.Connection, trigger: dict[str, Any]) -> str | None:
    """Writes to the customer, unless that was done, or must not be."""
    outcome = outcome_of(trigger)
    noted = store.execute(
        "INSERT OR IGNORE INTO triggers VALUES (:id, :customer_id, :campaign, :sequence, :outcome)",
        {"sequence": None, **trigger, "outcome": outcome},
    )
    if not noted.rowcount:
        return None  # seen before: a crash, or a rebalance, came between the work and the commit of its offset
    if outcome == "acted":
        # Your work. What is outside this database (a mail, a payment) is sent from this table by a step of its own,
        # with trigger_id as its idempotency key: then that happens once, too.
        said = trigger | {"text": LETTERS[trigger["kind"]].format(**trigger)}
        store.execute("INSERT INTO letters VALUES (:id, :customer_id, :amount, :currency, :text)", said)
    return f"{outcome} {trigger['id']}"


def outcome_of(trigger: dict[str, Any]) -> str:
    """Whether to act, or why not. It is put down for both, so that the treated can be held against the held out."""
    if trigger["group"] != "treated":
        return "held_out"  # nothing may be done: these customers show what happens without the campaign
    if trigger["kind"] not in LETTERS:
        return "unknown_kind"
    age = datetime.now(UTC) - datetime.fromisoformat(trigger["triggered_at"])
    return "too_old" if age / timedelta(days=1) > MAX_AGE_DAYS else "acted"


TAKE = {f"{PREFIX}campaigns": act, f"{PREFIX}changes": follow}


def work(store: sqlite3.Connection, records: Iterable[ConsumerRecord]) -> None:
    """One transaction for the batch: a failure undoes all of it, and it comes again."""
    with store:
        said = [TAKE[record.topic](store, json.loads(record.value)) for record in records]
    for line in filter(None, said):
        log.info(line)


def connection() -> dict[str, Any]:
    """How to reach Kafka: by the settings of tierflow itself."""
    get = os.environ.get
    options: dict[str, Any] = {
        "bootstrap_servers": get("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9092"),
        "security_protocol": get("KAFKA_SECURITY_PROTOCOL", "PLAINTEXT"),
        "sasl_mechanism": get("KAFKA_SASL_MECHANISM", "PLAIN"),
        "sasl_plain_username": get("KAFKA_SASL_USERNAME"),
        "sasl_plain_password": get("KAFKA_SASL_PASSWORD"),
    }
    if options["security_protocol"].endswith("SSL"):
        options["ssl_context"] = context = ssl.create_default_context(cafile=get("KAFKA_SSL_CAFILE") or None)
        if get("KAFKA_SSL_CERTFILE"):
            context.load_cert_chain(os.environ["KAFKA_SSL_CERTFILE"], get("KAFKA_SSL_KEYFILE") or None)
    return options


async def main() -> None:
    """Reads until SIGTERM or SIGINT."""
    store = sqlite3.connect(os.environ.get("CAMPAIGN_STORE", "campaigns.db"), check_same_thread=False, timeout=30)
    store.executescript(TABLES)
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    consumer = AIOKafkaConsumer(
        *TAKE,
        **connection(),
        group_id=GROUP,
        isolation_level="read_committed",  # what tierflow takes back is never seen
        auto_offset_reset="earliest",  # a new group, or one whose offsets have expired, misses nothing
        enable_auto_commit=False,  # an offset is committed after the work, never before
    )
    await consumer.start()
    try:
        while not stopping.is_set():
            batches = await consumer.getmany(timeout_ms=500, max_records=100)
            if not batches:
                continue
            # In a thread: heartbeats go on however long the work takes.
            await asyncio.to_thread(work, store, [record for batch in batches.values() for record in batch])
            try:
                await consumer.commit({tp: batch[-1].offset + 1 for tp, batch in batches.items()})
            except (CommitFailedError, IllegalStateError):
                log.warning("the partitions have gone to another member: it will find the work done")
    finally:
        await consumer.stop()
        store.close()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    asyncio.run(main())
