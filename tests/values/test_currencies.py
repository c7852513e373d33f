"""The list of currencies is that of ISO 4217, held against a library that goes with its tables."""

import pytest
from iso4217 import Currency

from streams.values.currencies import CODES, COMMON_NAMES, meant_by, minor_decimals

HAVE_MINOR_UNIT = [currency for currency in Currency if currency.exponent is not None]


def test_every_code_in_use_is_there() -> None:
    assert {currency.code for currency in Currency} <= CODES


@pytest.mark.parametrize("currency", HAVE_MINOR_UNIT, ids=lambda currency: currency.code)
def test_the_minor_unit_is_that_of_the_standard(currency: Currency) -> None:
    assert minor_decimals(currency.code) == currency.exponent


@pytest.mark.parametrize(("code", "decimals"), [("JPY", 0), ("TWD", 2), ("KWD", 3), ("CLF", 4), ("XAU", 2), ("DEM", 2)])
def test_decimals_of_what_is_paid(code: str, decimals: int) -> None:
    assert minor_decimals(code) == decimals


@pytest.mark.parametrize("code", ["HRK", "BGN", "DEM", "ANG"])
def test_a_withdrawn_currency_is_known(code: str) -> None:
    assert code in CODES


def test_a_common_name_is_no_code_and_means_one() -> None:
    assert not CODES & set(COMMON_NAMES)
    assert set(COMMON_NAMES.values()) <= CODES
    assert (meant_by("RMB"), meant_by("CNY"), meant_by("QQQ")) == ("CNY", None, None)
