#!/usr/bin/env python3
"""Sends bookings to tierflow from an outbox. Copy this file, `pip install aiokafka cramjam`, and change `events`.

The core writes a row in the transaction that books; this program sends it and then marks it as sent.

Settings (environment): KAFKA_BOOTSTRAP_SERVERS and the other KAFKA_… as for tierflow, TIERFLOW_INPUT_PREFIX, and
PRODUCER_OUTBOX (a file of SQLite; in production your own database).
"""

import asyncio
import json
import os
import signal
import sqlite3
import ssl
from typing import Any

from aiokafka import AIOKafkaProducer

PREFIX = os.environ.get("TIERFLOW_INPUT_PREFIX", "bank.")
PAUSE_S = 0.2

OUTBOX = """
CREATE TABLE IF NOT EXISTS bookings (id INTEGER PRIMARY KEY, customer_id TEXT, account_id TEXT, type TEXT,
    amount TEXT, balance TEXT, currency TEXT, booked_at TEXT, sent INTEGER NOT NULL DEFAULT 0)
"""
# In the order in which they were booked. Fewer than the 64 events of a customer that tierflow remembers at least: what
# a crash brings once more is known there, and changes nothing.
NEXT = "SELECT * FROM bookings WHERE sent = 0 ORDER BY id LIMIT 50"
SENT = "UPDATE bookings SET sent = 1 WHERE id = ?"


def events(booking: sqlite3.Row) -> list[tuple[str, dict[str, Any]]]:
    """Gives the events of a booking, each with its topic: what was moved, and what the account holds after it."""
    event = {
        "event_id": f"core-{booking['id']}",  # of the booking: the same whenever it is sent
        "customer_id": booking["customer_id"],
        "account_id": booking["account_id"],
        "currency": booking["currency"],
    }
    # Amounts are strings with at most 4 decimals, never floats. Times: RFC 3339 with an offset, or epoch milliseconds.
    moved = {"type": booking["type"], "amount": booking["amount"], "occurred_at": booking["booked_at"]}
    holds = {"balance": booking["balance"], "as_of": booking["booked_at"]}  # of an account the newest as_of wins
    return [("transactions", event | moved), ("balances", event | holds)]


async def send(outbox: sqlite3.Connection, producer: AIOKafkaProducer) -> bool:
    """Sends the next bookings; says whether there were any. An exception ends the program: nothing is marked then."""
    bookings = outbox.execute(NEXT).fetchall()
    acknowledged = [
        # The key is the customer: so all events of a customer are in one partition, in their order.
        await producer.send(PREFIX + topic, json.dumps(event).encode(), event["customer_id"].encode())
        for booking in bookings
        for topic, event in events(booking)
    ]
    await asyncio.gather(*acknowledged)  # the broker has them
    with outbox:  # only then they are marked, in one transaction
        outbox.executemany(SENT, [(booking["id"],) for booking in bookings])
    return bool(bookings)


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
    """Sends until SIGTERM or SIGINT."""
    outbox = sqlite3.connect(os.environ.get("PRODUCER_OUTBOX", "core.db"), timeout=30)
    outbox.row_factory = sqlite3.Row
    outbox.execute(OUTBOX)
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    producer = AIOKafkaProducer(
        **connection(),
        acks="all",
        enable_idempotence=True,  # a retry neither doubles a record nor changes the order
        compression_type="zstd",
        linger_ms=5,
        # The partitioner is the default one, murmur2 of the key: TIERFLOW_PARTITIONER=murmur2.
    )
    await producer.start()
    try:
        while not stopping.is_set():
            if not await send(outbox, producer):
                await asyncio.sleep(PAUSE_S)
    finally:
        await producer.stop()
        outbox.close()


if __name__ == "__main__":
    asyncio.run(main())
