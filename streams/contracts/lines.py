"""Reading and writing a line of a file of events, {"topic": "bank.balances", "value": {…}}, for all commands alike."""

from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE, BOM_UTF32_BE, BOM_UTF32_LE

import msgspec

from streams.contracts.event_line import EventLine, OfAccount, OfCurrency, Owned, WrittenLine
from streams.contracts.halves import with_stand_ins, without_halves
from streams.values.events import ACCOUNTS, IN_FILES, RATES

# Files always use the default prefix, whatever TIERFLOW_INPUT_PREFIX is.
FILE_PREFIX = "bank."


def parse_line(line: bytes) -> EventLine:
    """Reads a line as a record: the value's bytes as they are written; as key its customer_id, if that is a string.

    Nothing else of the value is checked: what a worker cannot use becomes a dead letter there.

    Raises:
        ValueError: This is no line of a file of events; the message says why, and what to write.
    """
    try:
        topic, value = _read(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(
            _foreign_form(line)
            or f'not a JSON object with topic and value ({error}); write {{"topic": "bank.balances", "value": {{…}}}}'
        ) from error
    except RecursionError as too_deep:
        raise ValueError(
            "arrays or objects are nested hundreds of levels deep; no event has that, leave it out"
        ) from too_deep
    if topic not in _NUMBERS:
        *most, last = _NUMBERS
        raise ValueError(f"the topic is {topic[:50]!r}; write {', '.join(most)} or {last}")
    number = _NUMBERS[topic]
    key = _key_of_rate if number == RATES else _key_of_account if number >= ACCOUNTS else _key
    return EventLine(number, key(value), value)


def line_of(event: EventLine) -> bytes:
    """Writes an event as a line of a file of events."""
    return b'{"topic":"%s%s","value":%s}\n' % (FILE_PREFIX.encode(), IN_FILES[event.topic].encode(), event.value)


_NUMBERS = {FILE_PREFIX + name: number for number, name in enumerate(IN_FILES)}
# By the first bytes of a file: what compressed it, and the command that writes what is in it to standard output.
_COMPRESSED = {
    b"\x1f\x8b": ("gzip", "gunzip -c"),
    b"\x28\xb5\x2f\xfd": ("zstd", "zstd -dc"),
    b"BZh": ("bzip2", "bunzip2 -c"),
    b"\xfd7zXZ\0": ("xz", "xz -dc"),
    b"PK\x03\x04": ("zip", "unzip -p"),
}
_decode_line = msgspec.json.Decoder(WrittenLine).decode
_decode_of_account = msgspec.json.Decoder(OfAccount).decode
_decode_of_currency = msgspec.json.Decoder(OfCurrency).decode
_decode_owned = msgspec.json.Decoder(Owned).decode


def _foreign_form(line: bytes) -> str | None:
    """Says how a file seems to be written: compressed, or in another encoding than UTF-8, as Windows has them."""
    for first, (name, command) in _COMPRESSED.items():
        if line.startswith(first):
            return f"the file is compressed with {name}; unpack it first: {command} FILE"
    if line.startswith(BOM_UTF8):
        return "the file begins with a byte order mark (BOM); save it as UTF-8 without one"
    encoding = _wide_encoding(line)
    return encoding and f"the file is written in {encoding}; save it as UTF-8 without a byte order mark (BOM)"


def _wide_encoding(line: bytes) -> str | None:
    # Without a mark, the zero bytes show it: three in a row if a character takes four bytes. A part of the line's end
    # before may stand first. The mark of UTF-16 is the beginning of one of UTF-32.
    if line.startswith((BOM_UTF32_LE, BOM_UTF32_BE)) or b"\0\0\0" in line[:8]:
        return "UTF-32"
    if line.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) or b"\0" in line[:4]:
        return "UTF-16"
    return None


def _read(line: bytes) -> tuple[str, bytes]:
    """Gives the topic, and the value's bytes as they are written, half surrogate pairs among them."""
    try:
        return _parse(line)
    except msgspec.DecodeError:
        replaced, halves = with_stand_ins(line)
        if not halves:
            raise
    topic, value = _parse(replaced)
    for stand_in, half in halves.items():
        value = value.replace(stand_in, half)
    return topic, value


def _parse(line: bytes) -> tuple[str, bytes]:
    parsed = _decode_line(line)
    return parsed.topic, bytes(parsed.value)


def _key_of_account(value: bytes) -> bytes | None:
    try:
        return _decode_of_account(value).account_id.encode()
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _key_of_rate(value: bytes) -> bytes | None:
    try:
        return _decode_of_currency(value).currency.encode()
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _key(value: bytes) -> bytes | None:
    try:
        return _decode_owned(value).customer_id.encode()
    except (msgspec.DecodeError, UnicodeDecodeError):
        pass
    try:
        customer = _decode_owned(without_halves(value)).customer_id
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return None if "\0" in customer else customer.encode()
