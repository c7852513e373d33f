"""Records whose headers have names that are no UTF-8.

Kafka takes any bytes as a name, and clients of librdkafka send them; aiokafka 0.14.0 fails at them, at every try.
Such a batch is read by aiokafka's slower reader, and what is no text becomes the replacement sign: no rule reads such
a header, and its record is one like others (tests/kafka/test_header_names.py).
"""

from collections.abc import Callable, Iterator
from typing import Any

from aiokafka.record.default_records import _DefaultRecordBatchPy


def any_names(found: Iterator[Any], batch: Callable[[], bytes]) -> Iterator[Any]:
    """Gives records as they are found, and those that cannot be given so by the other reader. batch: their bytes."""
    offset = -1
    try:
        for record in found:
            offset = record.offset
            yield record
    except UnicodeDecodeError:
        yield from (record for record in _LenientBatch(bytearray(batch())) if record.offset > offset)


class _LenientBatch(_DefaultRecordBatchPy):  # type: ignore[misc]
    _buffer: Any

    def _maybe_uncompress(self) -> None:
        super()._maybe_uncompress()
        self._buffer = _LenientBuffer(self._buffer)


class _LenientBuffer(bytearray):
    def __getitem__(self, at: Any) -> Any:
        found = super().__getitem__(at)
        return _LenientBytes(found) if isinstance(at, slice) else found


class _LenientBytes(bytes):
    def decode(self, *_: str) -> str:
        """Gives the text; of headers' names alone is it asked."""
        return super().decode(errors="replace")
