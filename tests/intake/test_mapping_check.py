"""`tierflow intake check`: each mistake is told with its line, its field and what is allowed."""

from pathlib import Path

import pytest

from streams.intake.check import check_mapping, in_words
from streams.intake.compile.mapping import MappingError, load_mapping

GOOD = """\
[sources.bookings]
topic = "core.public.bookings"
format = "debezium"
skip = "status != 'BOOKED'"

[sources.bookings.transactions]
event_id = { template = "booking-{id}" }
customer_id = "customer"
account_id = "account"
type = { path = "kind", codes = { POS = "purchase", ATM = "cash" }, otherwise = "other" }
amount = { path = "amount", sign = "drop" }
currency = { constant = "TWD" }
occurred_at = { path = "booked_at", zone = "Asia/Taipei" }
"""
EXAMPLES = sorted((Path(__file__).parents[2] / "examples" / "sources").glob("*.toml"))


def test_a_good_mapping_is_told_in_words() -> None:
    report = check_mapping(GOOD)
    assert (report.errors, report.warnings) == ([], [])
    assert report.mapping is not None
    assert in_words(report.mapping.file) == [
        "bookings: topic core.public.bookings, debezium -> transactions (7 of 10 fields)"
    ]


@pytest.mark.parametrize(
    ("good", "bad", "line", "field", "said"),
    [
        ('"debezium"', '"debesium"', 3, "format", 'did you mean "debezium"?'),
        ('"debezium"', "7", 3, "format", '7 is a number; write "avro" or "camt" or "cloudevents"'),
        ("skip =", "skipp =", 4, "skipp", "did you mean skip?"),
        ("status !=", "status =", 4, "skip", "two values are compared by =="),
        ("'BOOKED'\"", '\\"BOOKED\\""', 4, "skip", "stands in single quotes"),
        ("booking-{id}", "booking-{id", 7, "transactions.event_id.template", "has a { that is alone"),
        ("booking-{id}", "booking", 7, "transactions.event_id.template", "has no path in it"),
        ('"customer"', '"customer..id"', 8, "transactions.customer_id", 'cannot be read at ".id"'),
        ('"customer"', '""', 8, "transactions.customer_id", "this is empty"),
        ('"customer"', "7", 8, "transactions.customer_id", "write it in quotes"),
        ('account_id = "account"\n', "", 6, "transactions.account_id", "this is missing; write account_id"),
        ("account_id", "acount_id", 9, "transactions.acount_id", "did you mean account_id?"),
        ('"cash" }', '"kash" }', 10, "transactions.type.codes.ATM", '"kash" is no type; there are cash, deposit'),
        ('"other" }', '"others" }', 10, "transactions.type.otherwise", '"others" is no type'),
        ('"drop"', '"dropped"', 11, "transactions.amount.sign", 'did you mean "drop"?'),
        ('sign = "drop"', "scale = 99", 11, "transactions.amount.scale", "a whole number from 0 to 18"),
        ('sign = "drop"', 'unit = "s"', 11, "transactions.amount.unit", "it belongs in"),
        (
            'sign = "drop"',
            'sign = { path = "dc", plus = ["C"], minus = ["D"] }',
            11,
            "transactions.amount.sign",
            "amount is never below 0",
        ),
        ('sign = "drop"', 'bytes = "base64"', 11, "transactions.amount.bytes", "write scale = 2"),
        ('{ path = "amount", sign = "drop" }', "{ }", 11, "transactions.amount", "does not say what is read"),
        (
            '{ path = "amount", sign = "drop" }',
            '{ constant = "1,000" }',
            11,
            "transactions.amount.constant",
            'write thousands = ","',
        ),
        ('"TWD"', '"RMB"', 12, "transactions.currency.constant", "CNY"),
        ('constant = "TWD"', 'constant = "TWD", path = "x"', 12, "transactions.currency", "keep one of them"),
        ('"Asia/Taipei"', '"Taipei"', 13, "transactions.occurred_at.zone", 'did you mean "Asia/Taipei"?'),
        ('zone = "Asia/Taipei"', 'form = "%Y-%q"', 13, "transactions.occurred_at.form", "has %q, which is not read"),
        ('zone = "Asia/Taipei"', 'form = "%H:%M"', 13, "transactions.occurred_at.form", "has no whole date"),
        ('zone = "Asia/Taipei"', 'calendar = "roc"', 13, "transactions.occurred_at.calendar", "needs a form"),
        ('"debezium"', '"csv"', 2, "topic", "csv is a file's format"),
        ('"debezium"', '"xml"', 3, "format", '"xml" is not known here; write "avro"'),
        ("topic = ", "topics = ", 2, "topics", "did you mean topic?"),
        ("core.public.bookings", "core public", 2, "topic", "is no topic"),
        ("core.public.bookings", "..", 2, "topic", "is no topic"),
        ("[sources.bookings.transactions]", "[sources.bookings.bookings]", 6, "bookings", "is no word"),
        ('"customer"', '"customer (no)"', 8, "transactions.customer_id", """double quotes: '"Amount (TWD)"'"""),
        ('"customer"', '"customer(no)"', 8, "transactions.customer_id", "stands in double quotes"),
        ("'BOOKED'", "lenght(status)", 4, "skip", "did you mean length()?"),
        ("'BOOKED'", "`0.12345678901234567`", 4, "skip", "more than 15 digits"),
    ],
)
def test_a_mistake_is_told_with_line_field_and_what_to_write(
    good: str, bad: str, line: int, field: str, said: str
) -> None:
    assert good in GOOD
    report = check_mapping(GOOD.replace(good, bad))
    assert report.mapping is None
    [*_, found] = [finding for finding in report.errors if said in finding.message] or [None]
    assert found is not None, report.errors
    assert (found.line, found.field.startswith(f"sources.bookings.{field}")) == (line, True), found


def test_every_mistake_of_a_file_is_told_at_once() -> None:
    wrong = GOOD.replace('"debezium"', '"kafka"').replace('"TWD"', '"RMB"').replace("Asia/Taipei", "Nowhere/City")
    assert [finding.line for finding in check_mapping(wrong).errors] == [3, 12, 13]


def test_a_booking_that_names_no_customer_goes_by_its_account() -> None:
    report = check_mapping(GOOD.replace('customer_id = "customer"\n', ""))
    assert report.errors == []
    assert report.mapping is not None
    assert in_words(report.mapping.file) == [
        "bookings: topic core.public.bookings, debezium -> transactions (6 of 10 fields), by account"
    ]


def test_roles_of_owners_are_those_that_there_are() -> None:
    words = 'account_id = "id"\nas_of = "at"\nowners = { path = "who", codes = { H = "boss" } }'
    report = check_mapping(f'[sources.parties]\ntopic = "core"\nformat = "json"\n[sources.parties.accounts]\n{words}\n')
    assert [(finding.field, finding.message) for finding in report.errors] == [
        ("sources.parties.accounts.owners.codes", '"boss" is no role; there are owner, joint, authorised')
    ]


def test_lines_that_are_no_toml_are_told_and_what_follows_is_looked_at() -> None:
    wrong = GOOD.replace('customer_id = "customer"', "customer_id = customer").replace('"TWD"', '"RMB"')
    report = check_mapping(wrong)
    assert [(finding.line, finding.field) for finding in report.errors] == [
        (8, "sources.bookings.transactions.customer_id"),
        (12, "sources.bookings.transactions.currency.constant"),
    ]


def test_two_sources_of_one_topic_are_refused() -> None:
    twice = GOOD + GOOD.replace("sources.bookings", "sources.again")
    [finding] = check_mapping(twice).errors
    assert finding.message == "the topic is also that of bookings; write the tables of both into one source"


@pytest.mark.parametrize("name", ["core.bookings", "帳務"])
def test_a_source_of_a_topic_has_a_name_that_a_topic_can_have(name: str) -> None:
    [finding] = check_mapping(GOOD.replace("sources.bookings", f'sources."{name}"')).errors
    assert "becomes a part of a topic's name" in finding.message
    of_a_file = (
        GOOD.replace("sources.bookings", f'sources."{name}"').replace("debezium", "csv").splitlines(keepends=True)
    )
    assert check_mapping("".join(line for line in of_a_file if "topic =" not in line)).errors == []


def test_a_way_behind_one_that_always_counts_is_refused() -> None:
    wrong = GOOD.replace('"customer"', '["customer", { path = "owner" }]')
    [finding] = check_mapping(wrong).errors
    assert (finding.field, finding.line) == ("sources.bookings.transactions.customer_id[0]", 8)


def test_a_reversal_needs_the_time_of_what_it_undoes() -> None:
    [finding] = check_mapping(GOOD + 'reverses = "undone"\n').errors
    assert "a reversal needs reversed_at" in finding.message


def test_a_file_needs_an_id_of_its_own() -> None:
    wrong = GOOD.replace('topic = "core.public.bookings"\n', "").replace("debezium", "csv")
    [finding] = check_mapping(wrong.replace('event_id = { template = "booking-{id}" }\n', "")).errors
    assert "a file has no offsets" in finding.message


def test_a_file_without_a_source_says_how_one_begins() -> None:
    [finding] = check_mapping("").errors
    assert "write [sources.bookings]" in finding.message
    [finding] = check_mapping('[sources.a]\ntopic = "a"\nformat = "json"\n').errors
    assert "nothing comes of it; write [sources.a.transactions]" in finding.message


def test_a_product_that_is_the_banks_own_is_a_warning() -> None:
    text = GOOD.replace("transactions]", "balances]").replace("occurred_at", "as_of").replace("amount =", "balance =")
    text = "".join(line for line in text.splitlines(keepends=True) if not line.startswith("type"))
    report = check_mapping(text + 'product = { path = "kind", codes = { S = "deposit", N = "structured-note" } }\n')
    assert report.errors == []
    [warning] = report.warnings
    assert '"structured-note" is no product of tierflow; the policy has to map it' in warning.message


def test_a_mapping_that_cannot_be_used_is_no_mapping() -> None:
    with pytest.raises(MappingError, match="did you mean"):
        load_mapping(GOOD.replace("debezium", "debesium"))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_can_be_used(example: Path) -> None:
    report = check_mapping(example.read_text(encoding="utf-8"))
    assert (report.errors, report.warnings) == ([], [])
