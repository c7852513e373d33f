import pytest

from streams.values.money import amount_from_json, format_value, parse_fixed
from tests.support.one_customer import e16


@pytest.mark.parametrize(
    ("raw", "amount_e4"),
    [
        (b'"0"', 0),
        (b'"0.0001"', 1),
        (b'"499999.99"', 4_999_999_900),
        (b'"500000"', 5_000_000_000),
        (b'"500000.0000"', 5_000_000_000),
        (b'"-12.5"', -125_000),
        (b'"-0.00"', 0),
        (b'"00012"', 120_000),
        (b'"1.50000"', 15_000),  # zeros behind the fourth decimal take nothing away
        (b'"99999999999999.9999"', 999_999_999_999_999_999),
        (b'"-99999999999999.9999"', -999_999_999_999_999_999),
        (rb'"\u0031\u0030"', 100_000),
        (b"12", 120_000),
        (b"-3.25", -32_500),
        (b"0.1", 1_000),
        (b"1e3", 10_000_000),
        (b"5", 50_000),
        (b'"5"', 50_000),
        (b'"1.50"', 15_000),
        (b"25E-2", 2_500),
        (b"99999999999999.9999", 999_999_999_999_999_999),
    ],
)
def test_an_amount_is_read_exactly(raw: bytes, amount_e4: int) -> None:
    assert amount_from_json(raw) == amount_e4


def test_a_json_number_never_goes_through_a_float() -> None:
    # As a float this is 90071992547409.98 or .99: the last digit would be lost.
    assert amount_from_json(b"90071992547409.9301") == 900_719_925_474_099_301


@pytest.mark.parametrize(
    "raw",
    [
        b'""',
        b'" 1"',
        b'"1,000"',
        b'"+1"',
        b'"1e3"',
        b'".5"',
        b'"5."',
        b'"0x10"',
        b'"NaN"',
        b'"Infinity"',
        b'"--1"',
        '"\uff11\uff12"'.encode(),  # full-width digits
        b'"\xff"',
        b'"0.00001"',
        b"0.00001",
        b"1e-5",
        b'"100000000000000"',
        b"1e14",
        b"-1e14",
        b"1e41",
        b"1e999999999",
        b"1e99999999999999999999",
        b"-1e-99999999999999999999",
        b"9" * 5_000,
        b"null",
        b"true",
        b"{}",
        b"[" * 100_000 + b"]" * 100_000,
    ],
    ids=lambda raw: raw[:24].decode("latin-1"),
)
def test_what_is_no_amount_says_so(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        amount_from_json(raw)


@pytest.mark.parametrize(
    ("text", "decimals", "fixed"),
    [("31.5", 8, 3_150_000_000), ("-0.10", 4, -1_000), ("7", 0, 7), ("7.00", 0, 7), ("0.21", 2, 21)],
)
def test_a_figure_of_a_policy_is_read_exactly(text: str, decimals: int, fixed: int) -> None:
    assert parse_fixed(text, decimals) == fixed


@pytest.mark.parametrize(("text", "decimals"), [("0.211", 2), ("7.5", 0), ("1e3", 4), ("", 4), ("9" * 41, 4)])
def test_a_figure_that_does_not_fit_is_refused(text: str, decimals: int) -> None:
    with pytest.raises(ValueError, match=r"decimals|plain decimal"):
        parse_fixed(text, decimals)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("0", "0.00"),
        ("500000", "500000.00"),
        ("12345.6", "12345.60"),
        ("12345.678", "12345.678"),
        ("12345.6789", "12345.6789"),
        ("0.00004999", "0.00"),
        ("0.00005", "0.0001"),
        ("0.99995", "1.00"),
        ("-0.00005", "-0.0001"),
        ("-0.00004", "0.00"),
        ("-1234.5", "-1234.50"),
        ("-0.99995", "-1.00"),
        ("900000000000000", "900000000000000.00"),
    ],
)
def test_a_value_is_written_with_two_to_four_decimals_rounded_half_up(value: str, written: str) -> None:
    assert format_value(e16(value)) == written
