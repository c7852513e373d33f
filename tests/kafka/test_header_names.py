"""Headers whose names are no UTF-8 stop no input."""

from types import SimpleNamespace

import google_crc32c
import pytest
from aiokafka.consumer import fetcher
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from streams.kafka import unpacking
from streams.kafka.checked_batches import CheckedBatches
from streams.kafka.unpacking import read_in_part


def batch(codec: int, names: list[str]) -> bytes:
    """A batch of a record for each name; a name XXXX is written as bytes that are no UTF-8."""
    builder = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, -1, 1 << 20)
    for number, name in enumerate(names):
        builder.append(number, 1_000 + number, b"C1", b"%d" % number, [(name, b"v"), ("h", None)])
    built = bytearray(builder.build().replace(b"XXXX", b"\xff\xfeX\xfd"))
    if codec:
        packed = unpacking.cramjam.gzip.compress(bytes(built[61:]))
        built = bytearray(bytes(built[:61]) + bytes(packed))
        built[8:12] = (len(built) - 12).to_bytes(4, "big")
        built[21:23] = codec.to_bytes(2, "big")
    built[17:21] = google_crc32c.value(bytes(built[21:])).to_bytes(4, "big")
    return bytes(built)


@pytest.mark.parametrize("codec", [0, 1])
def test_a_header_whose_name_is_no_text_stops_no_input(codec: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "_READ_IN_PART", set())
    read_in_part(["bank.loans"])
    whole = batch(codec, ["a", "XXXX", "b", "XXXX"])
    found = fetcher.PartitionRecords(
        SimpleNamespace(topic="bank.loans", partition=0),
        CheckedBatches(whole),
        [],
        0,
        None,
        None,
        check_crcs=True,
        isolation_level=1,
    )
    records = list(found)
    assert [(each.offset, each.timestamp, each.key, each.value) for each in records] == [
        (number, 1_000 + number, b"C1", b"%d" % number) for number in range(4)
    ]
    assert [each.headers[0] for each in records] == [
        ("a", b"v"),
        ("\ufffd\ufffdX\ufffd", b"v"),
        ("b", b"v"),
        ("\ufffd\ufffdX\ufffd", b"v"),
    ]
    assert (records[1].headers[1], found.next_fetch_offset) == (("h", None), 4)
