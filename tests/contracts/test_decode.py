import json

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streams.contracts.decode import decode
from streams.contracts.fields import DETAIL_LIMIT, NESTED_LIMIT
from streams.contracts.rejection import Rejection
from streams.policy.compile.load import load_policy
from streams.values.events import (
    BALANCES,
    CREDIT,
    CUSTOMERS,
    LOANS,
    TRANSACTIONS,
    Balance,
    Credit,
    CustomerAction,
    Loan,
    Pin,
    Transaction,
)
from tests.support.wire_messages import AT_MS, MESSAGES, POLICY, read, reason, short, value

TIME_FIELDS = [
    (BALANCES, "as_of"),
    (TRANSACTIONS, "occurred_at"),
    (CREDIT, "as_of"),
    (LOANS, "applied_at"),
    (CUSTOMERS, "at"),
    (CUSTOMERS, "until"),
]
MONEY_FIELDS = [(BALANCES, "balance"), (TRANSACTIONS, "amount"), (LOANS, "amount")]


# --- what is read ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("topic", "event"),
    [
        (BALANCES, Balance("e1", "C001", AT_MS, "A1", 5_000_000_000, "TWD", None)),
        (TRANSACTIONS, Transaction("e1", "C001", AT_MS, "purchase", 125_000, "TWD", AT_MS)),
        (CREDIT, Credit("e1", "C001", AT_MS, "good", None)),
        (LOANS, Loan("e1", "C001", AT_MS, "L77", 120_000_000_000, "TWD")),
        (CUSTOMERS, CustomerAction("e1", "C001", AT_MS, "pin", Pin("high", AT_MS + 1, "board member", "clerk 7"))),
    ],
)
def test_a_message_becomes_its_event(topic: int, event: object) -> None:
    assert read(topic, value(topic)) == event


def test_white_space_around_and_escaped_names_are_json_too() -> None:
    raw = b"\r\n " + value(TRANSACTIONS).replace(b'"event_id"', b'"event\\u005fid"') + b"\t\n"
    assert read(TRANSACTIONS, raw) == read(TRANSACTIONS, value(TRANSACTIONS))


@pytest.mark.parametrize("content", ['"x"', "1e999", "[[]]", '{"amount": 1}', "null", "true", '"\\ud83d"', '"\\u0000"'])
@pytest.mark.parametrize("topic", MESSAGES)
def test_an_unknown_field_is_ignored_whatever_it_holds(topic: int, content: str) -> None:
    assert read(topic, value(topic, memo=content)) == read(topic, value(topic))


@pytest.mark.parametrize("content", ["null", '"web"', "12", "12.5", "true", "[1]", '{"a": 1}', '"文\\n"', '"\\ude00"'])
@pytest.mark.parametrize(
    ("topic", "name"),
    [(TRANSACTIONS, "channel"), (CREDIT, "days_past_due"), (LOANS, "purpose"), (LOANS, "term_months")],
)
def test_an_optional_field_that_no_rule_reads_may_hold_anything(topic: int, name: str, content: str) -> None:
    assert read(topic, value(topic, **{name: content})) == read(topic, value(topic))


@pytest.mark.parametrize(
    ("topic", "name"),
    [(BALANCES, "product"), (TRANSACTIONS, "reverses"), (TRANSACTIONS, "reversed_at"), (CREDIT, "score")],
)
def test_an_optional_field_that_is_null_is_absent(topic: int, name: str) -> None:
    assert read(topic, value(topic, **{name: "null"})) == read(topic, value(topic))


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ('"cash"', "cash"),
        ('"loan_payment"', "loan_payment"),
        ('"Purchase"', "purchase"),
        ('"TRANSFER_IN"', "transfer_in"),
        ('"PURCHASES"', "other"),
        ('"x"', "other"),
        ('""', "other"),
    ],
)
def test_a_known_type_may_be_in_capitals_and_an_unknown_one_counts_as_other(written: str, kind: str) -> None:
    event = read(TRANSACTIONS, value(TRANSACTIONS, type=written))
    assert isinstance(event, Transaction)
    assert event.type == kind


@pytest.mark.parametrize(
    ("written", "product"),
    [
        ('"loan"', "loan"),
        ('"time_deposit"', "time_deposit"),
        ('"mortgage"', "mortgage"),
        ('"LOAN"', "loan"),
        ('"Credit_Card"', "credit_card"),
        ('""', None),
        ("null", None),
        (None, None),
    ],
)
def test_a_product_is_known_by_its_word_whatever_the_capitals_and_may_be_missing(
    written: str | None, product: str | None
) -> None:
    event = read(BALANCES, value(BALANCES, product=written))
    assert isinstance(event, Balance)
    assert event.product == product


@pytest.mark.parametrize("word", ["structured-note", "Loans", "credit card", " loan"])
def test_a_word_that_nobody_knows_for_a_product_is_refused(word: str) -> None:
    expected = f"the policy 'standard' knows no product {word!r} - at `$.product`"
    assert read(BALANCES, value(BALANCES, product=f'"{word}"')) == Rejection("unknown_product", expected)


def test_a_policy_maps_further_words_for_products() -> None:
    mapped = load_policy(POLICY.document + '\n[products]\n"Structured-Note" = "securities"\nmortgages = "mortgage"\n')
    for word, product in (
        ("structured-note", "securities"),
        ("STRUCTURED-NOTE", "securities"),
        ("Mortgages", "mortgage"),
    ):
        event = decode(BALANCES, b"C001", value(BALANCES, product=f'"{word}"'), mapped)
        assert isinstance(event, Balance)
        assert event.product == product


@pytest.mark.parametrize(
    ("written", "score"),
    [("712", "712"), ("712.5", "712.5"), ("-1", "-1"), ('"A+"', "A+"), ('""', ""), ("null", None), (None, None)],
)
def test_a_score_is_a_number_or_a_text(written: str | None, score: str | None) -> None:
    event = read(CREDIT, value(CREDIT, score=written))
    assert isinstance(event, Credit)
    assert event.score == score


def test_a_reversal_counts_where_what_it_undoes_counted() -> None:
    event = read(TRANSACTIONS, value(TRANSACTIONS, reverses='"e0"', reversed_at='"2026-10-01T00:00:00Z"'))
    assert isinstance(event, Transaction)
    assert (event.reverses, event.at_ms, event.belongs_at_ms) == ("e0", AT_MS, 1_790_812_800_000)


def test_reversed_at_alone_is_no_reversal() -> None:
    assert read(TRANSACTIONS, value(TRANSACTIONS, reversed_at="631152000000")) == read(
        TRANSACTIONS, value(TRANSACTIONS)
    )


@pytest.mark.parametrize("action", ["unpin", "opt_out", "opt_in", "erase"])
def test_an_action_other_than_pin_needs_no_more(action: str) -> None:
    raw = value(CUSTOMERS, action=f'"{action}"', tier=None, until=None, reason=None, by=None)
    assert read(CUSTOMERS, raw) == CustomerAction("e1", "C001", AT_MS, action, None)  # type: ignore[arg-type]


def test_of_two_fields_of_one_name_the_last_counts() -> None:
    assert read(TRANSACTIONS, b'{"amount": "7", ' + value(TRANSACTIONS)[1:]) == read(TRANSACTIONS, value(TRANSACTIONS))


@pytest.mark.parametrize("customer", ["客戶001", "😀", "a/b c?#%", "a" * 256, "龍" * 85], ids=short)
def test_an_id_may_hold_any_other_text(customer: str) -> None:
    event = read(CREDIT, value(CREDIT, customer_id=json.dumps(customer)), customer.encode())
    assert isinstance(event, Credit)
    assert event.customer_id == customer


# --- money -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "amount_e4"),
    [
        ('"0"', 0),
        ('"1234.5"', 12_345_000),
        ('"0.0001"', 1),
        ('"00012.50"', 125_000),
        ('"-0"', 0),
        ('"1.50000000"', 15_000),
        ('"99999999999999.9999"', 999_999_999_999_999_999),
        ('"\\u0031"', 10_000),
        ("0.1", 1_000),
        ("0.3", 3_000),
        ("-0.0", 0),
        ("1e2", 1_000_000),
        ("1E+2", 1_000_000),
        ("15e-4", 15),
        ("12345678901234.5678", 123_456_789_012_345_678),
        ("90071992547409.93", 900_719_925_474_099_300),
        ("1.00000", 10_000),
        ("0e5", 0),
    ],
)
@pytest.mark.parametrize(("topic", "name"), MONEY_FIELDS)
def test_money_is_read_exactly(topic: int, name: str, written: str, amount_e4: int) -> None:
    event = read(topic, value(topic, **{name: written}))
    assert not isinstance(event, Rejection)
    assert getattr(event, f"{name}_e4") == amount_e4


@pytest.mark.parametrize(
    "written",
    [
        *(
            '"+5"',
            '".5"',
            '"5."',
            '" 5"',
            '"5 "',
            '"5\\n"',
            '"1_000"',
            '"1,000"',
            '"1e3"',
            '"0x10"',
            '""',
            '"-"',
            '"--1"',
        ),
        *(
            '"\u0661\u0662"',
            '"\uff11\uff12"',
            '"1.\u0665"',
            '"NaN"',
            '"Infinity"',
            '"5\\u0000"',
            '"\\ud83d"',
            '"TWD 5"',
        ),
        *('"1.23456"', "1.23456", "1e-5", '"0.00001"'),
        *('"100000000000000"', "100000000000000", "1e14", "1e400", "1e-400", "9" * 5000, "1e99999999999999999999"),
        *("null", "true", "[]", "{}", '["5"]', '{"value": 5}'),
    ],
    ids=short,
)
@pytest.mark.parametrize(("topic", "name"), MONEY_FIELDS)
def test_what_is_no_amount_is_an_invalid_field(topic: int, name: str, written: str) -> None:
    outcome = read(topic, value(topic, **{name: written}))
    assert reason(outcome) == "invalid_field"
    assert isinstance(outcome, Rejection)
    assert f"`$.{name}`" in outcome.detail


@pytest.mark.parametrize(("topic", "accepted"), [(BALANCES, True), (TRANSACTIONS, False), (LOANS, False)])
@pytest.mark.parametrize("written", ['"-0.0001"', "-5", '"-99999999999999.9999"'])
def test_only_a_balance_is_below_zero(topic: int, written: str, *, accepted: bool) -> None:
    name = "balance" if topic == BALANCES else "amount"
    assert reason(read(topic, value(topic, **{name: written}))) == ("" if accepted else "invalid_field")


# --- times -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "at_ms"),
    [
        ("1795483800125", AT_MS),
        ("631152000000", 631_152_000_000),
        ('"2026-11-24T09:30:00.125+08:00"', AT_MS),
        ('"2026-11-24T01:30:00.125Z"', AT_MS),
        ('"2026-11-24t01:30:00.125z"', AT_MS),
        ('"2026-11-23T20:30:00.125-05:00"', AT_MS),
        ('"2026-11-24T01:30:00.125-00:00"', AT_MS),
        ('"2026-11-24T07:15:00.125+05:45"', AT_MS),
        ('"2026-11-24T01:30:00.1Z"', AT_MS - 25),
        ('"2026-11-24T01:30:00.12Z"', AT_MS - 5),
        ('"2026-11-24T01:30:00.1259Z"', AT_MS),
        ('"2026-11-24T01:30:00.125999999Z"', AT_MS),
        ('"2026-11-24T01:30:00Z"', AT_MS - 125),
        ('"1969-12-31T23:59:59.9999Z"', -1),
        ('"2024-02-29T00:00:00Z"', 1_709_164_800_000),
        ('"2016-12-31T23:59:60Z"', 1_483_228_800_000),
        ('"2017-01-01T07:59:60.5+08:00"', 1_483_228_800_500),
        ('"1900-01-01T00:00:00Z"', -2_208_988_800_000),
        # The open end of banks' systems: the latest time that there is, in every zone.
        ('"9999-12-31T23:59:59.999Z"', 253_402_128_000_000),
        ('"9999-12-31T23:59:59-05:00"', 253_402_128_000_000),
        ("253402300799999", 253_402_128_000_000),
    ],
)
def test_a_time_is_epoch_milliseconds_or_rfc_3339(written: str, at_ms: int) -> None:
    event = read(CREDIT, value(CREDIT, as_of=written))
    assert isinstance(event, Credit)
    assert event.at_ms == at_ms


@pytest.mark.parametrize(
    "written",
    [
        # no offset, or no time of day
        *('"2026-11-24T09:30:00"', '"2026-11-24T09:30:00.125"', '"2026-11-24"', '"09:30:00Z"', '""'),
        # ISO 8601 or Python, but not RFC 3339
        *('"2026-11-24 09:30:00+08:00"', '"2026-11-24T09:30:00+0800"', '"2026-11-24T09:30:00+08"'),
        *('"20261124T093000+08:00"', '"2026-W48-2T09:30:00+08:00"', '"2026-328T09:30:00+08:00"'),
        *('"2026-11-24T09:30+08:00"', '"2026-11-24T09:30:00,125+08:00"', '"2026-11-24T09:30:00.Z"'),
        *('"2026-11-24T09:30:00+08:00:30"', '"2026-11-24T24:00:00Z"', '"+2026-11-24T09:30:00Z"'),
        # not in the calendar, nor on the clock
        *('"2026-02-29T00:00:00Z"', '"2026-13-01T00:00:00Z"', '"2026-11-31T00:00:00Z"', '"0000-01-01T00:00:00Z"'),
        *('"2026-11-24T25:00:00Z"', '"2026-11-24T09:60:00Z"', '"2026-11-24T09:30:61Z"', '"2026-11-24T09:30:60Z"'),
        *('"2026-11-24T09:30:00+24:00"', '"2026-11-24T09:30:00+08:60"'),
        # nearly
        *(
            '" 2026-11-24T09:30:00Z"',
            '"2026-11-24T09:30:00Z\\n"',
            '"2026-11-24T09:30:00 Z"',
            '"\u0662\u0660\u0662\u0666-11-24T09:30:00Z"',
        ),
        *('"2026-11-24T09:30:00\\u0000Z"', '"2026-11-24T09:30:00Z\\ud83d"', '"1795483800125"', '"now"'),
        # numbers that are no whole milliseconds, or none that a calendar holds
        *("1795483800125.0", "1795483800125.5", "1.5e12", "1e12", "1e999", "9" * 30, "9" * 5000),
        *("-2208988800001", "253402387200000", "1795483800125000", '"1899-12-31T23:59:59Z"'),
        *("0", "-1", "631151999999", "1795483800", "20781", "20261124", "1795483800125000000"),
        *("true", "false", "null", "[]", "{}", "[1795483800125]"),
    ],
    ids=short,
)
@pytest.mark.parametrize(("topic", "name"), TIME_FIELDS)
def test_what_is_no_time_is_an_invalid_field(topic: int, name: str, written: str) -> None:
    assert reason(read(topic, value(topic, **{name: written}))) == "invalid_field"


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("1795483800", "1795483800 seems to be seconds; write milliseconds"),
        ("631152000", "631152000 seems to be seconds; write milliseconds"),
        ("253402300799", "253402300799 seems to be seconds; write milliseconds"),
        ("20781", "20781 seems to be days; write milliseconds"),
        ("20261124", "20261124 seems to be a date in digits; write milliseconds"),
        ("1795483800125000", "1795483800125000 seems to be microseconds; write milliseconds"),
        ("1795483800125000000", "1795483800125000000 seems to be nanoseconds; write milliseconds"),
        ("0", "0 is before 1990 as milliseconds; write so old a time in RFC 3339"),
        ("-86400000", "-86400000 is before 1990 as milliseconds; write so old a time in RFC 3339"),
        ("631151999999", "631151999999 is before 1990 as milliseconds; write so old a time in RFC 3339"),
        ("253402387200000", "253402387200000 is outside 1990 to 9999 as milliseconds"),
    ],
)
@pytest.mark.parametrize(("topic", "name"), TIME_FIELDS)
def test_an_integer_of_another_unit_is_refused_and_the_detail_says_what_it_seems_to_be(
    topic: int, name: str, written: str, sentence: str
) -> None:
    assert read(topic, value(topic, **{name: written})) == Rejection("invalid_field", f"{sentence} - at `$.{name}`")


# --- every reason ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [
        *(None, b"", b"  ", b"null", b"[]", b'"x"', b"1", b"true", b"[" + value(TRANSACTIONS) + b"]"),
        *(value(TRANSACTIONS)[:-1], value(TRANSACTIONS)[1:], value(TRANSACTIONS) * 2, value(TRANSACTIONS) + b","),
        *(b"event_id=e1", b"<event/>", b"\x00\x00\x00\x00\x05", b"\xff\xfe", b"\x80\x04\x95"),
        value(TRANSACTIONS).decode().encode("utf-16"),
        b"\xef\xbb\xbf" + value(TRANSACTIONS),
        value(TRANSACTIONS).replace(b'"', b"'"),
        value(TRANSACTIONS)[:-1] + b",}",
        # JSON at first, and what comes behind it is more: also where a field that is wrong comes before that
        *(b"{}{}", b"{} x", b"{}\0", value(TRANSACTIONS) + b"{}", value(TRANSACTIONS) + b"\n" + value(TRANSACTIONS)),
        *(value(TRANSACTIONS, event_id="7") + more for more in (b"{}", b"x", b"\0", b",", b"\xef\xbb\xbf")),
        value(TRANSACTIONS, event_id="7", memo='"\0"'),
        value(TRANSACTIONS, event_id="7", customer_id='"é"') + b"}",
        value(TRANSACTIONS, amount="NaN"),
        value(TRANSACTIONS, amount="-Infinity"),
        value(TRANSACTIONS, amount="007"),
        value(TRANSACTIONS, amount="+7"),
        value(TRANSACTIONS, amount=".5"),
        value(TRANSACTIONS, memo="NaN"),
        value(TRANSACTIONS, customer_id='"\x01"'),
        # not UTF-8: Latin-1, a surrogate, an overlong form; in what is read and in what is ignored
        value(TRANSACTIONS, event_id='"@"').replace(b"@", b"\xe9"),
        value(TRANSACTIONS, memo='"@"').replace(b"@", b"\xe9"),
        value(TRANSACTIONS, memo='"@"').replace(b"@", b"\xed\xa0\x80"),
        value(TRANSACTIONS, memo='"@"').replace(b"@", b"\xc0\xaf"),
        # a number that is out of range for the decoder is no object either; nor is what has no JSON behind one
        b"1" * 5_000,
        b"1e999",
        value(TRANSACTIONS, event_id="1e999", memo="1\\ud83d"),
        # nested past every stack
        value(TRANSACTIONS, memo="[" * 100_000 + "]" * 100_000),
        value(TRANSACTIONS, channel='{"a":' * 100_000 + "1" + "}" * 100_000),
        b"[" * 100_000,
    ],
    ids=short,
)
@pytest.mark.parametrize("key", [b"C001", None])
def test_what_is_no_json_object_is_malformed(raw: bytes | None, key: bytes | None) -> None:
    outcome = read(TRANSACTIONS, raw, key)
    assert reason(outcome) == "malformed"


@pytest.mark.parametrize(
    ("topic", "name"),
    [
        (topic, name)
        for topic, fields in MESSAGES.items()
        for name in fields
        if topic != CUSTOMERS or name not in ("tier", "until", "reason", "by")
    ],
)
@pytest.mark.parametrize("written", [None, "null", "true", "[]", "{}", "1.5e300"])
def test_a_field_that_is_missing_or_of_another_type_is_invalid(topic: int, name: str, written: str | None) -> None:
    if written == "1.5e300" and (topic, name) in MONEY_FIELDS:
        written = '"1.5e300"'
    outcome = read(topic, value(topic, **{name: written}))
    assert isinstance(outcome, Rejection)
    assert outcome.reason == "invalid_field"
    assert name in outcome.detail


@pytest.mark.parametrize(
    ("topic", "name", "written"),
    [
        *((topic, "event_id", '""') for topic in MESSAGES),
        *((topic, "customer_id", '""') for topic in MESSAGES),
        *((topic, "event_id", "5") for topic in MESSAGES),
        (TRANSACTIONS, "account_id", '""'),
        (BALANCES, "account_id", '""'),
        (LOANS, "loan_id", '""'),
        (TRANSACTIONS, "event_id", f'"{"x" * 257}"'),
        (TRANSACTIONS, "event_id", f'"{"龍" * 86}"'),
        *((topic, "event_id", '"e\\u0000"') for topic in MESSAGES),
        *((topic, "customer_id", '"C\\u0000"') for topic in MESSAGES),
        (TRANSACTIONS, "account_id", '"A\\n1"'),
        (TRANSACTIONS, "account_id", '"A\x7f1"'),
        (TRANSACTIONS, "account_id", '"A\x851"'),
        (BALANCES, "account_id", '"\\u001b[2J"'),
        (LOANS, "loan_id", '"L\\t"'),
        (TRANSACTIONS, "reverses", '""'),
        (TRANSACTIONS, "reverses", '"e\\u0000"'),
        (TRANSACTIONS, "event_id", '"\\ud83d"'),
        (TRANSACTIONS, "event_id", '"\\ude00"'),
        (TRANSACTIONS, "event_id", '"a\\\\\\ud83d\\ud83d\\ude00"'),
        (TRANSACTIONS, "customer_id", '"\\ud800"'),
        (TRANSACTIONS, "type", "3"),
        (BALANCES, "product", "3"),
        *(
            (TRANSACTIONS, "currency", written)
            for written in ('"twd"', '""', '"TW"', '"TWDX"', '"\uff34\uff37\uff24"', '"TWD\\n"')
        ),
        (TRANSACTIONS, "currency", f'"{"X" * 1000}"'),
        *((CREDIT, "standing", written) for written in ('""', '"Good"', '"unknown"', "1")),
        *((CREDIT, "score", written) for written in ("true", "[]", "{}", "1e999", "9" * 65, f'"{"x" * 65}"')),
        *((CUSTOMERS, "action", written) for written in ('""', '"PIN"', '"delete"', "1")),
        *((CUSTOMERS, name, None) for name in ("tier", "until", "reason", "by")),
        *((CUSTOMERS, name, "null") for name in ("tier", "until", "reason", "by")),
        *((CUSTOMERS, name, "5") for name in ("tier", "reason", "by")),
        (CUSTOMERS, "tier", '"platinum"'),
        (CUSTOMERS, "reason", f'"{"x" * 1001}"'),
        (CUSTOMERS, "by", f'"{"x" * 257}"'),
    ],
    ids=short,
)
def test_what_a_field_must_not_hold_is_invalid(topic: int, name: str, written: str | None) -> None:
    for key in (b"C001", None):
        assert reason(read(topic, value(topic, **{name: written}), key)) == "invalid_field"


@pytest.mark.parametrize(
    ("reversed_at", "outcome"),
    [
        (None, "invalid_field"),
        ("null", "invalid_field"),
        ('"yesterday"', "invalid_field"),
        (str(AT_MS + 86_400_001), "invalid_field"),
        (str(AT_MS + 86_400_000), ""),
        ("631152000000", ""),
    ],
)
def test_a_reversal_says_the_time_of_what_it_undoes(reversed_at: str | None, outcome: str) -> None:
    raw = value(TRANSACTIONS, reverses='"e0"', reversed_at=reversed_at)
    assert reason(read(TRANSACTIONS, raw)) == outcome


@pytest.mark.parametrize("key", [None, b"", b"C002", b"c001", b" C001", b"C001\x00", b'"C001"', b"\xff", b"\xff\xfeC"])
@pytest.mark.parametrize("topic", MESSAGES)
def test_a_key_that_is_not_the_customer_is_a_mismatch(topic: int, key: bytes | None) -> None:
    assert reason(read(topic, value(topic), key)) == "key_mismatch"


@pytest.mark.parametrize("topic", [BALANCES, TRANSACTIONS, LOANS])
def test_a_currency_that_the_policy_has_no_rate_for_is_unknown(topic: int) -> None:
    assert [reason(read(topic, value(topic, currency=f'"{code}"'))) for code in ("TWD", "USD", "CHF")] == [
        "",
        "",
        "unknown_currency",
    ]


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("RMB", "RMB is no ISO 4217 code; write CNY"),
        ("NTD", "NTD is no ISO 4217 code; write TWD"),
        ("QQQ", "QQQ is no ISO 4217 code"),
        ("twd", "'twd' is no ISO 4217 code such as TWD"),
    ],
)
@pytest.mark.parametrize("topic", [BALANCES, TRANSACTIONS, LOANS])
def test_a_currency_that_is_no_code_is_invalid_and_of_a_common_name_the_code_is_said(
    topic: int, code: str, sentence: str
) -> None:
    expected = Rejection("invalid_field", f"{sentence} - at `$.currency`")
    assert read(topic, value(topic, currency=f'"{code}"')) == expected


@pytest.mark.parametrize("stack", [0, 300])
@pytest.mark.parametrize("pair", [("[", "]"), ('{"a":', "}"), ('{"\\"[":', "}")])
def test_how_deep_a_value_may_be_nested_does_not_depend_on_the_stack(stack: int, pair: tuple[str, str]) -> None:
    def below(frames: int, levels: int) -> str:
        if frames:
            return below(frames - 1, levels)
        return reason(read(TRANSACTIONS, value(TRANSACTIONS, memo=pair[0] * levels + "1" + pair[1] * levels)))

    assert below(stack, NESTED_LIMIT - 1) == ""
    assert below(stack, NESTED_LIMIT) == "malformed"


def test_brackets_in_text_and_beside_each_other_are_not_nested() -> None:
    for memo in (f'"{"[" * 999}"', f'"\\"{"{" * 999}"', f"[{'[],' * 999}[]]"):
        assert reason(read(TRANSACTIONS, value(TRANSACTIONS, memo=memo))) == ""


def test_the_first_reason_of_several_is_given() -> None:
    no_rate, no_time = '"CHF"', '"now"'
    assert reason(read(LOANS, value(LOANS, currency=no_rate, applied_at=no_time), b"C002")) == "invalid_field"
    assert reason(read(LOANS, value(LOANS, currency=no_rate), b"C002")) == "unknown_currency"
    assert reason(read(LOANS, value(LOANS)[1:], b"C002")) == "malformed"


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (b',"event_id":"e2"}', ""),
        (b',"event_id":7}', "invalid_field"),
        (b',"customer_id":"C002"}', "key_mismatch"),
        (b',"customer_\\u0069d":"C002"}', "key_mismatch"),
        (b',"memo":1,"memo":2}', ""),
    ],
    ids=short,
)
@pytest.mark.parametrize("topic", sorted(MESSAGES))
def test_of_a_name_that_comes_twice_the_last_counts_and_all_must_fit(topic: int, more: bytes, expected: str) -> None:
    outcome = read(topic, value(topic)[:-1] + more)
    assert reason(outcome) == expected
    assert expected or "event_id" not in more.decode() or getattr(outcome, "event_id") == "e2"  # noqa: B009


def test_a_detail_says_where_and_stays_short() -> None:
    outcome = read(CREDIT, value(CREDIT, as_of=json.dumps("y" * 100_000)))
    assert isinstance(outcome, Rejection)
    assert "`$.as_of`" in outcome.detail
    assert len(outcome.detail) <= DETAIL_LIMIT


# --- whatever comes --------------------------------------------------------------------------------------------------

json_texts = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
).map(json.dumps)
topics = st.sampled_from(sorted(MESSAGES))


def is_json_object(raw: bytes) -> bool:
    try:
        return isinstance(msgspec.json.decode(raw), dict)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False


def is_json_object_to_python(raw: bytes) -> bool:
    try:
        return isinstance(json.loads(raw.decode()), dict)
    except ValueError:
        return False


@given(topics, st.binary(), st.none() | st.binary())
@example(topic=0, raw=b" {}", key=None)
def test_bytes_of_any_kind_raise_nothing(topic: int, raw: bytes, key: bytes | None) -> None:
    # Of JSON objects these bytes can only be the empty one, or one of unknown fields.
    expected = "invalid_field" if is_json_object(raw) else "malformed"
    assert reason(read(topic, raw, key)) == expected


@given(topics, st.integers(0, 200), st.integers(0, 255))
def test_a_flipped_byte_raises_nothing(topic: int, at: int, byte: int) -> None:
    raw = bytearray(value(topic))
    raw[at % len(raw)] = byte
    outcome = reason(read(topic, bytes(raw)))
    assert outcome in {"", "malformed", "invalid_field", "key_mismatch", "unknown_currency"}
    assert (outcome == "malformed") == (not is_json_object_to_python(bytes(raw)))


@given(st.data(), topics)
def test_a_field_of_any_content_raises_nothing_and_is_no_malformed_json(data: st.DataObject, topic: int) -> None:
    name = data.draw(st.sampled_from(sorted(MESSAGES[topic])))
    outcome = reason(read(topic, value(topic, **{name: data.draw(json_texts)})))
    assert outcome in {"", "invalid_field", "key_mismatch", "unknown_currency", "unknown_product"}
