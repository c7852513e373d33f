"""A customer's transactions by local day: a bucket for each type and currency, with their number and sum.

Buckets are rows of one length in one string of bytes, by day. An event looks from the end for its row, which mostly is
near it or new, and writes that one alone: nothing else is unpacked. Rows have the narrowest form in which all of them
find room; the first byte says which.
"""

from collections.abc import Iterator
from struct import Struct, error
from typing import Final

from streams.engine.state import Bucket, CustomerState

# By number, as they stand in rows: a new type comes last.
_TYPES = (
    *("deposit", "withdrawal", "transfer_in", "transfer_out", "purchase", "cash"),
    *("interest", "fee", "refund", "loan_payment", "securities", "other"),
)
_NUMBER_OF_TYPE = {word: number for number, word in enumerate(_TYPES)}
_TYPES_ROOM = 16
_CODE_LENGTH = 3  # of a currency

# A row: day, number of its type and currency with how many transactions there are, their sum. The narrowest have room
# for one currency, 7 transactions, 214,748 units, and 256 days from the one on that stands before them; the next for
# days from 1970 to 2149, 16 currencies and 127 transactions; the widest for all that may be kept.
_FORMS = tuple(map(Struct, ("<BBi", "<HHi", "<HIq", "<iQq")))
_NARROWEST = Struct("<BH")  # what is before the narrowest rows: the form, and the day that theirs count from
_SIZES = tuple(form.size for form in _FORMS)
_COUNT_BITS = (4, 8, 16, 32)
_HALVES = tuple(1 << bits - 1 for bits in _COUNT_BITS)  # added to the number of transactions, which may be below 0
_UNPACK = tuple(form.unpack_from for form in _FORMS)
_PACK = tuple(form.pack for form in _FORMS)
_PACK_INTO = tuple(form.pack_into for form in _FORMS)

_FIRST_DAY: Final = -(10**9)  # before every day
_UNKNOWN: Final = -1  # in place of the number of a type and currency
_NO_DAY, _OTHERS, _KEPT = range(3)
"""What is kept of a day: nothing, other buckets than the one that is looked for, or that one, too."""


# Names, and the numbers that they have by what currencies a customer has: made once. Two look-ups in dicts take a third
# of the steps of functools' caches.
_NAMES: dict[str, dict[str, str]] = {kind: {} for kind in _TYPES}
_CODES: dict[str, dict[str, int]] = {}
_CODES_LIMIT = 4_096


def bucket_name(kind: str, currency: str) -> str:
    """Gives the name of a bucket, "type.currency"."""
    names = _NAMES[kind]
    name = names.get(currency)
    if name is None:
        names[currency] = name = f"{kind}.{currency}"
    return name


def has_day(state: CustomerState, day: int) -> bool:
    """Says whether anything is kept of a day."""
    return _find(state.days, day, _UNKNOWN)[1] != _NO_DAY


def bucket_of(state: CustomerState, day: int, name: str) -> Bucket | None:
    """Unpacks one bucket. name: "type.currency"."""
    _, found, count, amount_e4 = _find(state.days, day, _code(name, state.day_currencies))
    return Bucket(count, amount_e4) if found == _KEPT else None


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
    return bool(days) and _day_at(days, len(days) - _SIZES[days[0]]) >= day


def add_to_bucket(  # noqa: PLR0913, PLR0917 - a transaction, taken apart
    state: CustomerState, day: int, name: str, count: int, amount_e4: int, oldest: int = _FIRST_DAY
) -> bool:
    """Adds to the bucket of a day, in place; False where nothing is kept of the day and it is before `oldest`.

    name: "type.currency". count, amount_e4: negative to take off. When a new day comes in, the days before `oldest` are
    dropped, so that the state does not grow without end.
    """
    code = _code(name, state.day_currencies)
    days = state.days
    at, found, counted, sum_e4 = _find(days, day, code)
    if found == _NO_DAY and day < oldest:
        return False
    if code == _UNKNOWN:
        state.day_currencies += name[-_CODE_LENGTH:]
        code = _code(name, state.day_currencies)
    counted, sum_e4 = counted + count, sum_e4 + amount_e4
    form = days[0] if days else 0
    half = _HALVES[form]
    try:
        if not days or not -half <= counted < half:
            raise error  # noqa: TRY301 - as a number that is too large for its place
        placed, number = day - _first_day(days), (code << _COUNT_BITS[form]) + counted + half
        if found == _KEPT:
            _PACK_INTO[form](days, at, placed, number, sum_e4)
        elif at == len(days):
            days += _PACK[form](placed, number, sum_e4)
        else:
            days[at:at] = _PACK[form](placed, number, sum_e4)
    except error:  # rows of this form have no room for that
        kept, place = list(_rows(days)), (at - _begin(days)) // _SIZES[form]
        kept[place : place + (found == _KEPT)] = [(day, code, counted, sum_e4)]
        state.days = _packed(kept)
    if found == _NO_DAY:
        forget_days(state, oldest)
    return True


def forget_days(state: CustomerState, oldest: int) -> None:
    """Drops the days before `oldest`."""
    days = state.days
    if not days or _day_at(days, _begin(days)) >= oldest:
        return  # nearly always
    begin, number = _begin(days), sum(day < oldest for day, *_ in _rows(days))
    del days[begin : begin + number * _SIZES[days[0]]]
    if len(days) == begin:
        days.clear()


def _code(name: str, currencies: str) -> int:
    """Gives the number of a type and currency; _UNKNOWN where the currency is none of the customer's."""
    codes = _CODES.get(currencies)
    if codes is None:
        if len(_CODES) >= _CODES_LIMIT:
            _CODES.clear()
        codes = _CODES[currencies] = {}
    code = codes.get(name)
    if code is None:
        codes[name] = code = _number_of(name, currencies)
    return code


def _number_of(name: str, currencies: str) -> int:
    kind, _, currency = name.partition(".")
    starts = range(0, len(currencies), _CODE_LENGTH)
    at = next((at for at in starts if currencies.startswith(currency, at)), None)
    return _UNKNOWN if at is None else at // _CODE_LENGTH * _TYPES_ROOM + _NUMBER_OF_TYPE[kind]


def _find(days: bytearray, day: int, code: int) -> tuple[int, int, int, int]:
    """Looks for a row from the end, and gives where it begins, what is kept of its day, its number and its sum.

    Where it is not there, it gives where a new one belongs.
    """
    place, found = len(days), _NO_DAY
    if not place:
        return place, found, 0, 0
    form = days[0]
    unpack, size, bits = _UNPACK[form], _SIZES[form], _COUNT_BITS[form]
    begin, day = _begin(days), day - _first_day(days)
    kept: int
    number: int
    sum_e4: int
    at = place - size
    while at >= begin:
        kept, number, sum_e4 = unpack(days, at)
        if kept < day:
            break
        if kept > day:
            place = at
        elif number >> bits == code:
            return at, _KEPT, number - (code << bits) - _HALVES[form], sum_e4
        else:
            found = _OTHERS
        at -= size
    return place, found, 0, 0


def _begin(days: bytearray) -> int:
    """Gives where the first row is."""
    return 1 if not days or days[0] else _NARROWEST.size


def _first_day(days: bytearray) -> int:
    """Gives the day that those in the rows count from."""
    return 0 if not days or days[0] else days[1] + (days[2] << 8)


def _day_at(days: bytearray, at: int) -> int:
    """Gives the day of a row."""
    day: int = _UNPACK[days[0]](days, at)[0]
    return day + _first_day(days)


def _rows(days: bytearray) -> Iterator[tuple[int, int, int, int]]:
    """Unpacks all rows: day, number of the name, number of transactions, sum."""
    if not days:
        return
    first, bits, half = _first_day(days), _COUNT_BITS[days[0]], _HALVES[days[0]]
    for day, number, sum_e4 in _FORMS[days[0]].iter_unpack(days[_begin(days) :]):
        code = number >> bits
        yield first + day, code, number - (code << bits) - half, sum_e4


def _packed(rows: list[tuple[int, int, int, int]]) -> bytearray:
    """Packs rows, by day, in the narrowest form that has room for all of them."""
    for form in range(len(_FORMS) - 1):
        try:
            return _packed_as(form, rows)
        except error:
            pass
    return _packed_as(len(_FORMS) - 1, rows)


def _packed_as(form: int, rows: list[tuple[int, int, int, int]]) -> bytearray:
    first, bits, half = 0 if form else rows[0][0], _COUNT_BITS[form], _HALVES[form]
    days = bytearray([form]) if form else bytearray(_NARROWEST.pack(form, first))
    for day, code, count, sum_e4 in rows:
        if not -half <= count < half:
            raise error
        days += _FORMS[form].pack(day - first, (code << bits) + count + half, sum_e4)
    return days
