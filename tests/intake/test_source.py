"""A source as a whole: what comes of a record, in which order, and what of those that are refused."""

import json

import pytest

from streams.intake.record import Mapped, Skipped
from streams.values.events import BALANCES, TRANSACTIONS
from tests.support.mappings import (
    PLAIN,
    TRANSACTION,
    assert_taken,
    mapped,
    mapping_text,
    outcomes,
    record,
    refused,
    source_of,
    transactions,
)

BOTH = """\
[sources.core]
topic = "core"
format = "json"

[sources.core.transactions]
when = "amount"
event_id = { template = "t-{id}" }
customer_id = "customer"
account_id = "account"
type = "type"
amount = "amount"
currency = "currency"
occurred_at = "at"

[sources.core.balances]
when = "balance"
event_id = { template = "b-{id}" }
customer_id = "customer"
account_id = "account"
balance = "balance"
currency = "currency"
as_of = "at"
"""


def test_a_record_becomes_an_event_that_the_decoder_takes() -> None:
    assert mapped(transactions(), PLAIN) == {
        "event_id": "t1",
        "customer_id": "C1",
        "account_id": "A1",
        "type": "purchase",
        "amount": "1234.50",
        "currency": "TWD",
        "occurred_at": 1795483800000,
    }


def test_the_key_is_the_customer() -> None:
    [outcome] = outcomes(transactions(), PLAIN)
    assert isinstance(outcome, Mapped)
    assert outcome.events[0].key == b"C1"


def test_a_record_may_become_events_of_two_inputs_or_of_one_of_them() -> None:
    source = source_of(BOTH)
    rows = (PLAIN, PLAIN | {"amount": None}, PLAIN | {"balance": None})
    for row, topics in zip(rows, ([BALANCES, TRANSACTIONS], [BALANCES], [TRANSACTIONS]), strict=True):
        [outcome] = outcomes(source, row)
        assert isinstance(outcome, Mapped)
        assert [event.topic for event in outcome.events] == topics
        assert_taken(outcome.events)
    [outcome] = outcomes(source, PLAIN | {"amount": None, "balance": None})
    assert outcome == Skipped("no `when` of its inputs holds")


def test_nothing_comes_of_a_record_of_which_a_part_is_refused() -> None:
    refusal = refused(source_of(BOTH), PLAIN | {"balance": "much"})
    assert (refusal.field, refusal.path) == ("balances.balance", "balance")


def test_a_transfer_becomes_two_transactions() -> None:
    table = mapping_text("transactions", TRANSACTION).partition("[sources.core.transactions]")[2]
    legs = f"[[sources.core.transactions]]{table}[[sources.core.transactions]]{table}"
    text = f'[sources.core]\ntopic = "core"\nformat = "json"\n{legs}'.replace('event_id = "id"\n', "")
    text = text.replace('type = "type"', 'type = { constant = "transfer_out" }', 1)
    text = text.replace('type = "type"', 'type = { constant = "transfer_in" }', 1)
    [outcome] = outcomes(source_of(text), PLAIN)
    assert isinstance(outcome, Mapped)
    told = [(json.loads(event.value)["event_id"], json.loads(event.value)["type"]) for event in outcome.events]
    assert told == [("core-3-17-0", "transfer_out"), ("core-3-17-1", "transfer_in")]


def test_ids_come_from_topic_partition_and_offset_where_there_is_no_key() -> None:
    fields = {name: path for name, path in TRANSACTION.items() if name != "event_id"}
    assert mapped(source_of(mapping_text("transactions", fields)), PLAIN)["event_id"] == "core-3-17"


def test_what_is_around_a_record_can_be_read() -> None:
    source = transactions(
        event_id='{ template = "{_record.topic}:{_record.headers.trace}:{_record.key.id}" }',
        occurred_at='{ path = "_record.timestamp", unit = "ms" }',
    )
    around = {"key": b'{"id": 5}', "headers": (("trace", b"x"),), "timestamp_ms": 1795483800125}
    event = mapped(source, PLAIN, **around)
    assert (event["event_id"], event["occurred_at"]) == ("core:x:5", 1795483800125)


def test_what_is_to_be_skipped_is_skipped() -> None:
    source = transactions('topic = "core"\nformat = "json"\nskip = "status == \'PENDING\'"')
    assert outcomes(source, PLAIN | {"status": "PENDING"}) == [Skipped("`skip` holds")]
    assert mapped(source, PLAIN | {"status": "BOOKED"})["event_id"] == "t1"


@pytest.mark.parametrize(
    ("words", "fields", "field"),
    [
        ("skip = 'amount > `5`'", {}, "skip"),
        ("", {"when": "'amount > `5`'"}, "transactions.when"),
        ("", {"type": '[{ when = \'amount > `5`\', constant = "cash" }, "type"]'}, "transactions.type"),
    ],
)
def test_a_condition_that_cannot_be_worked_out_says_where_it_stands(
    words: str, fields: dict[str, str], field: str
) -> None:
    source = transactions(f'topic = "core"\nformat = "json"\n{words}', **fields)
    refusal = refused(source, PLAIN)
    assert (refusal.field, "write to_number()" in refusal.detail) == (field, True)


def test_a_record_with_several_rows_is_refused_row_by_row() -> None:
    fields = TRANSACTION | {"event_id": '{ template = "{_record.id}" }', "customer_id": '"_record.value.customer"'}
    source = source_of(mapping_text("transactions", fields, 'topic = "core"\nformat = "json"\neach = "rows"'))
    rows = [{**PLAIN, "amount": amount} for amount in ("1.00", "much", "3.00")]
    first, second, third = outcomes(source, {"customer": "C9", "rows": rows})
    assert isinstance(first, Mapped)
    assert isinstance(third, Mapped)
    ids = [json.loads(outcome.events[0].value)["event_id"] for outcome in (first, third)]
    assert ids == ["core-3-17-0", "core-3-17-2"]
    assert (second.item, second.field) == (1, "transactions.amount")  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("value", "reason", "said"),
    [
        (b"", "malformed", "it is empty"),
        (b"{", "malformed", "no JSON"),
        (b"\xff\xfe{}", "malformed", "no JSON"),
        (b"[1]", "malformed", "there is a list where a row's object should be"),
        (b'"text"', "malformed", "where a row's object should be"),
        (b"[" * 5000 + b"]" * 5000, "malformed", "nested hundreds of levels deep"),
        (b"\0\0\0\0\7\2abc", "malformed", "begins with a zero byte"),
        (None, "deleted", 'deletes = "skip"'),
        ({}, "missing_field", 'there is nothing at "currency"'),
        (PLAIN | {"customer": None}, "missing_field", 'there is nothing at "customer"'),
        (PLAIN | {"customer": ""}, "missing_field", 'there is nothing at "customer"'),
        (PLAIN | {"customer": "x" * 257}, "invalid_field", "at most 256"),
        (PLAIN | {"customer": "a\nb"}, "invalid_field", "a control character"),
        (PLAIN | {"customer": {"id": 1}}, "invalid_field", "an object is no text"),
        (b"7", "malformed", "there is 7 where a row's object should be"),
        (PLAIN | {"account": "__debezium_unavailable_value"}, "invalid_field", "REPLICA IDENTITY FULL"),
        (b'{"customer": "\\ud83d", "currency": "TWD", "id": "1"}', "invalid_field", "a control character"),
        (PLAIN | {"currency": "RMB"}, "invalid_field", 'write codes = { "RMB" = "CNY" }'),
        (PLAIN | {"currency": "twd"}, "invalid_field", '"TWD"'),
        (PLAIN | {"type": "POS"}, "unknown_code", '"POS" is no type; write codes'),
    ],
)
def test_a_record_that_cannot_be_mapped_is_refused(value: object, reason: str, said: str) -> None:
    refusal = refused(transactions(), value)
    assert (refusal.reason, said in refusal.detail) == (reason, True), refusal


def test_blanks_around_a_text_are_no_part_of_it_unless_the_mapping_says_so() -> None:
    """A column of fixed width fills what is short with blanks; the customer is the same."""
    assert mapped(transactions(), PLAIN | {"customer": " C1  "})["customer_id"] == "C1"
    kept = transactions(customer_id='{ path = "customer", trim = false }')
    assert mapped(kept, PLAIN | {"customer": " C1  "})["customer_id"] == " C1  "
    assert refused(transactions(), PLAIN | {"customer": "   "}).reason == "missing_field"


def test_numbers_and_texts_are_one_id() -> None:
    source = transactions()
    oracle = {"scale": 0, "value": "BQ=="}
    assert mapped(source, PLAIN | {"id": oracle})["event_id"] == "5"
    too_long = json.dumps(PLAIN).replace('"t1"', "9" * 100 + ".5").encode()
    assert "beyond what" in refused(source, too_long).detail
    assert mapped(source, PLAIN | {"id": 5})["event_id"] == mapped(source, PLAIN | {"id": "5"})["event_id"] == "5"


@pytest.mark.parametrize(
    ("rule", "value", "word"),
    [
        ('{ path = "type", codes = { P = "purchase" } }', "P", "purchase"),
        ('{ path = "type", codes = { "1" = "cash" } }', 1, "cash"),
        ('{ path = "type", codes = { P = "purchase" }, otherwise = "other" }', "X", "other"),
        ('{ path = "type", otherwise = "other" }', "X", "other"),
        ('{ path = "type", otherwise = "other" }', "fee", "fee"),
        ('{ path = "type", codes = { P = "cash" }, missing = "P" }', None, "cash"),
        ('{ path = "type", codes = { P = "cash" } }', " P  ", "cash"),
        ('{ path = "type", codes = { "P " = "cash" } }', "P ", "cash"),
        ('{ path = "type", codes = { "P " = "cash", P = "fee" }, trim = false }', "P ", "cash"),
        ('{ path = "type", codes = { "存款" = "deposit" } }', "存款", "deposit"),
        ('"type"', "PURCHASE", "purchase"),
        ("""[{ when = "type == 'W'", constant = "withdrawal" }, { constant = "deposit" }]""", "W", "withdrawal"),
        ("""[{ when = "type == 'W'", constant = "withdrawal" }, { constant = "deposit" }]""", "D", "deposit"),
    ],
)
def test_codes_give_the_contracts_word(rule: str, value: object, word: str) -> None:
    assert mapped(transactions(type=rule), PLAIN | {"type": value})["type"] == word


def test_a_word_that_is_in_no_table_is_refused() -> None:
    refusal = refused(transactions(type='{ path = "type", codes = { P = "purchase" } }'), PLAIN | {"type": "Q"})
    assert (refusal.reason, refusal.detail) == (
        "unknown_code",
        '"Q" is in no code table; add it to codes, or write otherwise =',
    )


def test_a_reversal_names_what_it_undoes_and_when_that_was() -> None:
    source = transactions(reverses='"undoes"', reversed_at='"undone_at"')
    plain = mapped(source, PLAIN | {"undone_at": PLAIN["at"]})
    assert not {"reverses", "reversed_at"} & plain.keys()
    undone = mapped(source, PLAIN | {"undoes": "t0", "undone_at": "2026-11-23T09:30:00Z"})
    assert (undone["reverses"], undone["reversed_at"]) == ("t0", 1795426200000)
    assert refused(source, PLAIN | {"undoes": "t0"}).reason == "missing_field"
    assert "24 hours ahead" in refused(source, PLAIN | {"undoes": "t0", "undone_at": "2027-01-01T00:00:00Z"}).detail


def test_a_template_with_nothing_for_a_part_of_it_is_no_value() -> None:
    template = '{ template = "booking-{undoes}" }'
    source = transactions(reverses=template, reversed_at='"undone_at"', event_id=template)
    assert refused(source, PLAIN).detail == 'there is nothing at "undoes"'
    source = transactions(reverses=template, reversed_at='"undone_at"')
    assert "reverses" not in mapped(source, PLAIN)
    undone = mapped(source, PLAIN | {"undoes": 7, "undone_at": "2026-11-23T09:30:00Z"})
    assert undone["reverses"] == "booking-7"


def test_a_pin_has_all_that_it_needs_and_no_other_action_has_it() -> None:
    names = ("event_id", "customer_id", "action", "at", "tier", "until", "reason", "by")
    source = source_of(mapping_text("customers", {name: f'"{name}"' for name in names}))
    pin = {"event_id": 1, "customer_id": "C1", "action": "pin", "at": 1795483800125, "tier": "high"}
    pin |= {"until": "2027-11-24T00:00:00+08:00", "reason": "founder", "by": "clerk"}
    assert mapped(source, pin)["tier"] == "high"
    assert "tier" not in mapped(source, pin | {"action": "unpin"})
    assert refused(source, pin | {"by": None}).detail.endswith("there is no by")
    assert refused(source, pin | {"action": "freeze"}).reason == "unknown_code"


def test_a_merge_has_the_other_id_and_no_other_action_has_it() -> None:
    names = ("event_id", "customer_id", "action", "at", "into")
    source = source_of(mapping_text("customers", {name: f'"{name}"' for name in names}))
    merge = {"event_id": 1, "customer_id": "C1", "action": "merge", "at": 1795483800125, "into": "C2"}
    assert mapped(source, merge)["into"] == "C2"
    assert "into" not in mapped(source, merge | {"action": "opt_out"})
    assert refused(source, merge | {"into": None}).detail.endswith("there is no into")
    assert refused(source, merge | {"action": "take_in"}).reason == "unknown_code"


def test_credit_and_loans_are_mapped_too() -> None:
    credit = source_of(
        mapping_text(
            "credit",
            {
                "customer_id": '"c"',
                "standing": '{ path = "grade", codes = { A = "excellent", E = "default" } }',
                "as_of": '"at"',
                "score": '"score"',
                "days_past_due": '"late"',
            },
        )
    )
    read = mapped(credit, {"c": "C1", "grade": "A", "at": 1795483800125, "score": 612.5, "late": 3})
    assert (read["standing"], read["score"], read["days_past_due"]) == ("excellent", "612.5", 3)
    loan = source_of(
        mapping_text(
            "loans",
            {"customer_id": '"c"', "loan_id": '"l"', "amount": '"a"', "currency": '{ constant = "TWD" }'}
            | {"applied_at": '"at"', "term_months": '"months"'},
        )
    )
    assert mapped(loan, {"c": "C1", "l": 7, "a": 1000, "at": 1795483800125, "months": "240"})["term_months"] == 240


def test_a_record_is_mapped_the_same_each_time() -> None:
    source = transactions()
    assert source.map(record(PLAIN)) == source.map(record(PLAIN))
