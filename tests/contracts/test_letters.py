"""A dead letter holds its input whole where its record fits the topic, and else its beginning, size and digest."""

from base64 import b64decode
from hashlib import sha256

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.letters import FIRST_BYTES, comparable, dead_letter, letter_key
from streams.contracts.log import decode_dead_letter, encode_json
from streams.contracts.rejection import Clipped, Place, Rejection

PLACE = Place("bank.loans", 2, 7)
MALFORMED = Rejection("malformed", "not a JSON object")
AT = "2026-11-24T09:30:00.125+08:00"


def fields(
    key: bytes | None, value: bytes | None, record_bytes: int, rejection: Rejection = MALFORMED
) -> dict[str, object]:
    """The letter as it is read by others."""
    written = encode_json(dead_letter(PLACE, key, value, rejection, AT, record_bytes))
    found: dict[str, object] = msgspec.json.decode(written)
    assert encode_json(decode_dead_letter(written)) == written
    return found


@pytest.mark.parametrize("value", [None, b"", b"{", b"x" * 700_000])
def test_what_fits_is_whole_and_has_no_further_fields(value: bytes | None) -> None:
    found = fields(b"C001", value, 1 << 20)
    assert list(found) == ["topic", "partition", "offset", "key_base64", "value_base64", "reason", "detail", "at"]
    assert found["value_base64"] is None if value is None else b64decode(str(found["value_base64"])) == value


def test_what_does_not_fit_is_told_by_its_beginning_its_size_and_its_digest() -> None:
    value = b"x" * 879_000
    found = fields(b"C001", value, 1 << 20)
    assert (found["key_base64"], found["value_base64"]) == ("QzAwMQ==", None)
    assert b64decode(str(found["value_first_base64"])) == value[:FIRST_BYTES]
    assert (found["value_bytes"], found["value_sha256"]) == (879_000, f"sha256:{sha256(value).hexdigest()}")
    assert "value_first_base64" not in fields(b"C001", value, 4 << 20)


def test_a_key_that_is_too_large_is_told_likewise_and_is_no_key_of_the_letter() -> None:
    key = b"k" * 2_000_000
    found = fields(key, None, 1 << 20)
    assert (found["key_base64"], found["key_bytes"]) == (None, 2_000_000)
    assert letter_key(key) == key[:256]
    assert (letter_key(b"C001"), letter_key(None)) == (b"C001", None)


def test_of_what_was_not_read_to_its_end_there_is_neither_size_nor_digest() -> None:
    rejection = Rejection("too_large", "more than is read", Clipped(b"beginning", None, None))
    found = fields(None, None, 1 << 20, rejection)
    assert b64decode(str(found["value_first_base64"])) == b"beginning"
    assert not {"value_bytes", "value_sha256"} & set(found)


@given(
    key=st.integers(0, 3_000),
    value=st.integers(0, 40_000),
    limit=st.integers(16_000, 60_000),
    detail=st.text(max_size=500),
)
def test_the_record_of_a_letter_never_passes_the_limit(key: int, value: int, limit: int, detail: str) -> None:
    letter = dead_letter(PLACE, b"k" * key, b"v" * value, Rejection("malformed", detail), AT, limit)
    assert len(encode_json(letter)) + len(letter_key(b"k" * key) or b"") + 100 <= limit


@given(key=st.none() | st.binary(max_size=2_000), value=st.none() | st.binary(max_size=4_000))
def test_compared_are_letters_whatever_limit_they_were_written_under(key: bytes | None, value: bytes | None) -> None:
    assert comparable(fields(key, value, 1 << 20)) == comparable(fields(key, value, 9_000))
