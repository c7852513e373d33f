"""A customer's transactions by local day: a bucket for each type and currency, with their number and sum.

Buckets are rows of one length in one string of bytes, by day. An event looks from the end for its row, which mostly is
near it or new, and writes that one alone: nothing else is unpacked. Rows have the narrowest form in which all of them
find room; the first byte says which.
"""

from collections.abc import Iterator
from functools import lru_cache
from struct import Struct, error

from streams.engine.state import Bucket, CustomerState

# By number, as they stand in rows: a new type comes last.
_TYPES = (
    *("deposit", "withdrawal", "transfer_in", "transfer_out", "purchase", "cash"),
    *("interest", "fee", "refund", "loan_payment", "securities", "other"),
)
_NUMBER_OF_TYPE = {word: number for number, word in enumerate(_TYPES)}
_TYPES_ROOM = 16
_CODE_LENGTH = 3  # of a currency

# A row: day, number of its type and currency, number of transactions, their sum. The narrowest have room for
# days from 1970 to 2149, 16 currencies, 127 transactions and 214,748 units; the widest for all that may be kept.
_FORMS = tuple(map(Struct, ("<HBbi", "<HBhq", "<iHiq")))


def has_day(state: CustomerState, day: int) -> bool:
    """Says whether anything is kept of a day."""
    days = state.days
    if not days:
        return False
    form = _FORMS[days[0]]
    for at in range(len(days) - form.size, 0, -form.size):
        kept = form.unpack_from(days, at)[0]
        if kept <= day:
            return bool(kept == day)
    return False


def bucket_of(state: CustomerState, day: int, name: str) -> Bucket | None:
    """Unpacks one bucket. name: "type.currency"."""
    days, code = state.days, _code(name, state.day_currencies)
    if not days or code is None:
        return None
    at, is_known = _place(days, day, code)
    return Bucket(*_FORMS[days[0]].unpack_from(days, at)[2:]) if is_known else None


def all_buckets(state: CustomerState) -> Iterator[tuple[int, str, Bucket]]:
    """Yields every bucket with its day and name, by day."""
    currencies = state.day_currencies
    for day, code, count, amount_e4 in _rows(state.days):
        currency, kind = divmod(code, _TYPES_ROOM)
        name = f"{_TYPES[kind]}.{currencies[currency * _CODE_LENGTH : (currency + 1) * _CODE_LENGTH]}"
        yield day, name, Bucket(count, amount_e4)


def days_kept(state: CustomerState) -> list[int]:
    """Gives the days of which anything is kept, each once, in their order."""
    return list(dict.fromkeys(day for day, *_ in _rows(state.days)))


def has_any_since(state: CustomerState, day: int) -> bool:
    """Says whether anything is kept from a day on."""
    days = state.days
    if not days:
        return False
    form = _FORMS[days[0]]
    return bool(form.unpack_from(days, len(days) - form.size)[0] >= day)


def add_to_bucket(state: CustomerState, day: int, name: str, count: int, amount_e4: int) -> None:
    """Adds to the bucket of a day, in place. name: "type.currency". count, amount_e4: negative to take off."""
    code = _code(name, state.day_currencies)
    if code is None:
        state.day_currencies += name[-_CODE_LENGTH:]
        add_to_bucket(state, day, name, count, amount_e4)
        return
    days = state.days
    if not days:
        days.append(0)
    form = _FORMS[days[0]]
    at, is_known = _place(days, day, code)
    if is_known:
        _, _, counted, sum_e4 = form.unpack_from(days, at)
    else:
        counted = sum_e4 = 0
    try:
        row = form.pack(day, code, counted + count, sum_e4 + amount_e4)
        days[at : at + form.size if is_known else at] = row
    except error:  # rows of this form have no room for that
        state.days = _widened(days)
        add_to_bucket(state, day, name, count, amount_e4)


def forget_days(state: CustomerState, oldest: int) -> None:
    """Drops the days before `oldest`."""
    days = state.days
    if not days or _FORMS[days[0]].unpack_from(days, 1)[0] >= oldest:
        return  # nearly always
    number = sum(day < oldest for day, *_ in _rows(days))
    del days[1 : 1 + number * _FORMS[days[0]].size]
    if len(days) == 1:
        days.clear()


@lru_cache(4_096)  # names, by what currencies customers have
def _code(name: str, currencies: str) -> int | None:
    """Gives the number of a type and currency; None where the currency is none of the customer's."""
    kind, _, currency = name.partition(".")
    starts = range(0, len(currencies), _CODE_LENGTH)
    at = next((at for at in starts if currencies.startswith(currency, at)), None)
    return None if at is None else at // _CODE_LENGTH * _TYPES_ROOM + _NUMBER_OF_TYPE[kind]


def _place(days: bytearray, day: int, code: int) -> tuple[int, bool]:
    """Gives where a row begins, or where a new one belongs, and whether it is there. Looks from the end."""
    form, place = _FORMS[days[0]], len(days)
    at = place - form.size
    while at > 0:
        kept, known, _, _ = form.unpack_from(days, at)
        if kept < day:
            break
        if kept > day:
            place = at
        elif known == code:
            return at, True
        at -= form.size
    return place, False


def _rows(days: bytearray) -> Iterator[tuple[int, int, int, int]]:
    """Unpacks all rows: day, number of the name, number of transactions, sum."""
    return _FORMS[days[0]].iter_unpack(days[1:]) if days else iter(())


def _widened(days: bytearray) -> bytearray:
    """Gives the rows in the next wider form."""
    form = _FORMS[days[0] + 1]
    return bytearray([days[0] + 1]) + b"".join(form.pack(*row) for row in _rows(days))
