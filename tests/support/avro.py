"""Avro as producers write it: bytes by fastavro behind the head of a registry's serializer, and schemas of a core."""

import json
from collections.abc import Callable
from io import BytesIO
from random import Random
from typing import Any

from fastavro import parse_schema, schemaless_writer

from streams.intake.refused import RefusedError
from streams.intake.schemas import RegisteredSchema, Schemas

DECIMAL = {"type": "bytes", "logicalType": "decimal", "precision": 18, "scale": 2}
BOOKING = {
    "type": "record",
    "name": "Booking",
    "namespace": "core",
    "fields": [
        {"name": "id", "type": "long"},
        {"name": "owner", "type": {"type": "string", "avro.java.string": "String"}},
        {"name": "account", "type": "string"},
        {"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": ["PUR", "DEP"]}},
        {"name": "amount", "type": DECIMAL},
        {"name": "currency", "type": "string"},
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-micros"}},
        {"name": "channel", "type": ["null", "string"], "default": None},
    ],
}
TABLES = """
[sources.core.transactions]
event_id = { template = "core-{id}" }
customer_id = "owner"
account_id = "account"
type = { path = "kind", codes = { PUR = "purchase", DEP = "deposit" } }
amount = "amount"
currency = "currency"
occurred_at = "at"
channel = "channel"
"""


def mapping_of(url: str, format_: str = "avro", topic: str = "core") -> str:
    return f'[registry]\nurl = "{url}"\n\n[sources.core]\ntopic = "{topic}"\nformat = "{format_}"\n{TABLES}'


def framed(number: int, body: bytes) -> bytes:
    return b"\0" + number.to_bytes(4, "big") + body


def written(schema: Any, value: Any, number: int = 1, named: dict[str, Any] | None = None) -> bytes:
    out = BytesIO()
    schemaless_writer(out, parse_schema(schema, named or {}), value)
    return framed(number, out.getvalue())


def known(*schemas: Any, kind: str = "AVRO") -> Schemas:
    """The schemas of a registry that has just these, numbered from 1. Each: a RegisteredSchema, or a JSON value."""
    made = Schemas()
    for number, schema in enumerate(schemas, 1):
        is_whole = isinstance(schema, RegisteredSchema)
        made.put(number, schema if is_whole else RegisteredSchema(kind, json.dumps(schema)))
    return made


def refused_of_damaged(value: bytes, read: Callable[[bytes], object]) -> set[str]:
    """Why a record behind its frame of five bytes is refused when some of its bytes are others, or are cut off."""
    random, reasons = Random(5), set[str]()  # noqa: S311 - repeatable, not secret
    for _ in range(3_000):
        damaged = bytearray(value)
        for _ in range(random.randrange(1, 4)):
            damaged[random.randrange(5, len(damaged))] = random.randrange(256)
        try:
            read(bytes(damaged[: random.randrange(5, len(damaged) + 1)]))
        except RefusedError as error:
            reasons.add(error.reason)
    return reasons
