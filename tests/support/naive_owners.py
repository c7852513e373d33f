"""What owners hold, worked out anew from all records at once, by the plainest way: what the stage is held against."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

Records = Sequence[Mapping[str, Any]]
Holdings = dict[tuple[str, str], Decimal]
"""By customer and currency."""


def held_at(records: Records, at_ms: int) -> Holdings:
    """Gives what each customer holds of the account at a time. records: in the order of arrival; all are known."""
    said = _newest_of_each_time([record for record in records if "owners" in record])
    owners = _counting((_last(said, at_ms) or said[0])["owners"])
    found: Holdings = {}
    for currency in {record["currency"] for record in records if "balance" in record}:
        amount = _balance(records, said, currency, at_ms)
        found |= {(customer, currency): amount for customer in owners if amount}
    return found


def told_at(told: Mapping[tuple[str, str], Sequence[tuple[int, str]]], at_ms: int) -> Holdings:
    """Gives the same by what customers were told: of each the newest until then."""
    found: Holdings = {}
    for who, events in told.items():
        until = [Decimal(amount) for as_of_ms, amount in events if as_of_ms <= at_ms]
        if until and until[-1]:
            found[who] = until[-1]
    return found


def _balance(records: Records, said: Records, currency: str, at_ms: int) -> Decimal:
    closed = list(_closed(said))
    amounts: dict[int, Decimal] = {since: Decimal(0) for since, _ in closed}
    for record in records:
        if "balance" in record and record["currency"] == currency:
            is_closed = any(since <= record["as_of"] < until for since, until in closed)
            amounts[record["as_of"]] = Decimal(0) if is_closed else Decimal(record["balance"])
    until_now = [as_of for as_of in amounts if as_of <= at_ms]
    return amounts[max(until_now)] if until_now else Decimal(0)


def _closed(said: Records) -> Any:
    ends = [record["as_of"] for record in said[1:]] + [10**18]
    for record, end in zip(said, ends, strict=True):
        if record.get("closed") is not None and record["closed"] < end:
            yield record["closed"], end


def _newest_of_each_time(records: Records) -> Records:
    by_time = {record["as_of"]: record for record in records}
    return [by_time[as_of] for as_of in sorted(by_time)]


def _last(said: Records, at_ms: int) -> Mapping[str, Any] | None:
    until_now = [record for record in said if record["as_of"] <= at_ms]
    return until_now[-1] if until_now else None


def _counting(owners: Sequence[Mapping[str, Any]]) -> set[str]:
    return {owner["customer_id"] for owner in owners if owner.get("role", "owner") in ("owner", "joint")}
