"""Change events as Debezium's connector for PostgreSQL writes them, with Kafka Connect's JSON converter.

The form is that of https://debezium.io/documentation/reference/stable/connectors/postgresql.html; the tables are ours.
"""

from base64 import b64encode
from typing import Any

Column = dict[str, Any]

DECIMAL = "org.apache.kafka.connect.data.Decimal"
MICRO = "io.debezium.time.MicroTimestamp"
ZONED = "io.debezium.time.ZonedTimestamp"
DATE = "io.debezium.time.Date"

BOOKINGS: list[Column] = [
    {"type": "int64", "optional": False, "field": "id"},
    {"type": "string", "optional": False, "field": "account_no"},
    {"type": "string", "optional": False, "field": "customer_no"},
    {"type": "string", "optional": False, "field": "dc"},
    {
        "type": "bytes",
        "optional": False,
        "name": DECIMAL,
        "version": 1,
        "parameters": {"scale": "2", "connect.decimal.precision": "18"},
        "field": "amount",
    },
    {"type": "int64", "optional": False, "name": MICRO, "version": 1, "field": "booked_at"},
    {"type": "int32", "optional": True, "name": DATE, "version": 1, "field": "value_date"},
    {"type": "string", "optional": True, "name": ZONED, "version": 1, "field": "changed_at"},
]
BOOKING = {
    "id": 4711,
    "account_no": "A-100",
    "customer_no": "C001",
    "dc": "D",
    "amount": "AeI6",  # 123450
    "booked_at": 1795512600125000,  # 09:30:00.125 on a clock in Taipei, counted as if it were UTC
    "value_date": 20781,
    "changed_at": "2026-11-24T01:30:01.5Z",
}


def connect_decimal(unscaled: int) -> str:
    """An unscaled number as Connect's JSON converter writes it."""
    size = (unscaled + (unscaled < 0)).bit_length() // 8 + 1
    return b64encode(unscaled.to_bytes(size, "big", signed=True)).decode()


def source(table: str = "bookings") -> dict[str, Any]:
    """Where a change came from."""
    return {
        "version": "3.4.0.Final",
        "connector": "postgresql",
        "name": "core",
        "ts_ms": 1795483800200,
        "snapshot": "false",
        "db": "core",
        "sequence": '["24023119","24023128"]',
        "schema": "public",
        "table": table,
        "txId": 559,
        "lsn": 24023128,
        "xmin": None,
    }


def change(op: str, before: dict[str, Any] | None, after: dict[str, Any] | None) -> dict[str, Any]:
    """The payload of a change event."""
    return {
        "before": before,
        "after": after,
        "source": source(),
        "transaction": None,
        "op": op,
        "ts_ms": 1795483800345,
        "ts_us": 1795483800345123,
    }


def envelope_schema(columns: list[Column]) -> dict[str, Any]:
    """The schema of a change event of a table with these columns."""
    row = {"type": "struct", "fields": columns, "optional": True, "name": "core.public.bookings.Value"}
    return {
        "type": "struct",
        "fields": [
            {**row, "field": "before"},
            {**row, "field": "after"},
            {
                "type": "struct",
                "fields": [
                    {"type": "string", "optional": False, "field": "version"},
                    {"type": "int64", "optional": False, "field": "ts_ms"},
                ],
                "optional": False,
                "name": "io.debezium.connector.postgresql.Source",
                "field": "source",
            },
            {"type": "string", "optional": False, "field": "op"},
            {"type": "int64", "optional": True, "field": "ts_ms"},
        ],
        "optional": False,
        "name": "core.public.bookings.Envelope",
        "version": 2,
    }


def with_schema(payload: Any, columns: list[Column] | None = None) -> dict[str, Any]:
    """An event as the converter writes it where schemas.enable is true, which is its default."""
    return {"schema": envelope_schema(BOOKINGS if columns is None else columns), "payload": payload}
