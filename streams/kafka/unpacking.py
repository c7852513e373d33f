"""How large compressed batches may become when they are unpacked, in every consumer of this process.

A megabyte of zstd can hold gigabytes, and aiokafka 0.14.0 unpacks whatever comes. So its four decoders are replaced:
beyond UNPACKED_BYTES they stop with an error, which has what was unpacked by then. Where a topic's batches may be read
in part (the inputs: a record that cannot be read becomes a dead letter), the records of such a batch that are whole are
given as ever, and the others as LargeRecord, with first bytes, size and digest: these are had by unpacking once more,
piece by piece, up to MEASURED_BYTES. Elsewhere the error says that the batch cannot be read.

Their checksums are computed by the CPU's instruction (checked_batches.py). A consumer that is made with
WHOLE_BATCHES gives the batches themselves, so that whoever reads much goes through their records without a step of
aiokafka for each.

A fetch holds several batches: after FETCH_BYTES the rest of it is dropped, and fetched again later.

This relies on private names of aiokafka 0.14.0 (tests/kafka/test_unpacking.py).
"""

import zlib
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from threading import local
from typing import Any, NamedTuple

import cramjam
from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException
from aiokafka.record import default_records, legacy_records
from aiokafka.record._crecords import default_records as fast_default_records
from aiokafka.record._crecords import legacy_records as fast_legacy_records
from aiokafka.record.util import decode_varint

from streams.contracts.rejection import Clipped
from streams.kafka.bare_records import as_it_is
from streams.kafka.checked_batches import IS_FAST, CheckedBatches
from streams.kafka.header_names import any_names
from streams.kafka.packed_sizes import lz4_at_most, snappy_blocks, zstd_at_most
from streams.kafka.unpacked_pieces import Pieces, gzip_pieces, lz4_pieces, snappy_pieces, zstd_pieces
from streams.partition.entries import LargeRecord

UNPACKED_BYTES = 64 << 20
FETCH_BYTES = 16 << 20
# The consumer's thread measures about 100 MB a second, and has to answer its group within 6 s. No limit is a time: the
# audit has to come to the same letters.
MEASURED_BYTES = 192 << 20
MEASURED_RECORDS = 10_000
WHOLE_BATCHES = object()
"""As key_deserializer of a consumer: it gives batches in the place of records, and each gives its records.

A batch is unpacked when its records are asked for. The consumer's position is behind it by then: whoever cannot unpack
one must not read on with this consumer.
"""

_KEY_BYTES = 4_096  # no key that can be used is longer
_HEAD_BYTES = _KEY_BYTES + 64  # no more stands before a value
_READ_IN_PART: set[str] = set()
_newest = local()  # .size: how many bytes this thread's newest batch was unpacked to


class BatchTooLargeError(CorruptRecordException):  # type: ignore[misc]
    """A compressed batch is larger than UNPACKED_BYTES when it is unpacked.

    beginning: what was unpacked of it. pieces: all that it unpacks to, from the beginning on, set by `_bounded`.
    """

    def __init__(self, beginning: bytes) -> None:
        super().__init__(f"a compressed batch is larger than {UNPACKED_BYTES >> 20} MiB when it is unpacked")
        self.beginning = beginning
        self.pieces: Iterator[bytes] = iter(())


def bound_unpacking() -> None:
    """Bounds what all consumers of this process unpack, and checks what they fetch faster, from now on."""
    for module in (default_records, legacy_records, fast_default_records, fast_legacy_records):
        for name, (decode, pieces) in _DECODERS.items():
            if hasattr(module, name):
                setattr(module, name, partial(_bounded, decode, pieces))
    fetcher.PartitionRecords = _PartitionRecords
    if IS_FAST:
        fetcher.MemoryRecords = CheckedBatches


def read_in_part(topics: Iterable[str]) -> None:
    """Lets batches of these topics that are too large be read in part, from now on."""
    _READ_IN_PART.update(topics)


# --- unpacking ---


def _bounded(decode: Callable[[bytes], bytes], pieces: Callable[[bytes], Iterator[bytes]], packed: Any) -> bytes:
    raw = bytes(packed)
    try:
        unpacked = _checked(decode(raw))
    except BatchTooLargeError as error:
        error.pieces = pieces(raw)
        raise
    _newest.size = len(unpacked)
    return unpacked


def _checked(unpacked: bytes) -> bytes:
    if len(unpacked) > UNPACKED_BYTES:
        raise BatchTooLargeError(unpacked[:UNPACKED_BYTES])
    return unpacked


def _gzip(packed: bytes) -> bytes:
    """Unpacks at most a byte more than may be."""
    parts, size = [], 0
    while packed and size <= UNPACKED_BYTES:
        stream = zlib.decompressobj(wbits=31)
        parts.append(stream.decompress(packed, UNPACKED_BYTES + 1 - size))
        size += len(parts[-1])
        packed = stream.unused_data
    return b"".join(parts)


def _snappy(packed: bytes) -> bytes:
    parts, total = list[bytes](), 0
    for block, size in snappy_blocks(packed):
        total += size
        if total > UNPACKED_BYTES:
            raise BatchTooLargeError(b"".join(parts))
        parts.append(bytes(cramjam.snappy.decompress_raw(block)))
    return b"".join(parts)


def _lz4(packed: bytes) -> bytes:
    if lz4_at_most(packed) <= UNPACKED_BYTES:
        return bytes(cramjam.lz4.decompress(packed))
    return _into_room(cramjam.lz4.decompress_into, packed)


def _zstd(packed: bytes) -> bytes:
    if zstd_at_most(packed) <= UNPACKED_BYTES:
        return bytes(cramjam.zstd.decompress(packed))
    return _into_room(cramjam.zstd.decompress_into, packed)


def _into_room(decompress_into: Callable[[bytes, bytearray], int], packed: bytes) -> bytes:
    """Unpacks into as many bytes as may be. Pages of them that are not written to take no memory."""
    room = bytearray(UNPACKED_BYTES)
    try:
        size = decompress_into(packed, room)
    except cramjam.DecompressionError as error:
        if "whole buffer" in str(error):
            raise BatchTooLargeError(bytes(room)) from error
        raise
    return bytes(memoryview(room)[:size])


_DECODERS: dict[str, tuple[Callable[[bytes], bytes], Callable[[bytes], Iterator[bytes]]]] = {
    "gzip_decode": (_gzip, gzip_pieces),
    "snappy_decode": (_snappy, snappy_pieces),
    "lz4_decode": (_lz4, lz4_pieces),
    "zstd_decode": (_zstd, zstd_pieces),
}


# --- records ---


class _PartitionRecords(fetcher.PartitionRecords):  # type: ignore[misc]
    """The records of one fetch of one partition. It ends early where enough was unpacked."""

    next_fetch_offset: int

    def __init__(
        self, tp: Any, records: Any, aborted: Any, fetch_offset: int, key_deserializer: Any, *more: Any, **options: Any
    ) -> None:
        super().__init__(tp, _Batches(tp, records), aborted, fetch_offset, key_deserializer, *more, **options)
        if isinstance(records, CheckedBatches):
            self._check_crcs = False  # they are checked already
        if key_deserializer is WHOLE_BATCHES:
            self._records_iterator = self._unpack_batches()
        if self._value_deserializer is as_it_is:
            self.__dict__["_consumer_record"] = _bare

    def __iter__(self) -> Iterator[Any]:
        """Gives the generator itself, which saves a call per record. Iterating again continues where it stopped."""
        iterator: Iterator[Any] | None = self._records_iterator
        return iter(()) if iterator is None else iterator

    def _unpack_batches(self) -> Iterator[Iterable[Any]]:
        """Gives whole batches, of those of which aiokafka's _unpack_records gives the records."""
        while self._records.has_next():
            batch, position = self._records.next_batch(), self.next_fetch_offset
            is_wanted = self._is_wanted(batch)
            self.next_fetch_offset = batch.next_offset
            if is_wanted:
                is_whole = batch.base_offset >= position
                yield batch if is_whole else [record for record in batch if record.offset >= position]

    def _is_wanted(self, batch: Any) -> bool:
        """Says whether a batch has records that are committed, and are no markers; to be asked of each, in order."""
        if self._check_crcs and not batch.validate_crc():
            raise CorruptRecordException(f"a batch's checksum is wrong: {self._tp}")
        if self._isolation_level == fetcher.READ_COMMITTED and batch.producer_id is not None:
            self._consume_aborted_up_to(batch.base_offset)
            if batch.is_control_batch and self._contains_abort_marker(batch):
                self._aborted_producers.discard(batch.producer_id)
            if batch.is_transactional and batch.producer_id in self._aborted_producers:
                return False
        return not batch.is_control_batch

    def _consumer_record(self, tp: Any, record: Any) -> Any:
        return record if isinstance(record, LargeRecord) else super()._consumer_record(tp, record)


def _bare(_tp: Any, record: Any) -> Any:
    return record


class _Batches:
    """aiokafka's batches of a fetch."""

    def __init__(self, tp: Any, records: Any) -> None:
        self._records = records
        self._where = tp
        self._in_part = tp.topic in _READ_IN_PART
        self._unpacked = 0

    def has_next(self) -> bool:
        return self._unpacked <= FETCH_BYTES and self._records.has_next()

    def next_batch(self) -> Any:
        try:
            batch = self._records.next_batch()
        except CorruptRecordException as error:
            raise CorruptRecordException(f"{self._where.topic}, partition {self._where.partition}: {error}") from error
        is_packed = bool(getattr(batch, "compression_type", 1))
        # Of a marker aiokafka asks for its record with next(), which no _Batch answers.
        if self._in_part and isinstance(self._records, CheckedBatches) and not batch.is_control_batch:
            return _Batch(batch, self, is_packed, self._records.newest_bytes)
        return _Batch(batch, self, is_packed) if is_packed else batch

    def open(self, batch: Any, is_packed: bool) -> Iterator[Any]:  # noqa: FBT001
        """Unpacks a batch, and gives its records."""
        if not is_packed:
            return iter(batch)
        try:
            found: Iterator[Any] = iter(batch)
        except BatchTooLargeError as error:
            if not self._in_part or not hasattr(batch, "next_offset"):
                raise
            self._unpacked += len(error.beginning)
            return _records_of(batch, error.beginning, error.pieces)
        self._unpacked += getattr(_newest, "size", 0)
        return found


class _Batch:
    """A batch that is compressed, or of an input. own_bytes: gives those of an input."""

    def __init__(
        self,
        batch: Any,
        batches: _Batches,
        is_packed: bool,  # noqa: FBT001
        own_bytes: Callable[[], bytes] | None = None,
    ) -> None:
        self._batch = batch
        self._batches = batches
        self._is_packed = is_packed
        self._own_bytes = own_bytes

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __iter__(self) -> Iterator[Any]:
        found = self._batches.open(self._batch, self._is_packed)
        return found if self._own_bytes is None else any_names(found, self._own_bytes)


def _records_of(batch: Any, beginning: bytes, pieces: Iterator[bytes]) -> Iterator[LargeRecord]:
    """Gives the records of a batch: those that are whole in its beginning, then what can be told of the others."""
    offset, position = batch.base_offset, 0
    while offset < batch.next_offset:
        try:
            head = _head(batch, beginning, position)
        except (IndexError, ValueError):  # nothing is left to read
            break
        if head.end > len(beginning):
            break
        yield head.record(None if head.value_size < 0 else beginning[head.value_at : head.value_at + head.value_size])
        offset, position = head.offset + 1, head.end
    del beginning
    for record in _measured(batch, Pieces(pieces, MEASURED_BYTES), position, offset):
        yield record
        offset = record.offset + 1
    for rest in range(offset, batch.next_offset):
        yield LargeRecord(rest, batch.max_timestamp, None, None, Clipped(b"", None, None))


def _measured(batch: Any, pieces: Pieces, position: int, offset: int) -> Iterator[LargeRecord]:
    """Tells the records from a position on, as far as MEASURED_BYTES and MEASURED_RECORDS go. offset: of the first."""
    try:
        pieces.skip(position)
        for _ in range(min(batch.next_offset - offset, MEASURED_RECORDS)):
            head = _head(batch, pieces.ahead(_HEAD_BYTES), 0)
            value_size = max(head.value_size, 0)
            pieces.skip(head.value_at)
            yield head.record(None, pieces.told(value_size))
            pieces.skip(head.end - head.value_at - value_size)  # its headers: at least their number
    except (EOFError, IndexError, ValueError):
        return  # more cannot be told
    finally:
        pieces.close()


class _Head(NamedTuple):
    """What a record of format 2 is told by before its value. value_at, end: positions; a value_size of -1 is none."""

    offset: int
    timestamp: int
    key: bytes | None
    value_size: int
    value_at: int
    end: int

    def record(self, value: bytes | None, clipped: Clipped | None = None) -> LargeRecord:
        return LargeRecord(self.offset, self.timestamp, self.key, value, clipped)


def _head(batch: Any, unpacked: bytes, position: int) -> _Head:
    """Reads a record up to its value.

    Raises:
        IndexError: Not even its key was unpacked.
    """
    size, position = decode_varint(unpacked, position)
    end = position + size
    later_ms, position = decode_varint(unpacked, position + 1)  # after a byte of attributes
    delta, position = decode_varint(unpacked, position)
    timestamp = batch.max_timestamp if batch.timestamp_type else batch.first_timestamp + later_ms
    key_size, position = decode_varint(unpacked, position)
    key = unpacked[position : position + key_size] if 0 <= key_size <= _KEY_BYTES else None
    value_size, position = decode_varint(unpacked, position + max(key_size, 0))
    return _Head(batch.base_offset + delta, timestamp, key, value_size, position, end)
