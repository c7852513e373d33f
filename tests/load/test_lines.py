import bz2
import gzip
import lzma

import cramjam
import pytest

from streams.contracts.event_line import EventLine
from streams.contracts.lines import parse_line
from streams.values.events import BALANCES, CUSTOMERS, LOANS, TRANSACTIONS


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            b'{"topic": "bank.balances", "value": {"customer_id": "C1", "balance": 0.10}}',
            EventLine(BALANCES, b"C1", b'{"customer_id": "C1", "balance": 0.10}'),
        ),
        (
            b'{"value":{"customer_id":"\\u674e"},"topic":"bank.customers","note":1}\r',
            EventLine(CUSTOMERS, "李".encode(), b'{"customer_id":"\\u674e"}'),
        ),
        # Not usable, and sent all the same: the worker says why.
        (b'{"topic": "bank.balances", "value": {"customer_id": 7}}', EventLine(BALANCES, None, b'{"customer_id": 7}')),
        (b'{"topic": "bank.transactions", "value": {}}', EventLine(TRANSACTIONS, None, b"{}")),
        (b'{"topic": "bank.transactions", "value": null}', EventLine(TRANSACTIONS, None, b"null")),
        (b'{"topic": "bank.transactions", "value": [1]}', EventLine(TRANSACTIONS, None, b"[1]")),
        (b'{"topic": "bank.transactions", "value": "\xff"}', EventLine(TRANSACTIONS, None, b'"\xff"')),
        (b'{"topic": "bank.balances", "value": {"customer_id": ""}}', EventLine(BALANCES, b"", b'{"customer_id": ""}')),
        # Half a surrogate pair: the worker uses it in a field that nobody reads, and refuses it in an id.
        (
            rb'{"n": "\ud83d", "topic": "bank.loans", "value": {"customer_id": "C1", "purpose": "\uD83D\u0000\ude00"}}',
            EventLine(LOANS, b"C1", rb'{"customer_id": "C1", "purpose": "\uD83D\u0000\ude00"}'),
        ),
        (
            rb'{"topic": "bank.loans", "value": {"customer_id": "C\ud83d"}}',
            EventLine(LOANS, None, rb'{"customer_id": "C\ud83d"}'),
        ),
        (
            rb'{"topic": "bank.loans", "value": {"customer_id": "C\ud83d\ude00", "purpose": "\\\ud83d"}}',
            EventLine(LOANS, "C\U0001f600".encode(), rb'{"customer_id": "C\ud83d\ude00", "purpose": "\\\ud83d"}'),
        ),
    ],
)
def test_a_line_is_a_record_with_the_bytes_as_written(line: bytes, expected: EventLine) -> None:
    assert parse_line(line) == expected


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (b"C1,500", "not a JSON object with topic and value"),
        (b"[1]", "not a JSON object with topic and value"),
        (b'{"topic": "bank.balances"}', "missing required field `value`"),
        (b'{"value": {}}', "missing required field `topic`"),
        (b'{"topic": 1, "value": {}}', "Expected `str`"),
        (b'{"topic": "bank.balances", "value": {}', 'write {"topic": "bank.balances", "value": {…}}'),
        (b'{"topic": "bank.balances", "value": {}} {}', "trailing characters"),
        (b'{"topic": "\xff", "value": {}}', "can't decode byte"),
        (
            b'\xef\xbb\xbf{"topic": "bank.balances", "value": {}}',
            "begins with a byte order mark (BOM); save it as UTF-8",
        ),
        ('{"topic": "bank.balances", "value": {}}'.encode("utf-16"), "written in UTF-16; save it as UTF-8"),
        ('{"topic": "bank.balances", "value": {}}'.encode("utf-16-le"), "written in UTF-16; save it as UTF-8"),
        ('{"topic": "bank.balances", "value": {}}'.encode("utf-16-be"), "written in UTF-16; save it as UTF-8"),
        ('{"topic": "bank.balances", "value": {}}'.encode("utf-32"), "written in UTF-32; save it as UTF-8"),
        ('{"topic": "bank.balances", "value": {}}'.encode("utf-32-le"), "written in UTF-32; save it as UTF-8"),
        ('{"topic": "bank.balances", "value": {}}'.encode("utf-32-be"), "written in UTF-32; save it as UTF-8"),
        (gzip.compress(b"{}", mtime=0), "compressed with gzip; unpack it first: gunzip -c FILE"),
        (bytes(cramjam.zstd.compress(b"{}")), "compressed with zstd; unpack it first: zstd -dc FILE"),
        (bz2.compress(b"{}"), "compressed with bzip2; unpack it first: bunzip2 -c FILE"),
        (lzma.compress(b"{}"), "compressed with xz; unpack it first: xz -dc FILE"),
        (b"PK\x03\x04\x14\0\0\0", "compressed with zip; unpack it first: unzip -p FILE"),
        (b'{"topic": "bank.balances", "value": ' + b"[" * 99_999, "nested hundreds of levels deep"),
        (rb'{"topic": "bank.\ud83d", "value": {}}', "write bank.balances, "),
        (rb'{"topic": "bank.balances", "value": {"a": "\ud83d", "b": "\x"}}', "invalid escaped character"),
        (b'{"topic": "tier.changes", "value": {}}', "the topic is 'tier.changes'; write bank.balances, "),
        (b'{"topic": "balances", "value": {}}', "bank.by-account or bank.rates"),
    ],
)
def test_what_is_no_event_is_said_with_what_to_write(line: bytes, complaint: str) -> None:
    with pytest.raises(ValueError, match=r".") as raised:
        parse_line(line)
    assert complaint in str(raised.value)
