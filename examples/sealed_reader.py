#!/usr/bin/env python3
"""Reads tierflow's sealed messages (TIERFLOW_KEYS=on). Copy it, `pip install aiokafka cryptography`, change `main`.

Settings (environment): KAFKA_BOOTSTRAP_SERVERS, TIERFLOW_APP_ID, TIERFLOW_OUTPUT_PREFIX, and TIERFLOW_KEYS_MASTER_FILE
with the master key of the workers (or several, a line each). The form of what is sealed:
docs/privacy.md#how-it-is-sealed.
"""

import asyncio
import base64
import json
import os
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

CONTEXTS = {
    b"tierflow.tier.changed.v1": b"changes",
    b"tierflow.campaign.triggered.v1": b"campaigns",
    b"tierflow.risk.decided.v1": b"risk",
    b"tierflow.risk.alerted.v1": b"risk",
}


class OtherKeyError(Exception):
    """It was sealed by another key."""


def unseal(key: bytes, context: bytes, sealed: bytes) -> bytes:
    """Opens what is sealed: version, mark of the key, nonce, and what AES-256-GCM makes of it. key: mark and secret."""
    if sealed[:1] != b"\x81":
        raise ValueError("sealed in a form that is newer than this reader")
    if sealed[1:5] != key[:4]:
        raise OtherKeyError
    return AESGCM(key[4:]).decrypt(sealed[5:17], sealed[17:], context)


class Keys:
    """The keys of all customers, by what the topic of keys says."""

    def __init__(self, servers: str, topic: str, masters: list[bytes]) -> None:
        found = [sha256(b"tierflow master key\0" + master).digest()[:4] + master for master in masters]
        self._masters = {master[:4]: master for master in found}
        # By partition and customer: one who was moved (tierflow topics grow) is deleted in one, and is in another.
        self._wrapped: dict[int, dict[bytes, bytes]] = {}
        options = {"bootstrap_servers": servers, "enable_auto_commit": False, "auto_offset_reset": "earliest"}
        self._consumer = AIOKafkaConsumer(
            topic, **options, isolation_level="read_committed"
        )  # all partitions: no group
        self._ends = AIOKafkaConsumer(**options)  # sees where open transactions end

    async def start(self) -> None:
        """Connects, and reads all keys."""
        await self._consumer.start()
        await self._ends.start()
        await self.read_on()

    async def stop(self) -> None:
        """Disconnects."""
        await self._consumer.stop()
        await self._ends.stop()

    async def read_on(self) -> None:
        """Reads all that is written of keys by now, and waits for what is being committed."""
        for tp, end in (await self._ends.end_offsets(list(self._consumer.assignment()))).items():
            while await self._consumer.position(tp) < end:
                for found, records in (await self._consumer.getmany(timeout_ms=100)).items():
                    wrapped = self._wrapped.setdefault(found.partition, {})
                    for record in records:
                        if record.value is None:
                            wrapped.pop(record.key, None)
                        else:
                            wrapped[record.key] = record.value

    async def open(self, record: ConsumerRecord) -> dict[str, Any] | None:
        """Gives a message in the clear; None where its customer was erased after it: then pass over it."""
        message: dict[str, Any] = json.loads(record.value)
        if "sealed" not in message:  # of before TIERFLOW_KEYS was on
            return message
        context, sealed = CONTEXTS[dict(record.headers)["ce_type"]], base64.b64decode(message["sealed"])
        found = self._open(record.key, context, sealed)
        if found is None:  # the key may be on its way still
            await self.read_on()
            found = self._open(record.key, context, sealed)
        return found

    def _open(self, customer: bytes, context: bytes, sealed: bytes) -> dict[str, Any] | None:
        wrapped = next((keys[customer] for keys in self._wrapped.values() if customer in keys), None)
        if wrapped is None:
            return None
        master = self._masters.get(wrapped[1:5])
        if master is None:
            raise SystemExit("another master key has wrapped the customers' keys")
        key = unseal(master, b"key\0" + customer, wrapped)
        try:
            opened: dict[str, Any] = json.loads(unseal(key, context, sealed))
        except OtherKeyError:  # that of before an erase
            return None
        except InvalidTag:
            raise SystemExit(f"a message of {customer.decode()} was changed since it was sealed") from None
        return opened


async def main(master: str) -> None:
    """Prints every tier change, a line each, and "erased" for those that nobody reads any more."""
    servers = os.environ.get("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9092")
    app_id, prefix = os.environ.get("TIERFLOW_APP_ID", "tierflow"), os.environ.get("TIERFLOW_OUTPUT_PREFIX", "tier.")
    keys = Keys(servers, f"{app_id}-keys", [base64.b64decode(line) for line in master.split()])
    changes = AIOKafkaConsumer(
        f"{prefix}changes",
        bootstrap_servers=servers,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    await keys.start()
    await changes.start()
    try:
        async for record in changes:
            change = await keys.open(record)
            said = "erased" if change is None else f"{change['previous_tier']} -> {change['tier']}"
            sys.stdout.write(f"{json.loads(record.value)['id']}  {said}\n")
            sys.stdout.flush()
    finally:
        await changes.stop()
        await keys.stop()


if __name__ == "__main__":
    asyncio.run(main(Path(os.environ["TIERFLOW_KEYS_MASTER_FILE"]).read_text(encoding="ascii")))
