"""Reading a line of a file of events, {"topic": "bank.balances", "value": {…}}, for all commands alike."""

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
            f'not a JSON object with topic and value ({error}); write {{"topic": "bank.balances", "value": {{…}}}}'
        ) from error
    if topic not in _NUMBERS:
        *most, last = _NUMBERS
        raise ValueError(f"the topic is {topic[:50]!r}; write {', '.join(most)} or {last}")
    return EventLine(_NUMBERS[topic], _key(value), value)


_NUMBERS = {FILE_PREFIX + name: number for number, name in enumerate(TOPICS)}
_decode_line = msgspec.json.Decoder(WrittenLine).decode
_decode_owned = msgspec.json.Decoder(Owned).decode


def _parse(line: bytes) -> tuple[str, bytes]:
    parsed = _decode_line(line)
    return parsed.topic, bytes(parsed.value)


def _key(value: bytes) -> bytes | None:
    try:
        return _decode_owned(value).customer_id.encode()
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
