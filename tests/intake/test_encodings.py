"""Encodings of text files: found by their bytes, or not told."""

import pytest

from streams.intake.formats.encodings import UnknownEncodingError, encoding_of, said_encoding

TRADITIONAL = '交易日期,帳號,客戶編號,摘要,借貸,金額,餘額\n115/11/24,001-234,C001,薪資轉入,貸,"50,000","1,250,000"\n'
SIMPLIFIED = '交易日期,账号,客户编号,摘要,借贷,金额,余额\n2026-11-24,001-234,C001,工资转入,贷,"50,000","1,250,000"\n'


@pytest.mark.parametrize(
    ("raw", "encoding"),
    [
        (b"a,b\n1,2\n", "utf-8"),
        (TRADITIONAL.encode(), "utf-8"),
        (TRADITIONAL.encode("utf-8-sig"), "utf-8-sig"),
        (TRADITIONAL.encode("utf-16"), "utf-16"),
        (TRADITIONAL.encode("utf-32"), "utf-32"),
        (TRADITIONAL.encode("cp950"), "cp950"),
        (SIMPLIFIED.encode("gb18030"), "gb18030"),
        (TRADITIONAL.partition("\n")[0].encode("cp950"), "cp950"),
        (SIMPLIFIED.partition("\n")[0].encode("gb18030"), "gb18030"),
    ],
)
def test_an_encoding_is_found_by_the_bytes(raw: bytes, encoding: str) -> None:
    assert encoding_of(raw) == encoding


@pytest.mark.parametrize("raw", [b"\xff\xff\xff", "Müller,1\n".encode("latin-1")])
def test_an_encoding_that_cannot_be_told_is_asked_for(raw: bytes) -> None:
    with pytest.raises(UnknownEncodingError, match='write encoding = "big5" or "gb18030"'):
        encoding_of(raw)


@pytest.mark.parametrize(("name", "meant"), [("big5", "cp950"), ("GB2312", "gb18030"), ("latin-1", "latin-1")])
def test_a_name_stands_for_the_wider_encoding_of_that_name(name: str, meant: str) -> None:
    """Files of Windows are called Big5 and GB 2312, and have signs that the standards do not have."""
    assert said_encoding(name) == meant
