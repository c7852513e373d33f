"""The PKDD'99 (Berka) bank data as events in time order.

The owner of an account is the customer. A row of trans.asc becomes a transaction and the balance after it; a row of
loan.asc becomes a loan application; the credit standing is derived from the transactions (see standing.py).

The data has days but no times. The rows of an account and day are booked ten seconds apart from 9:00 on, in file
order, because their balances follow one another in that order. Event ids are made from the ids of the rows, so that a
second load repeats the same events.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time
from functools import cache
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from streams.contracts.event_line import EventLine
from streams.errors import UsageError
from streams.load.berka_files import BerkaFiles, Row
from streams.load.produce import Wave
from streams.load.standing import Standings
from streams.values.events import ACCOUNTS, BALANCES, BY_ACCOUNT, CREDIT, LOANS, TRANSACTIONS

CURRENCY = "CZK"
TIME_ZONE = ZoneInfo("Europe/Prague")
LOANS_APPLIED_AT = time(8)
BOOKED_FROM = time(9)
BOOKED_EVERY_MS = 10_000
BALANCE_AFTER_MS = 1_000
STANDING_AFTER_MS = 2_000
WAVE_EVENTS = 20_000
SANCTION_INTEREST = "SANKC. UROK"

# From type, operation and k_symbol of a row (None: any) to the event's type. The first match counts; else "other".
TRANSACTION_TYPES: Sequence[tuple[str | None, str | None, str | None, str]] = (
    ("PRIJEM", None, "UROK", "interest"),  # interest credited
    ("PRIJEM", "VKLAD", None, "deposit"),  # cash paid in
    ("PRIJEM", "PREVOD Z UCTU", None, "transfer_in"),  # from another bank; DUCHOD: a pension
    ("VYDAJ", None, SANCTION_INTEREST, "fee"),  # interest for an overdrawn account
    ("VYDAJ", None, "SLUZBY", "fee"),  # for the statement
    ("VYDAJ", None, "UVER", "loan_payment"),
    ("VYDAJ", "PREVOD NA UCET", None, "transfer_out"),  # SIPO: household, POJISTNE: insurance
    (None, "VYBER KARTOU", None, "cash"),  # withdrawn by card, in round hundreds
    (None, "VYBER", None, "cash"),  # paid out in cash; rows of type VYBER, too
)

FIRST_DAY = date(1993, 1, 1)
_decode = msgspec.json.Decoder(dict[str, Any]).decode
_encode = msgspec.json.Encoder().encode


class _Timed(NamedTuple):
    at_ms: int
    event: EventLine


@cache
def transaction_type(kind: str, operation: str, k_symbol: str) -> str:
    """Gives the event's type for the type, operation and k_symbol of a row."""
    for *wanted, event_type in TRANSACTION_TYPES:
        if all(want in (None, has) for want, has in zip(wanted, (kind, operation, k_symbol), strict=True)):
            return event_type
    return "other"


def berka_waves(files: BerkaFiles) -> Iterator[Wave]:
    """Gives all events in time order across topics. A wave has whole days; its progress counts rows of trans.asc."""
    standings = Standings()
    events: list[EventLine] = []
    rows_done = 0
    for written, rows in files.days():
        day = _day(written)
        timed = [
            *_applications(day, files.loans.get(written, ()), files.owners),
            *_bookings(day, rows, files.owners, standings),
        ]
        timed.sort(key=itemgetter(0))
        events += [event for _, event in timed]
        rows_done += len(rows)
        if len(events) >= WAVE_EVENTS:
            yield Wave(events, rows_done)
            events, rows_done = [], 0
    yield Wave(events, rows_done)


def berka_by_account(files: BerkaFiles) -> Iterator[Wave]:
    """Gives the same, with bookings that name no customer, and first of all whose the accounts are.

    Owners count; disponents are authorised, and do not. The data does not say since when: from before all bookings on.
    """
    since_ms = _at_ms(FIRST_DAY, time())
    yield Wave([_account(account, files, since_ms) for account in files.owners], 0)
    for wave in berka_waves(files):
        booked = {BALANCES, TRANSACTIONS}
        yield Wave(
            [_without_customer(event) if event.topic in booked else event for event in wave.events], wave.progress
        )


def _account(account: str, files: BerkaFiles, since_ms: int) -> EventLine:
    owner = {"customer_id": _customer(account, files.owners), "role": "owner"}
    others = [{"customer_id": f"B{client}", "role": "authorised"} for client in files.disponents.get(account, ())]
    value = {"account_id": account, "owners": [owner, *others], "as_of": since_ms, "currency": CURRENCY}
    return EventLine(ACCOUNTS, account.encode(), _encode(value))


def _without_customer(event: EventLine) -> EventLine:
    value = _decode(event.value)
    del value["customer_id"]
    return EventLine(BY_ACCOUNT, value["account_id"].encode(), _encode(value))


def _applications(day: date, loans: Sequence[Row], owners: Mapping[str, str]) -> Iterator[_Timed]:
    at_ms = _at_ms(day, LOANS_APPLIED_AT)
    for loan_id, account, _, amount, duration, *_ in loans:
        loan = {
            "event_id": f"l{loan_id}",
            "customer_id": _customer(account, owners),
            "loan_id": f"L{loan_id}",
            "amount": amount,
            "currency": CURRENCY,
            "applied_at": at_ms,
            "term_months": int(duration),
        }
        yield _timed(LOANS, at_ms, loan)


def _bookings(day: date, rows: Sequence[Row], owners: Mapping[str, str], standings: Standings) -> Iterator[_Timed]:
    """Gives a day's transactions, each with its balance, and the changes of standing, account by account."""
    booked_from_ms = _at_ms(day, BOOKED_FROM)
    for account, of_account in groupby(sorted(rows, key=itemgetter(1)), key=itemgetter(1)):
        booked = list(of_account)
        customer = _customer(account, owners)
        for number, row in enumerate(booked):
            yield from _booking(row, customer, booked_from_ms + number * BOOKED_EVERY_MS)
        sanctions = sum(row[7] == SANCTION_INTEREST for row in booked)
        below_zero = booked[-1][6].startswith("-")
        standing = standings.after_day(account, day.toordinal(), sanctions, below_zero=below_zero)
        if standing is not None:
            at_ms = booked_from_ms + (len(booked) - 1) * BOOKED_EVERY_MS + STANDING_AFTER_MS
            event_id = f"c{account}-{day.isoformat()}"
            credit = {"event_id": event_id, "customer_id": customer, "standing": standing, "as_of": at_ms}
            yield _timed(CREDIT, at_ms, credit)


def _booking(row: Row, customer: str, at_ms: int) -> Iterator[_Timed]:
    """Gives the transaction of a row and the balance after it, with the amounts as the file has them."""
    trans_id, account, _, kind, operation, amount, balance, k_symbol, *_ = row
    transaction = {
        "event_id": f"t{trans_id}",
        "customer_id": customer,
        "account_id": account,
        "type": transaction_type(kind, operation, k_symbol),
        "amount": amount,
        "currency": CURRENCY,
        "occurred_at": at_ms,
    }
    yield _timed(TRANSACTIONS, at_ms, transaction)
    as_of_ms = at_ms + BALANCE_AFTER_MS
    after = {
        "event_id": f"b{trans_id}",
        "customer_id": customer,
        "account_id": account,
        "balance": balance,
        "currency": CURRENCY,
        "as_of": as_of_ms,
        "product": "deposit",
    }
    yield _timed(BALANCES, as_of_ms, after)


def _timed(topic: int, at_ms: int, value: dict[str, Any]) -> _Timed:
    return _Timed(at_ms, EventLine(topic, value["customer_id"].encode(), _encode(value)))


def _customer(account: str, owners: Mapping[str, str]) -> str:
    return f"B{owners[account]}"


def _day(written: str) -> date:
    try:
        return date(1900 + int(written[:2]), int(written[2:4]), int(written[4:]))
    except ValueError as error:
        raise UsageError(
            f"the data has the date {written} (YYMMDD), which is no day ({error}); write the one that the "
            "PKDD'99 data has"
        ) from error


def _at_ms(day: date, at: time) -> int:
    return round(datetime.combine(day, at, TIME_ZONE).timestamp() * 1000)
