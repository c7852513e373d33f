"""A customer's accounts as they stand in the state: keys in one string of bytes, and rows of one length in another.

The key of an account is found among the keys, and its number there is that of its row: nothing else is unpacked. Rows
have the narrower form if all of them find room in it; the first byte says which.
"""

from collections.abc import Iterator
from struct import Struct
from typing import Final

from streams.engine.state import ACCOUNTS_LIMIT, Account, CustomerState
from streams.values.calendar import NEVER_MS
from streams.values.products import PRODUCTS

_MARK = b"\xff"  # before each key, and after the last one: UTF-8 has no such byte
_CODE_LENGTH: Final = 3  # of the currency, which a key begins with
_PRODUCTS = tuple(PRODUCTS.values())  # by number, as they stand in rows: a new one comes last
_NUMBER_OF = {product: number for number, product in enumerate(_PRODUCTS)}
_TOLD: Final = 16  # added to the number of a product that the newest balance has told

# A row: own time of the newest balance, hundredths, product. It is so for whole hundredths up to 21,474,836.47 whose
# product was told with them, or never.
_NARROW = Struct("<IHiB")
# Else: own time, ten-thousandths, product, and when that was told.
_WIDE = Struct("<qqBq")
_SIZES = (_NARROW.size, _WIDE.size)
_PACK_NARROW, _UNPACK_NARROW = _NARROW.pack, _NARROW.unpack_from
_ONE_CENT_E4: Final = 100
_LOW_BITS: Final = 32
_LOW: Final = 2**32 - 1
_MOST_CENTS: Final = 2**31 - 1
_MOST_MS: Final = 2**48 - 1
_SHORTEST_KEY: Final = _CODE_LENGTH + 1


def account_of(state: CustomerState, key: str) -> Account | None:
    """Unpacks one account; None where it is not known."""
    number = _number_of(state.account_keys, key.encode())
    return None if number < 0 else _account(state.account_rows, number, key)


def all_accounts(state: CustomerState) -> Iterator[tuple[str, Account]]:
    """Yields every account with its key, in the order in which they were first heard of."""
    for number, key in enumerate(state.account_keys.split(_MARK)[1:-1]):
        yield key.decode(), _account(state.account_rows, number, key.decode())


def accounts_kept(state: CustomerState) -> int:
    """Counts the accounts."""
    return max(state.account_keys.count(_MARK) - 1, 0)


def are_few_and_small(state: CustomerState) -> bool:
    """Says, by their bytes alone, that an account more finds room, and none holds more than 21,474,836.47."""
    rows = state.account_rows
    return not rows or (rows[0] == 0 and len(state.account_keys) < ACCOUNTS_LIMIT * _SHORTEST_KEY)


def keep_account(state: CustomerState, key: str, account: Account) -> None:
    """Keeps an account in place of the one that was known, or as the last one."""
    rows, encoded = state.account_rows or b"\0", key.encode()
    row = None if rows[0] else _narrow_row(account)
    if row is None:
        rows, row = rows if rows[0] else _widened(rows), _wide_row(account)
    size = _SIZES[rows[0]]
    number = _number_of(state.account_keys, encoded)
    if number < 0:
        state.account_keys = (state.account_keys or _MARK) + encoded + _MARK
        state.account_rows = rows + row
    else:
        at = 1 + number * size
        state.account_rows = rows[:at] + row + rows[at + size :]


def drop_account(state: CustomerState, key: str) -> None:
    """Drops an account that is known."""
    keys, rows, encoded = state.account_keys, state.account_rows, key.encode()
    number, size = _number_of(keys, encoded), _SIZES[rows[0]]
    state.account_keys = keys.replace(_MARK + encoded + _MARK, _MARK)
    state.account_rows = rows[: 1 + number * size] + rows[1 + (number + 1) * size :]


def _number_of(keys: bytes, key: bytes) -> int:
    """Gives which of the keys this one is; -1 for none."""
    before, found, _ = keys.partition(_MARK + key + _MARK)
    if not found:
        return -1
    return before.count(_MARK) if before else 0


def _account(rows: bytes, number: int, key: str) -> Account:
    currency = key[:_CODE_LENGTH]
    if rows[0]:
        as_of_ms, balance_e4, product, told_ms = _WIDE.unpack_from(rows, 1 + number * _WIDE.size)
        return Account(as_of_ms, balance_e4, currency, _PRODUCTS[product], told_ms)
    low: int
    high: int
    cents: int
    code: int
    low, high, cents, code = _UNPACK_NARROW(rows, 1 + number * _SIZES[0])
    as_of_ms = (high << _LOW_BITS) + low
    told_ms = as_of_ms if code >= _TOLD else NEVER_MS
    return Account(as_of_ms, cents * _ONE_CENT_E4, currency, _PRODUCTS[code % _TOLD], told_ms)


def _narrow_row(account: Account) -> bytes | None:
    """Gives the narrow row of an account; None where it finds no room in it."""
    as_of_ms, told_ms = account.as_of_ms, account.product_told_ms
    balance_e4 = account.balance_e4
    cents = balance_e4 // _ONE_CENT_E4
    if cents * _ONE_CENT_E4 != balance_e4 or not (-_MOST_CENTS <= cents <= _MOST_CENTS and 0 <= as_of_ms <= _MOST_MS):
        return None
    if told_ms not in (as_of_ms, NEVER_MS):
        return None
    code = _NUMBER_OF[account.product] + (_TOLD if told_ms == as_of_ms else 0)
    return _PACK_NARROW(as_of_ms & _LOW, as_of_ms >> _LOW_BITS, cents, code)


def _wide_row(account: Account) -> bytes:
    return _WIDE.pack(account.as_of_ms, account.balance_e4, _NUMBER_OF[account.product], account.product_told_ms)


def _widened(rows: bytes) -> bytes:
    """Gives the rows in the wider form."""
    known = [_wide_row(_account(rows, number, "")) for number in range(len(rows) // _NARROW.size)]
    return b"\1" + b"".join(known)
