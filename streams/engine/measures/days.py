"""A customer's transactions by local day: a bucket for each type and currency, with their number and sum.

Buckets are rows of one length in one string of bytes, in the order in which they came in: day, type and currency,
number, sum. An event finds its row by the first bytes and writes that row alone, so nothing is unpacked. Rows are
narrow until a number or a sum needs more; then all of them are wide. The first byte says which.
"""

from collections.abc import Iterator
from functools import lru_cache

from streams.engine.state import Bucket, CustomerState

# By number, as they stand in rows: a new type comes last.
_TYPES = (
    *("deposit", "withdrawal", "transfer_in", "transfer_out", "purchase", "cash"),
    *("interest", "fee", "refund", "loan_payment", "securities", "other"),
)
_NUMBER_OF_TYPE = {word: number for number, word in enumerate(_TYPES)}
_TYPES_ROOM = 16
_CODE_LENGTH = 3  # of a currency
_DAY_BYTES = 3
_DAY_BITS = 8 * _DAY_BYTES
_DAY_MASK = (1 << _DAY_BITS) - 1
_NAME_BYTES = _DAY_BYTES + 2

# By the first byte: how many bytes a row has, and how many bits of its last bytes are the number of transactions. These
# bytes are one integer: the sum, and below it the number, from the middle of its bits on, so that both can be below 0.
_NARROW, _WIDE = b"\0", b"\1"
_ROW_BYTES = (_NAME_BYTES + 8, _NAME_BYTES + 12)
_COUNT_BITS = (16, 32)


def has_day(state: CustomerState, day: int) -> bool:
    """Says whether anything is kept of a day."""
    return bool(state.days) and _place(state.days, day.to_bytes(_DAY_BYTES, "little", signed=True)) >= 0


def buckets_of(state: CustomerState, day: int) -> dict[str, Bucket]:
    """Unpacks the buckets of a day, by "type.currency"; none where nothing is kept of it."""
    return {name: bucket for kept, name, bucket in all_buckets(state) if kept == day}


def bucket_of(state: CustomerState, day: int, name: str) -> Bucket | None:
    """Unpacks one bucket. name: "type.currency"."""
    if not state.days:
        return None
    at = _place(state.days, _first_bytes(state, day, name))
    return None if at < 0 else _bucket(state.days, at)


def all_buckets(state: CustomerState) -> Iterator[tuple[int, str, Bucket]]:
    """Yields every bucket with its day and name, in the order in which they came in."""
    days, currencies = state.days, state.day_currencies
    if not days:
        return
    for at in range(1, len(days), _ROW_BYTES[days[0]]):
        day = int.from_bytes(days[at : at + _DAY_BYTES], "little", signed=True)
        currency, kind = divmod(int.from_bytes(days[at + _DAY_BYTES : at + _NAME_BYTES], "little"), _TYPES_ROOM)
        code = currencies[currency * _CODE_LENGTH : (currency + 1) * _CODE_LENGTH]
        yield day, f"{_TYPES[kind]}.{code}", _bucket(days, at)


def days_kept(state: CustomerState) -> list[int]:
    """Gives the days of which anything is kept, each once, in the order in which they came in."""
    return list(dict.fromkeys(day for day, _, _ in all_buckets(state)))


def has_any_since(state: CustomerState, day: int) -> bool:
    """Says whether anything is kept from a day on. Days mostly come in their order: the last one is looked at first."""
    days = state.days
    row = _ROW_BYTES[days[0]] if days else 1
    starts = range(len(days) - row, 0, -row)
    return any(int.from_bytes(days[at : at + _DAY_BYTES], "little", signed=True) >= day for at in starts)


def add_to_bucket(state: CustomerState, day: int, name: str, count: int, amount_e4: int) -> None:
    """Adds to the bucket of a day, in place. name: "type.currency". count, amount_e4: negative to take off."""
    days, first_bytes = state.days or _NARROW, _first_bytes(state, day, name)
    row_bytes, bits = _ROW_BYTES[days[0]], _COUNT_BITS[days[0]]
    at = _place(days, first_bytes)
    if at >= 0:
        ends = at + row_bytes
        numbers = int.from_bytes(days[at + _NAME_BYTES : ends], "little", signed=True)
    else:
        at = ends = len(days)
        numbers = 1 << bits - 1
        if not state.day_currencies.startswith(name[-_CODE_LENGTH:]):
            _note_currency(state, name[-_CODE_LENGTH:])
    counted = (numbers & (1 << bits) - 1) + count
    numbers += (amount_e4 << bits) + count
    limit = 1 << 8 * (row_bytes - _NAME_BYTES) - 1
    if counted >> bits or not -limit <= numbers < limit:
        state.days = _widened(days)
        add_to_bucket(state, day, name, count, amount_e4)
        return
    row = first_bytes + numbers.to_bytes(row_bytes - _NAME_BYTES, "little", signed=True)
    state.days = days[:at] + row + days[ends:]


def forget_days(state: CustomerState, oldest: int) -> None:
    """Drops the days before `oldest`, if the day that came in first is one of them.

    Days mostly come in their order, so a look at the first one is enough.
    """
    days = state.days
    if days and int.from_bytes(days[1 : 1 + _DAY_BYTES], "little", signed=True) < oldest:
        drop_days_before(state, oldest)


def drop_days_before(state: CustomerState, oldest: int) -> None:
    """Drops the days before `oldest`, in whatever order they came in."""
    days = state.days
    row = _ROW_BYTES[days[0]] if days else 1
    rows = [days[at : at + row] for at in range(1, len(days), row)]
    left = [row for row in rows if int.from_bytes(row[:_DAY_BYTES], "little", signed=True) >= oldest]
    state.days = b"".join([days[:1], *left]) if left else b""


def _first_bytes(state: CustomerState, day: int, name: str) -> bytes:
    """Gives what the row of a bucket begins with: its day, and the number of its type and currency."""
    kind, currency = _parts(name)
    known = state.day_currencies
    number = 0 if known.startswith(currency) else _number_of(currency, known)  # nearly always the first one
    return ((number * _TYPES_ROOM + kind) << _DAY_BITS | day & _DAY_MASK).to_bytes(_NAME_BYTES, "little")


@lru_cache(4_096)  # types times currencies
def _parts(name: str) -> tuple[int, str]:
    kind, _, currency = name.partition(".")
    return _NUMBER_OF_TYPE[kind], currency


def _number_of(currency: str, known: str) -> int:
    """Gives the number of a currency; of one that is not known, the next, which no row has."""
    starts = range(0, len(known), _CODE_LENGTH)
    return next((at for at in starts if known.startswith(currency, at)), len(known)) // _CODE_LENGTH


def _note_currency(state: CustomerState, currency: str) -> None:
    known = state.day_currencies
    if _number_of(currency, known) * _CODE_LENGTH == len(known):
        state.day_currencies = known + currency


def _place(days: bytes, first_bytes: bytes) -> int:
    """Gives where the first row begins that begins with these bytes; -1 where none does."""
    row = _ROW_BYTES[days[0]]
    at = days.find(first_bytes, 1)
    while at >= 0 and (at - 1) % row:  # a match that is not at a row's beginning is no match
        at = days.find(first_bytes, at + 1)
    return at


def _bucket(days: bytes, at: int) -> Bucket:
    bits = _COUNT_BITS[days[0]]
    numbers = int.from_bytes(days[at + _NAME_BYTES : at + _ROW_BYTES[days[0]]], "little", signed=True)
    return Bucket((numbers & (1 << bits) - 1) - (1 << bits - 1), numbers >> bits)


def _widened(narrow: bytes) -> bytes:
    """Gives narrow rows with as much room as any number and sum may need."""
    bits, rows = _COUNT_BITS[1], [_WIDE]
    for at in range(1, len(narrow), _ROW_BYTES[0]):
        bucket = _bucket(narrow, at)
        numbers = (bucket.amount_e4 << bits) + bucket.count + (1 << bits - 1)
        rows += [
            narrow[at : at + _NAME_BYTES],
            numbers.to_bytes(_ROW_BYTES[1] - _NAME_BYTES, "little", signed=True),
        ]
    return b"".join(rows)
