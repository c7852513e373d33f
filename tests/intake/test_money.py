"""Numbers of sources to amounts: exact, or refused."""

from base64 import b64encode
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.intake.record import Mapped
from tests.support.laws import laws
from tests.support.mappings import PLAIN, balances, mapped, outcomes, refused, transactions

PATH = 'path = "balance"'


def unscaled(number: int) -> str:
    """Java's BigInteger.toByteArray in base64: as few bytes as hold the number and its sign."""
    size = (number + (number < 0)).bit_length() // 8 + 1
    return b64encode(number.to_bytes(size, "big", signed=True)).decode()


@pytest.mark.parametrize(
    ("rule", "written", "amount"),
    [
        ('"balance"', '"1234.50"', "1234.50"),
        ('"balance"', "1234.5", "1234.50"),
        ('"balance"', "0.1", "0.10"),
        ('"balance"', "12345678901234.5678", "12345678901234.5678"),
        ('"balance"', "1e3", "1000.00"),
        ('"balance"', "-7", "-7.00"),
        ('"balance"', '"-0.00"', "0.00"),
        ('"balance"', '" 12.30 "', "12.30"),
        ('"balance"', '"+5"', "5.00"),
        ('"balance"', '".5"', "0.50"),
        ('"balance"', '"5."', "5.00"),
        ('"balance"', '"0001234.50"', "1234.50"),
        (f"{{ {PATH}, scale = 2 }}", "123450", "1234.50"),
        (f"{{ {PATH}, scale = 2 }}", '"000000123450"', "1234.50"),
        (f"{{ {PATH}, scale = 3 }}", "-5", "-0.005"),
        (f'{{ {PATH}, scale = "currency" }}', "123450", "1234.50"),
        (f'{{ {PATH}, thousands = "," }}', '"1,234,567.80"', "1234567.80"),
        (f'{{ {PATH}, thousands = "," }}', '"1234567.80"', "1234567.80"),
        (f'{{ {PATH}, thousands = ".", decimal_point = "," }}', '"1.234,56"', "1234.56"),
        (f'{{ {PATH}, thousands = " " }}', '"1 234.56"', "1234.56"),
        (f'{{ {PATH}, negative = "trailing" }}', '"100.00-"', "-100.00"),
        (f'{{ {PATH}, negative = "trailing" }}', '"100.00"', "100.00"),
        (f'{{ {PATH}, negative = "parentheses" }}', '"(100.00)"', "-100.00"),
        (f'{{ {PATH}, thousands = ",", full_width = true }}', '"１，２３４．５０"', "1234.50"),
        (f'{{ {PATH}, sign = "drop" }}', "-12.5", "12.50"),
        (f'{{ {PATH}, sign = "turn" }}', "12.5", "-12.50"),
        (f'{{ {PATH}, sign = {{ path = "type", plus = ["C"], minus = ["purchase"] }} }}', "12.5", "-12.50"),
        (f"{{ {PATH}, round_to = 2 }}", "0.125", "0.13"),
        (f"{{ {PATH}, round_to = 2 }}", "-0.125", "-0.13"),
        (f"{{ {PATH}, round_to = 0 }}", '"0.49999"', "0.00"),
        (f'{{ {PATH}, bytes = "base64", scale = 2 }}', f'"{unscaled(123450)}"', "1234.50"),
        (f'{{ {PATH}, bytes = "base64", scale = 2 }}', f'"{unscaled(-1)}"', "-0.01"),
        (f'{{ {PATH}, bytes = "hex", scale = 2 }}', '"01e23a"', "1234.50"),
        ('"balance"', f'{{"scale": 2, "value": "{unscaled(-123450)}"}}', "-1234.50"),
        ('{ path = "none", missing = "0" }', "1", "0.00"),
        ('{ constant = "7.5" }', "1", "7.50"),
        (f'{{ {PATH}, symbol = "NT$", thousands = "," }}', '"NT$1,234.50"', "1234.50"),
        (f'{{ {PATH}, symbol = "NT$" }}', '"-NT$5"', "-5.00"),
        (f'{{ {PATH}, symbol = "NT$" }}', '"NT$ -5"', "-5.00"),
        (f'{{ {PATH}, symbol = "NT$" }}', '"5"', "5.00"),
        (f'{{ {PATH}, symbol = "元", negative = "trailing" }}', '"5- 元"', "-5.00"),
        (f'{{ {PATH}, symbol = "EUR", negative = "parentheses" }}', '"(EUR 5)"', "-5.00"),
    ],
)
def test_amounts_are_read_exactly(rule: str, written: str, amount: str) -> None:
    raw = b'{"id": "t1", "customer": "C1", "account": "A1", "type": "purchase", "currency": "TWD", '
    raw += b'"at": 1795483800125, "balance": %s}' % written.encode()
    assert mapped(balances(balance=rule), raw)["balance"] == amount


@pytest.mark.parametrize(
    ("rule", "value", "said"),
    [
        ('"balance"', "1,234.50", 'write thousands = ","'),
        (f'{{ {PATH}, thousands = "," }}', "12,34.50", "is no number"),
        (f'{{ {PATH}, thousands = "," }}', "1,234,5", "is no number"),
        ('"balance"', "１２３", "full_width = true"),
        ('"balance"', "100-", 'negative = "trailing"'),
        ('"balance"', "(100)", 'negative = "parentheses"'),
        ('"balance"', "1e3", "is no number"),
        ('"balance"', "NT$5", "write symbol"),
        (f'{{ {PATH}, symbol = "NT$" }}', "--5", "is no number"),
        (f'{{ {PATH}, symbol = "NT$" }}', "NT$", "is no number"),
        (f'{{ {PATH}, symbol = "NT$" }}', "-NT$-5", "is no number"),
        ('"balance"', "1.23456", "round_to = 4"),
        ('"balance"', "123456789012345", "beyond 14 digits"),
        ('"balance"', 10**14, "beyond 14 digits"),
        ('"balance"', True, "true is no number"),
        ('"balance"', ["1"], "a list is no number"),
        ('"balance"', {"amount": "1"}, "an object is no number"),
        ('"balance"', "", "there is nothing at"),
        ('"balance"', None, "there is nothing at"),
        (f'{{ {PATH}, bytes = "base64", scale = 2 }}', "!!", "is no base64"),
        (f'{{ {PATH}, bytes = "base64", scale = 2 }}', b64encode(b"x" * 33).decode(), "33 bytes"),
        (
            f'{{ {PATH}, sign = {{ path = "type", plus = ["C"], minus = ["D"] }} }}',
            "1",
            'its sign is \'purchase\'; there are "C", "D"',
        ),
        (f'{{ {PATH}, sign = {{ path = "type", plus = ["purchase"], minus = ["D"] }} }}', "-1", "is below 0 already"),
    ],
)
def test_what_is_no_amount_is_refused_with_what_to_write(rule: str, value: object, said: str) -> None:
    refusal = refused(balances(balance=rule), PLAIN | {"balance": value})
    assert refusal.field == "balances.balance"
    assert said in refusal.detail


@pytest.mark.parametrize("written", [b"1e400", b"1e999999999", b"-1e-999999999", b"9" * 100, b"0." + b"1" * 100])
def test_numbers_beyond_all_measure_are_refused(written: bytes) -> None:
    raw = b'{"id":"1","customer":"C","account":"A","currency":"TWD","at":1795483800125,"balance":%s}' % written
    assert refused(balances(), raw).reason == "invalid_field"


def test_a_transaction_below_zero_is_refused_unless_its_sign_is_dropped() -> None:
    value = PLAIN | {"amount": "-5.00"}
    assert 'sign = "drop"' in refused(transactions(), value).detail
    assert mapped(transactions(amount='{ path = "amount", sign = "drop" }'), value)["amount"] == "5.00"


@pytest.mark.parametrize(("currency", "amount"), [("JPY", "123450.00"), ("TWD", "1234.50"), ("KWD", "123.45")])
def test_a_scale_of_the_currency_is_that_of_its_minor_unit(currency: str, amount: str) -> None:
    source = balances(balance='{ path = "balance", scale = "currency" }')
    [outcome] = outcomes(source, PLAIN | {"balance": 123450, "currency": currency})
    assert isinstance(outcome, Mapped)
    assert f'"balance":"{amount}"'.encode() in outcome.events[0].value


@given(st.integers(1 - 10**15, 10**15 - 1), st.integers(1, 4))
@laws(300)
def test_a_decimal_in_bytes_comes_back_as_it_was(number: int, scale: int) -> None:
    source = balances(balance=f'{{ path = "balance", bytes = "base64", scale = {scale} }}')
    read = mapped(source, PLAIN | {"balance": unscaled(number)})["balance"]
    assert Decimal(read) == Decimal(number).scaleb(-scale)


@given(st.decimals(min_value=-(10**13), max_value=10**13, places=4))
@laws(300)
def test_a_number_is_the_same_however_it_is_written(number: Decimal) -> None:
    grouped = balances(balance='{ path = "balance", thousands = "," }')
    raw = b'{"id":"1","customer":"C","account":"A","currency":"TWD","at":1795483800125,"balance":%s}'
    read = {
        mapped(balances(), PLAIN | {"balance": f"{number:f}"})["balance"],
        mapped(balances(), raw % f"{number:f}".encode())["balance"],
        mapped(grouped, PLAIN | {"balance": f"{number:,f}"})["balance"],
        mapped(balances(balance='{ path = "balance", scale = 4 }'), PLAIN | {"balance": int(number.scaleb(4))})[
            "balance"
        ],
    }
    assert {Decimal(text) for text in read} == {number}


@given(st.decimals(min_value=0, max_value=10**13, places=2), st.booleans())
@laws(200)
def test_a_sign_by_an_indicator_is_that_of_a_signed_number(number: Decimal, is_debit: object) -> None:
    source = balances(balance='{ path = "balance", sign = { path = "dc", plus = ["C"], minus = ["D"] } }')
    read = mapped(source, PLAIN | {"balance": f"{number:f}", "dc": "D" if is_debit else "C"})["balance"]
    signed = f"{-number:f}" if is_debit and number else f"{number:f}"
    assert read == mapped(balances(), PLAIN | {"balance": signed})["balance"]
