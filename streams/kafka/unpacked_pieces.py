"""What compressed bytes unpack to, piece by piece: what is too large for memory can still be measured."""

import os
import zlib
from collections.abc import Iterator
from hashlib import sha256
from threading import Thread
from typing import Any

import cramjam

from streams.contracts.letters import FIRST_BYTES
from streams.contracts.rejection import Clipped
from streams.kafka.packed_sizes import snappy_blocks

_PIECE_BYTES = 1 << 20


def gzip_pieces(packed: bytes) -> Iterator[bytes]:
    """Unpacks gzip, all of its members."""
    while packed:
        stream = zlib.decompressobj(wbits=31)
        while not stream.eof:
            piece = stream.decompress(packed, _PIECE_BYTES)
            packed = stream.unconsumed_tail
            if not piece and not packed:
                break
            yield piece
        packed = stream.unused_data


def snappy_pieces(packed: bytes) -> Iterator[bytes]:
    """Unpacks snappy, a block at a time. Clients in Java write blocks of 32 KiB; a large block is not read."""
    for block, size in snappy_blocks(packed):
        if size > _PIECE_BYTES:
            return
        yield bytes(cramjam.snappy.decompress_raw(block))


def lz4_pieces(packed: bytes) -> Iterator[bytes]:
    """Unpacks lz4."""
    return _through_a_pipe(cramjam.lz4, packed)


def zstd_pieces(packed: bytes) -> Iterator[bytes]:
    """Unpacks zstd."""
    return _through_a_pipe(cramjam.zstd, packed)


def _through_a_pipe(codec: Any, packed: bytes) -> Iterator[bytes]:
    """Unpacks in a thread into a pipe. The thread waits while nobody reads, and ends when the pipe is closed."""
    reading, writing = os.pipe()
    thread = Thread(target=_unpack_into, args=(codec, packed, writing), daemon=True)
    thread.start()
    try:
        while piece := os.read(reading, _PIECE_BYTES):
            yield piece
    finally:
        os.close(reading)
        thread.join()


def _unpack_into(codec: Any, packed: bytes, writing: int) -> None:
    try:
        pipe = cramjam.File(f"/dev/fd/{writing}", read=False, write=True, truncate=False, append=False)
        os.close(writing)
        writing = -1
        codec.decompress_into(packed, pipe)
    except (cramjam.DecompressionError, OSError):
        pass  # nobody reads on, or the frame is damaged: what was unpacked is there
    finally:
        if writing >= 0:
            os.close(writing)


class Pieces:
    """Reads pieces as one run of bytes, up to a limit, and keeps little more than one of them."""

    def __init__(self, pieces: Iterator[bytes], limit_bytes: int) -> None:
        self._pieces = pieces
        self._left = limit_bytes
        self._buffer, self._at = b"", 0

    def close(self) -> None:
        """Ends the unpacking."""
        close = getattr(self._pieces, "close", None)
        if close is not None:
            close()

    def ahead(self, size: int) -> bytes:
        """Gives the next bytes, so many or those that are left, and does not pass over them."""
        while len(self._buffer) - self._at < size and (piece := self._next()):
            self._buffer, self._at = self._buffer[self._at :] + piece, 0
        return self._buffer[self._at : self._at + size]

    def skip(self, size: int) -> None:
        """Passes over so many bytes.

        Raises:
            EOFError: There are fewer.
        """
        if sum(map(len, self._taken(size))) < size:
            raise EOFError

    def told(self, size: int) -> Clipped:
        """Passes over so many bytes, and tells them; without a digest where there are fewer."""
        first, digest, found = self.ahead(min(size, FIRST_BYTES)), sha256(), 0
        for part in self._taken(size):
            digest.update(part)
            found += len(part)
        return Clipped(first, size, digest.hexdigest() if found == size else None)

    def _taken(self, size: int) -> Iterator[memoryview]:
        while size > 0:
            if self._at == len(self._buffer):
                self._buffer, self._at = self._next(), 0
            part = memoryview(self._buffer)[self._at : self._at + size]
            if not part:
                return
            self._at += len(part)
            size -= len(part)
            yield part

    def _next(self) -> bytes:
        piece = next(self._pieces, b"") if self._left > 0 else b""
        self._left -= len(piece)
        return piece
