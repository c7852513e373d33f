"""Reading a line of a file of events, {"topic": "bank.balances", "value": {…}}, for all commands alike."""

from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE

import msgspec

from streams.contracts.event_line import EventLine, Owned, WrittenLine
from streams.values.events import TOPICS

# Files always use the default prefix, whatever TIERFLOW_INPUT_PREFIX is.
FILE_PREFIX = "bank."


def parse_line(line: bytes) -> EventLine:
    """Reads a line as a record: the value's bytes as they are written; as key its customer_id, if that is a string.

    Nothing else of the value is checked: what a worker cannot use becomes a dead letter there.

    Raises:
        ValueError: This is no line of a file of events; the message says why, and what to write.
    """
    try:
        topic, value = _parse(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(
            _foreign_encoding(line)
            or f'not a JSON object with topic and value ({error}); write {{"topic": "bank.balances", "value": {{…}}}}'
        ) from error
    if topic not in _NUMBERS:
        *most, last = _NUMBERS
        raise ValueError(f"the topic is {topic[:50]!r}; write {', '.join(most)} or {last}")
    return EventLine(_NUMBERS[topic], _key(value), value)


_NUMBERS = {FILE_PREFIX + name: number for number, name in enumerate(TOPICS)}
_decode_line = msgspec.json.Decoder(WrittenLine).decode
_decode_owned = msgspec.json.Decoder(Owned).decode


def _foreign_encoding(line: bytes) -> str | None:
    """Says which encoding other than UTF-8 a line seems to have, as editors and spreadsheets on Windows write them."""
    if line.startswith(BOM_UTF8):
        return "the file begins with a byte order mark (BOM); save it as UTF-8 without one"
    # Without a mark, the zero bytes show it. The first half of a line's end may stand before the next line.
    if line.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) or b"\0" in line[:4]:
        return "the file is written in UTF-16; save it as UTF-8 without a byte order mark (BOM)"
    return None


def _parse(line: bytes) -> tuple[str, bytes]:
    parsed = _decode_line(line)
    return parsed.topic, bytes(parsed.value)


def _key(value: bytes) -> bytes | None:
    try:
        return _decode_owned(value).customer_id.encode()
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
