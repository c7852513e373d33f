"""The records of the topic of rates."""

import pytest

from streams.contracts.envelope import rate_text
from streams.contracts.rates import take_rate
from streams.contracts.rates_read import NOTHING_READ

USUAL = b'{"currency": "USD", "against": "TWD", "rate": "32.15", "at": "2026-01-05T09:00:00+08:00"}'


@pytest.mark.parametrize(
    ("written", "rate_e8"),
    [(b'"32.15"', 3_215_000_000), (b"32.15", 3_215_000_000), (b"1e-8", 1), (b'"0.21000000"', 21_000_000)],
)
def test_a_rate_is_read_exactly(written: bytes, rate_e8: int) -> None:
    read = take_rate(NOTHING_READ, 4, b"any key", USUAL.replace(b'"32.15"', written))
    assert read.table.quotes == {("USD", "TWD"): ((1_767_574_800_000, rate_e8),)}
    assert read.table.next_offset == 5
    assert read.refused == ()


@pytest.mark.parametrize(
    ("value", "reason", "says"),
    [
        (None, "malformed", "no value"),
        (b"[]", "malformed", "not a JSON object"),
        (b'{"a":' * 100_000, "malformed", "not a JSON object"),
        (b"{", "malformed", "not a JSON object"),
        (b"[" * 100_000, "malformed", "not a JSON object"),
        (b"{}", "invalid_field", "missing required field `currency`"),
        (USUAL.replace(b"USD", b"RMB"), "invalid_field", "'RMB' is no ISO 4217 code; write CNY - at `$.currency`"),
        (USUAL.replace(b"TWD", b"twd"), "invalid_field", "'twd' is no ISO 4217 code - at `$.against`"),
        (USUAL.replace(b"TWD", b"USD"), "invalid_field", "against itself"),
        (USUAL.replace(b"32.15", b"0"), "invalid_field", "'0' is not above 0 - at `$.rate`"),
        (USUAL.replace(b"32.15", b"-1"), "invalid_field", "is not above 0"),
        (USUAL.replace(b"32.15", b"0.123456789"), "invalid_field", "more than 8 decimals - at `$.rate`"),
        (USUAL.replace(b"32.15", b"10000000000"), "invalid_field", "beyond 10 digits before the point"),
        (USUAL.replace(b'"32.15"', b"{}"), "invalid_field", 'a rate is a decimal string such as "32.15"'),
        (USUAL.replace(b"+08:00", b""), "invalid_field", "no RFC 3339 time with an offset"),
        (USUAL.replace(b'"2026-01-05T09:00:00+08:00"', b"1767574800"), "invalid_field", "seems to be seconds"),
    ],
)
def test_what_is_no_rate_is_refused_and_passed_over(value: bytes | None, reason: str, says: str) -> None:
    before = take_rate(NOTHING_READ, 0, None, USUAL)
    read = take_rate(before, 1, b"k", value)
    [refused] = read.refused
    assert (refused.offset, refused.key, refused.value) == (1, b"k", value)
    assert refused.rejection.reason == reason
    assert says in refused.rejection.detail
    assert read.table.quotes == before.table.quotes
    assert read.table.next_offset == 2


@pytest.mark.parametrize(("rate_e8", "text"), [(3_215_000_000, "32.15"), (100_000_000, "1.0"), (1, "0.00000001")])
def test_a_rate_is_written_with_the_decimals_that_it_needs(rate_e8: int, text: str) -> None:
    assert rate_text(rate_e8) == text
