"""Files of sample records: in which forms they may be written."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.intake.record import SourceRecord
from streams.intake.samples import sample_line, samples_of
from tests.support.laws import laws


def record(value: bytes | None, key: bytes | None = None, **around: object) -> SourceRecord:
    return SourceRecord("core", 0, 0, key, value)._replace(**around)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("raw", "records"),
    [
        (b'{"id": 1, "amount": 12.30}\n', [record(b'{"id":1,"amount":12.30}')]),
        (b'{"id": 1}\n\nno JSON\n', [record(b'{"id": 1}'), record(b"no JSON", offset=2)]),
        (b'[{"id": 1}, null]', [record(b'{"id":1}'), record(b"null", offset=1)]),
        (b'{\n  "id": 1\n}', [record(b'{"id":1}')]),
        (
            b'{"key": "k", "value": {"id": 1}, "headers": {"h": "x"}}',
            [record(b'{"id":1}', b"k", headers=(("h", b"x"),))],
        ),
        (b'{"value": null, "key": {"id": 7}}', [record(None, b'{"id":7}')]),
        (
            b'{"topic": "t", "partition": 3, "offset": 17, "key_base64": "aw==", "value_base64": "AAE=", "at": 1}',
            [record(b"\x00\x01", b"k", topic="t", partition=3, offset=17)],
        ),
        (
            b'{"topic":"t","partition":3,"offset":17,"tstype":"no","ts":5,"payload":"{}","headers":["h","x"]}',
            [record(b"{}", topic="t", partition=3, offset=17, timestamp_ms=5, headers=(("h", b"x"),))],
        ),
        (b'{"schema": null, "payload": {"id": 1}}', [record(b'{"schema":null,"payload":{"id":1}}')]),
        (b"", []),
    ],
)
def test_samples_are_read_in_the_forms_that_tools_write(raw: bytes, records: list[SourceRecord]) -> None:
    assert samples_of(raw, "core") == records


@given(
    st.none()
    | st.binary(max_size=30)
    | st.sampled_from([b'{"id": 1.50, "x": {"y": [null]}}', b"{}", b"[1]", b"7", b"{"]),
    st.none() | st.binary(max_size=10) | st.sampled_from([b"k", b'{"id": 7}']),
    st.none() | st.integers(0, 10**13),
)
@laws(200)
def test_a_record_is_the_same_when_its_line_is_read(value: bytes | None, key: bytes | None, at_ms: int | None) -> None:
    written = SourceRecord("t", 3, 17, key, value, at_ms, (("h", b"x"),))
    [read] = samples_of(sample_line(written), "other")
    assert read._replace(value=None) == written._replace(value=None)
    if value is not None and value.startswith(b"{") and value != b"{":
        assert json.loads(read.value or b"") == json.loads(value)
    else:
        assert read.value == value


def test_numbers_of_a_sample_stay_as_they_are_written() -> None:
    [one] = samples_of(json.dumps([{"amount": "x"}]).replace('"x"', "12345678901234567.1234").encode(), "core")
    assert one.value == b'{"amount":12345678901234567.1234}'
