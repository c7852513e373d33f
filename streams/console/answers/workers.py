"""How the workers are."""

from typing import Literal

import msgspec


class WorkerNow(msgspec.Struct, frozen=True, kw_only=True):
    """A worker as it answers now."""

    url: str
    ready: bool
    reasons: list[str]
    partitions: list[int]
    events_per_s: float | None
    delay_p50_s: float | None
    delay_p99_s: float | None


class PartitionNow(msgspec.Struct, frozen=True, kw_only=True):
    """A partition: who has it, how many records wait, and how old the oldest of them is."""

    partition: int
    worker: str | None
    lag_records: int | None
    oldest_age_s: float | None


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is wrong now, and the page of the documentation that says what to do: a path in the checkout.

    text: by language; what a worker itself says in it is English.
    """

    since: str
    severity: Literal["warning", "critical"]
    text: dict[str, str]
    runbook: str


class Operations(msgspec.Struct, frozen=True, kw_only=True):
    """How the workers are."""

    workers: list[WorkerNow]
    partitions: list[PartitionNow]
    incidents: list[Incident]
