"""Whose an account is: account records, and bookings without a customer, come in; events of the owners go out.

One topic holds both, by account, so its order is the order, and the same records give the same messages. Time is that
of the records (the broker's, by their timestamps): what waits is given up, and what was said beforehand counts, before
the first record of a later time. Where none comes, the stage writes one itself, which says nothing but the time.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from streams.accounts.held import Told
from streams.accounts.packing import pack_account, unpack_account
from streams.accounts.reading import read
from streams.accounts.records import UNKNOWN_ACCOUNT, AccountRecord, Booking, Refused
from streams.accounts.state import AccountState, Waiting
from streams.accounts.taking import let_time_pass, take_booking, take_record
from streams.accounts.timeline import future_of
from streams.contracts.envelope import Headers
from streams.contracts.kept import LaneRecord
from streams.contracts.letters import letter_key, too_large
from streams.contracts.trace import trace_of
from streams.partition.accounts_setup import AccountsSetup
from streams.partition.due import DueTimes
from streams.partition.entries import Entry, LargeRecord, Record
from streams.partition.partition import STEP, Partition
from streams.partition.source_letters import source_headers, source_letter
from streams.partition.source_records import Origin, Why
from streams.partition.work import BY_ACCOUNT, SOURCE_DEAD_LETTERS, Quota
from streams.values.calendar import NEVER_MS

NAME = "accounts.owners"
"""As a source: in letters and metrics. No source of a mapping can have a point in its name."""

TIME = b'{"time":true}'
"""The value of a record, without a key, that says nothing but the time at which the broker took it."""

OF_AN_ACCOUNT, BYTES_OF_AN_ACCOUNT = 1_000, 500_000
"""How many bookings of one account wait at most, and how many bytes: they are one record of the changelog."""

SLACK_MS, BETWEEN_MS = 1_000, 5_000
"""How long after its time a record that says the time is written, and how long until the next one."""

_TOO_MANY = "too many bookings wait for accounts that are not known; this one was the oldest"
_NOT_IN_TIME = "no record of bank.accounts said whose the account is in time"


class Accounts(Partition):
    """The accounts of one partition of `{app id}-by-account`."""

    def __init__(
        self, setup: AccountsSetup, packed: dict[bytes, bytes] | None = None, lane: LaneRecord | None = None
    ) -> None:
        self._setup = setup
        self._origin = Origin(NAME, setup.mark, setup.topic, setup.partition, setup.letter_bytes)
        self._ends = DueTimes()  # of waits
        self._future = DueTimes()  # of what was said beforehand
        self._waiting = 0
        self._asked_ms = NEVER_MS
        self._trace: Headers = ()  # of the record in hand
        super().__init__(1, packed, lane)

    def taking_up(self) -> Iterator[int]:
        """Notes when time alone may decide something, and how many bookings wait."""
        for number, (key, record) in enumerate(self.packed.items(), 1):
            account = unpack_account(record)
            self._waiting += len(account.waiting)
            for one in account.waiting:
                self._ends.add(one.until_ms, key)
            for at_ms in future_of(account):
                self._future.add(at_ms, key)
            if not number % STEP:
                yield number

    # --- what a stage says ---

    def decode(self, topic: int, records: Iterable[Record]) -> list[Entry]:
        """Reads records."""
        return [Entry(NEVER_MS, topic, record.offset, self._read(record), record) for record in records]

    def work_entry(self, entry: Entry) -> bool:
        """Lets time pass until the record's, then takes the record in, or has it wait."""
        record: Any = entry.record
        self._offset, self._number = entry.offset, 0
        self._let_time_pass(record.timestamp)
        event, self._trace = entry.event, trace_of(record)
        if isinstance(event, Refused):
            self._refuse(record, event)
        elif isinstance(event, AccountRecord):
            self._take_record(record.key, event)
        elif isinstance(event, Booking):
            self._take_booking(record, event)
        self._trace = ()
        return True

    def renewed(self, state: bytes) -> bytes:
        """Gives a packed account in the form that this release writes."""
        return pack_account(unpack_account(state))

    # --- what the lane calls ---

    def working(self, entries: Iterable[Entry], wall_ms: int, quota: Quota) -> Iterator[int]:  # noqa: ARG002
        """Works entries; where there are none, and something is due, it writes a record that says the time."""
        self._begin()
        worked = 0
        for worked in self._working_entries(entries):
            yield worked
        due_ms = self.next_due_ms()
        if not worked and due_ms is not None and due_ms <= wall_ms:
            self._asked_ms = wall_ms
            self.tell(BY_ACCOUNT, None, TIME)

    def packing(self) -> Iterator[int]:
        """Packs the accounts of this batch, a step at a time."""
        while self._opened:
            key, account = self._opened.popitem()
            self.put(key, pack_account(account))
            if not len(self._changed) % STEP:
                yield len(self._changed)

    def next_due_ms(self) -> int | None:
        """Gives when the time is to be asked for; None where nothing is due. It was asked for not long ago."""
        due_ms = self._next_ms()
        return None if due_ms is None else max(due_ms + SLACK_MS, self._asked_ms + BETWEEN_MS)

    def shown(self) -> Mapping[tuple[str, ...], int]:
        """Gives how many bookings wait for their account."""
        return {("accounts_waiting",): self._waiting}

    # --- inside ---

    def _begin(self) -> None:
        super()._begin()
        self._opened: dict[bytes, AccountState] = {}
        self._offset = self._number = 0
        self._trace = ()

    def _read(self, record: Any) -> Any:
        clipped = getattr(record, "clipped", None)
        if clipped is not None:
            rejection = too_large(clipped)
            return Refused(rejection.reason, rejection.detail, clipped)
        if record.key is None and record.value == TIME:
            return None
        found = read(record.key, record.value)
        if not isinstance(found, Refused) and not self._setup.owns(record.key):
            return Refused("wrong_partition", "the partitioner set by TIERFLOW_PARTITIONER puts this key elsewhere")
        return found

    def _account(self, key: bytes) -> AccountState:
        account = self._opened.get(key)
        if account is None:
            packed = self.packed.get(key)
            account = self._opened[key] = AccountState() if packed is None else unpack_account(packed)
        return account

    def _take_record(self, key: bytes, record: AccountRecord) -> None:
        account = self._account(key)
        noted = future_of(account)
        told = take_record(account, key.decode(), record, self.clock_ms)
        self._counted("repeated" if told is None else "mapped")
        self._tell(told or [])
        waiting, account.waiting = account.waiting, []
        self._waiting -= len(waiting)
        for one in waiting:
            booking = read(key, one.value)
            if isinstance(booking, Booking):  # it was one when it came
                self._tell_booking(key, account, booking)
        for at_ms in future_of(account) - noted:
            self._future.add(at_ms, key)

    def _take_booking(self, record: Any, booking: Booking) -> None:
        account = self._account(record.key)
        if account.ownerships:
            self._tell_booking(record.key, account, booking)
        elif not self._setup.wait_ms:
            self._refuse(record, Refused(UNKNOWN_ACCOUNT, _NOT_IN_TIME))
        else:
            self._wait(record, account)

    def _tell_booking(self, key: bytes, account: AccountState, booking: Booking) -> None:
        told = take_booking(account, key.decode(), booking, self.clock_ms)
        self._counted("mapped" if told else "skipped")
        self._tell(told)

    def _wait(self, record: Any, account: AccountState) -> None:
        setup = self._setup
        until_ms = self.clock_ms + setup.wait_ms
        account.waiting.append(Waiting(record.offset, record.timestamp, until_ms, record.value))
        self._waiting += 1
        self._counted("waiting")
        self._ends.add(until_ms, record.key)
        size = sum(len(one.value) for one in account.waiting)
        while len(account.waiting) > OF_AN_ACCOUNT or size > BYTES_OF_AN_ACCOUNT:
            size -= len(account.waiting[0].value)
            self._give_up(record.key, account, _TOO_MANY)
        while self._waiting > setup.wait_records:
            self._give_up_oldest()

    def _give_up_oldest(self) -> None:
        while True:
            due_ms, key = self._ends.pop()
            account = self._account(key)
            if account.waiting and account.waiting[0].until_ms <= due_ms:
                self._give_up(key, account, _TOO_MANY)
                return

    def _let_time_pass(self, until_ms: int) -> None:
        """Decides what falls due until an instant, in due order."""
        while (due_ms := self._next_ms()) is not None and due_ms <= until_ms:
            if due_ms == self._ends.next_ms:
                _, key = self._ends.pop()
                account = self._account(key)
                while account.waiting and account.waiting[0].until_ms <= due_ms:
                    self._give_up(key, account, _NOT_IN_TIME)
            else:
                _, key = self._future.pop()
                account = self._account(key)
                if account.seen_ms < due_ms:  # it may have been noted twice
                    self._tell(let_time_pass(account, key.decode(), due_ms))
        self.clock_ms = max(self.clock_ms, until_ms)

    def _next_ms(self) -> int | None:
        return min((due.next_ms for due in (self._ends, self._future) if due.next_ms is not None), default=None)

    def _give_up(self, key: bytes, account: AccountState, detail: str) -> None:
        one = account.waiting.pop(0)
        self._waiting -= 1
        record = LargeRecord(one.offset, one.timestamp_ms, key, one.value)
        self._refuse(record, Refused(UNKNOWN_ACCOUNT, detail))

    def _refuse(self, record: Any, refused: Refused) -> None:
        letter = source_letter(self._origin, record, Why(refused.reason, refused.detail, clipped=refused.value))
        self._counted("dead_letter")
        self.count("source_dead_letters", NAME, refused.reason)
        self.tell(SOURCE_DEAD_LETTERS, letter_key(record.key), letter, [*self._headers(), *trace_of(record)])

    def _tell(self, told: Iterable[Told]) -> None:
        for one in told:
            self.tell(one.input, one.customer_id.encode(), one.value, [*self._headers(), *self._trace])

    def _headers(self) -> Headers:
        self._number += 1
        return source_headers(self._origin, self._offset, self._number - 1)

    def _counted(self, outcome: str) -> None:
        self.count("intake", NAME, outcome)
