"""Records of accounts as they would be sent, and a partition of accounts that works them one by one."""

from collections.abc import Iterable
from typing import Any

import msgspec

from streams.contracts.kept import LaneRecord
from streams.partition.accounts import Accounts
from streams.partition.accounts_setup import AccountsSetup
from streams.partition.entries import LargeRecord
from streams.partition.work import NO_LIMIT, Message
from streams.values.calendar import NEVER_MS

NOON_MS = 1_795_483_800_000
BEGINNING = LaneRecord((0,), 0, NEVER_MS)


def account(owners: str | list[dict[str, Any]], as_of: int, account_id: str = "A1", **more: Any) -> dict[str, Any]:
    """An account record. owners: as the contract has them, or customer ids with a blank between."""
    listed = [{"customer_id": one} for one in owners.split()] if isinstance(owners, str) else owners
    return {"account_id": account_id, "owners": listed, "as_of": NOON_MS + as_of, **more}


def balance(amount: str, as_of: int, account_id: str = "A1", **more: Any) -> dict[str, Any]:
    """A balance without a customer."""
    event = {"event_id": f"b{as_of}", "account_id": account_id, "balance": amount, "currency": "TWD"}
    return {**event, "as_of": NOON_MS + as_of, **more}


def transaction(event_id: str, at: int, account_id: str = "A1", **more: Any) -> dict[str, Any]:
    """A transaction without a customer."""
    event = {"event_id": event_id, "account_id": account_id, "type": "purchase", "amount": "10.00", "currency": "TWD"}
    return {**event, "occurred_at": NOON_MS + at, **more}


def setup(wait_ms: int = 1_000, wait_records: int = 100) -> AccountsSetup:
    return AccountsSetup("app-by-account", 0, lambda _: True, b"mark", wait_ms, wait_records)


class Played:
    """A partition of accounts, and all that it told. Each record is a batch of its own unless `at_once` is used."""

    def __init__(self, wait_ms: int = 1_000, wait_records: int = 100) -> None:
        self.partition = Accounts(setup(wait_ms, wait_records), {}, BEGINNING)
        self.messages: list[tuple[str, Message]] = []
        self.offset = 0

    def send(self, *values: dict[str, Any] | bytes, at: int = 100) -> list[dict[str, Any]]:
        """Works records that the broker took at a time; gives what was told of them."""
        before = len(self.messages)
        for value in values:
            self._work([self.record(value, at)])
        return [msgspec.json.decode(message.value or b"") for _, message in self.messages[before:]]

    def at_once(self, records: Iterable[LargeRecord]) -> None:
        """Works records in one batch."""
        self._work(list(records))

    def record(self, value: dict[str, Any] | bytes, at: int = 100) -> LargeRecord:
        key = None if isinstance(value, bytes) else value["account_id"].encode()
        encoded = value if isinstance(value, bytes) else msgspec.json.encode(value)
        self.offset += 1
        return LargeRecord(self.offset - 1, NOON_MS + at, key, encoded)

    def restart(self) -> None:
        """Goes on with a partition that is made of what the changelog holds."""
        partition = self.partition
        self.partition = Accounts(partition._setup, partition.packed, partition.lane)
        for _ in self.partition.taking_up():
            pass

    def wake(self, wall: int) -> list[tuple[str, Message]]:
        """Lets the lane look whether something is due; gives what was told."""
        due_ms = self.partition.next_due_ms()
        if due_ms is None or due_ms > NOON_MS + wall:
            return []
        before = len(self.messages)
        self._work([], NOON_MS + wall)
        return self.messages[before:]

    def balances(self) -> dict[tuple[str, str], list[tuple[int, str]]]:
        """Gives by customer and currency what each was told, by time: of two of one time the later one."""
        told: dict[tuple[str, str], dict[int, str]] = {}
        for name, message in self.messages:
            if name == "balances":
                event = msgspec.json.decode(message.value or b"")
                told.setdefault((event["customer_id"], event["currency"]), {})[event["as_of"]] = event["balance"]
        return {who: sorted(events.items()) for who, events in told.items()}

    def _work(self, records: list[LargeRecord], wall_ms: int = 0) -> None:
        partition = self.partition
        partition.work_some(partition.decode(0, records), wall_ms, NO_LIMIT)
        work = partition.pack([self.offset])
        partition.keep(work)
        self.messages += work.messages
