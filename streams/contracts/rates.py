"""The records of `bank.rates` to a table of rates, or to a reason why one cannot be used (docs/messages.md#bankrates).

Whatever a record holds, nothing here raises: one bad record stops nobody.
"""

from collections.abc import Iterable

import msgspec

from streams.contracts.fields import DETAIL_LIMIT, UnfitError, invalid, time_of
from streams.contracts.inputs import RateMessage
from streams.contracts.rates_read import RatesRead, RefusedRate
from streams.contracts.rejection import Rejection
from streams.policy.day_rates import with_quotes
from streams.policy.rates import Quoted
from streams.values.currencies import CODES, meant_by
from streams.values.money import rate_from_json

_decode = msgspec.json.Decoder(RateMessage).decode


def take_rate(read: RatesRead, offset: int, key: bytes | None, value: bytes | None) -> RatesRead:
    """Adds a record of the topic to what was read of it."""
    return take_rates(read, [(offset, key, value)])


def take_rates(read: RatesRead, records: Iterable[tuple[int, bytes | None, bytes | None]]) -> RatesRead:
    """Adds records of the topic, each by offset, key and value: many at about the cost of one."""
    quoted, refused, next_offset = list[Quoted](), list(read.refused), read.table.next_offset
    for offset, key, value in records:
        found = _found(value)
        if isinstance(found, Rejection):
            refused.append(RefusedRate(offset, key, value, found))
        else:
            quoted.append(found)
        next_offset = offset + 1
    return RatesRead(with_quotes(read.table, quoted, next_offset), tuple(refused))


def _found(value: bytes | None) -> Quoted | Rejection:
    """Gives what a record says; or why it says nothing."""
    if value is None:
        return Rejection("malformed", "the record has no value")
    if not value.lstrip(b" \t\r\n").startswith(b"{"):
        return Rejection("malformed", "not a JSON object")
    try:
        return _read(_decode(value))
    except (msgspec.ValidationError, UnfitError) as unfit:
        return Rejection("invalid_field", str(unfit)[:DETAIL_LIMIT])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as unread:
        return Rejection("malformed", f"not a JSON object: {unread}"[:DETAIL_LIMIT])


def _read(message: RateMessage) -> Quoted:
    for field, currency in (("currency", message.currency), ("against", message.against)):
        if currency not in CODES:
            meant = meant_by(currency)
            write = "" if meant is None else f"; write {meant}"
            raise invalid(f"{currency!r} is no ISO 4217 code{write} - at `$.{field}`")
    if message.currency == message.against:
        raise invalid("a currency has no rate against itself - at `$.against`")
    try:
        rate_e8 = rate_from_json(bytes(message.rate))
    except ValueError as error:
        raise invalid(f"{error} - at `$.rate`") from error
    return Quoted((message.currency, message.against), time_of("at", message.at), rate_e8)
