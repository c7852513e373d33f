"""Rows of text files: dialects, quotes, lines that are no rows, and what is wrong with a row."""

import pytest

from streams.intake.file_row import FileRow
from streams.intake.formats.delimited import read_rows
from streams.intake.language.rules import CsvRule
from streams.intake.record import Row
from streams.intake.refused import MalformedError

TEXT = b"id,name,amount\n1,Lin,10.00\n2,Chen,20.00\n"


def rows(text: bytes, encoding: str = "utf-8", names: tuple[str, ...] = (), **rule: object) -> list[FileRow]:
    return list(read_rows(text.splitlines(keepends=True), CsvRule(**rule), encoding, names))  # type: ignore[arg-type]


def values(read: list[FileRow]) -> list[object]:
    return [row.row.value if isinstance(row.row, Row) else str(row.row) for row in read]


def test_a_row_has_the_header_s_names_its_line_and_its_bytes() -> None:
    assert rows(TEXT)[1] == FileRow(3, b"2,Chen,20.00\n", Row({"id": "2", "name": "Chen", "amount": "20.00"}))


@pytest.mark.parametrize(
    ("text", "rule", "row"),
    [
        (b"a;b\n1;2\n", {"delimiter": ";"}, {"a": "1", "b": "2"}),
        (b"a|b\r\n1|2\r\n", {"delimiter": "|"}, {"a": "1", "b": "2"}),
        (b"a\tb\n1\t2", {"delimiter": "\t"}, {"a": "1", "b": "2"}),
        (b'a,b\n"1,000.00","x ""y"""\n', {}, {"a": "1,000.00", "b": 'x "y"'}),
        (b"a,b\n'1,000',2\n", {"quote": "'"}, {"a": "1,000", "b": "2"}),
        (b'a,b\n1"2,"3\n', {"quote": ""}, {"a": '1"2', "b": '"3'}),
        (b"1,2\n", {"columns": ["x", "y"]}, {"x": "1", "y": "2"}),
        (b"report of today\n\na,b\n1,2\n", {"skip_lines": 1}, {"a": "1", "b": "2"}),
        (b"a,b\n1,2\ntotal,1\n", {"skip_last_lines": 1}, {"a": "1", "b": "2"}),
        (b"# made by core\na,b\n1,2\n", {"comment": "#"}, {"a": "1", "b": "2"}),
        (b"a,b,\n1,2,\n", {}, {"a": "1", "b": "2", "column_3": None}),
        (b"a,b\n1,2,,\n", {}, {"a": "1", "b": "2"}),
        (b"a,b\n1,  \n", {}, {"a": "1", "b": None}),
        (b"\xef\xbb\xbfa,b\n1,2\n", {}, {"a": "1", "b": "2"}),
    ],
)
def test_a_dialect_is_read_as_it_is_said(text: bytes, rule: dict[str, object], row: dict[str, object]) -> None:
    assert values(rows(text, **rule)) == [row]


def test_a_text_in_quotes_may_go_over_lines() -> None:
    read = rows(b'a,b\n"x\ny",1\nz,2\n')
    assert values(read) == [{"a": "x\ny", "b": "1"}, {"a": "z", "b": "2"}]
    assert [(row.line, row.raw) for row in read] == [(2, b'"x\ny",1\n'), (4, b"z,2\n")]


def test_a_quote_that_is_not_closed_takes_no_other_row_along() -> None:
    more = b"".join(b"%d,1\n" % number for number in range(300))
    read = values(rows(b'a,b\n"x,1\n' + more))
    assert read[0] == "a quote in it is not closed"
    assert read[1:] == [{"a": str(number), "b": "1"} for number in range(300)]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"1\n", "it has 1 fields, and there are 3 columns"),
        (b"1,2,3,4\n", "it has 4 fields, and there are 3 columns"),
        (b"1,\xff,3\n", "no utf-8: invalid start byte at byte 2"),
        (b'1,"2"x,3\n', "no row"),
    ],
)
def test_a_row_that_cannot_be_read_is_malformed_and_the_next_one_is_read(line: bytes, said: str) -> None:
    broken, good = [row.row for row in rows(b"id,name,amount\n" + line + b"2,Chen,20.00\n")]
    assert isinstance(broken, MalformedError)
    assert said in str(broken)
    assert isinstance(good, Row)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "the file has no rows"),
        (b"\n\n", "the file has no rows"),
        (b"a,a\n1,2\n", "two columns have the name 'a'"),
        (b"\xff,b\n1,2\n", "the header cannot be read: no utf-8"),
        (b"a,custommer\n1,2\n", 'the mapping reads "customer", and no column is called so; did you mean custommer?'),
        (b"a,b\n1,2\n", "there are a, b"),
        (b"a;b;customer\n1;2;3\n", 'write delimiter = ";"'),
        (b"a\tcustomer\n1\t2\n", 'write delimiter = "\\t"'),
        (b"a,customer.no\n1,2\n", """in double quotes: '"customer.no"'"""),
    ],
)
def test_a_file_without_a_header_that_fits_is_not_begun(text: bytes, said: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        rows(text, names=("customer",))
    assert said in str(caught.value)


def test_a_delimiter_inside_a_character_of_big5_splits_nothing() -> None:
    """許 and 功 end in Big5 on the byte of a backslash, 育 on that of a vertical bar."""
    text = "戶名|金額\n許功育|1,000\n"
    assert values(rows(text.encode("cp950"), "cp950", delimiter="|")) == [{"戶名": "許功育", "金額": "1,000"}]
