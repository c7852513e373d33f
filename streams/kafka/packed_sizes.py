"""How large compressed bytes are, or may be at most, when they are unpacked: told from their frames, unpacking nothing.

The forms: RFC 8878 (zstd), the LZ4 frame format, snappy's format and its blocks as Kafka's clients in Java write them.
"""

import sys
from collections.abc import Iterator

UNKNOWN = sys.maxsize
_ZSTD_MAGIC, _LZ4_MAGIC = b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18"
_ZSTD_BLOCK_BYTES = 128 << 10
_ZSTD_RAW, _ZSTD_REPEATED, _ZSTD_COMPRESSED = range(3)
_LZ4_HEADER_BYTES = 7
_LZ4_BLOCK_BYTES = {4: 64 << 10, 5: 256 << 10, 6: 1 << 20, 7: 4 << 20}
_XERIAL = b"\x82SNAPPY\x00"
_XERIAL_HEADER_BYTES = 16
_LOW_BITS = 0x7F


def zstd_at_most(packed: bytes) -> int:
    """Gives no less than zstd frames unpack to; UNKNOWN where they have another form."""
    total = position = 0
    while position < len(packed):
        if packed[position : position + 4] != _ZSTD_MAGIC or position + 5 > len(packed):
            return UNKNOWN
        flags = packed[position + 4]
        position += 5 + _zstd_header_bytes(flags)
        is_last = False
        while not is_last:
            header = int.from_bytes(packed[position : position + 3], "little")
            if position + 3 > len(packed):
                return UNKNOWN
            is_last, kind, size = bool(header & 1), header >> 1 & 3, header >> 3
            position += 3 + (1 if kind == _ZSTD_REPEATED else size)
            total += _ZSTD_BLOCK_BYTES if kind == _ZSTD_COMPRESSED else size
        position += 4 * (flags >> 2 & 1)  # a checksum
    return total if position == len(packed) else UNKNOWN


def _zstd_header_bytes(flags: int) -> int:
    """Gives how long the rest of a frame's header is: a window, the id of a dictionary, the size of the content."""
    is_single = flags >> 5 & 1
    content = (is_single, 2, 4, 8)[flags >> 6]
    return (1 - is_single) + (0, 1, 2, 4)[flags & 3] + content


def lz4_at_most(packed: bytes) -> int:
    """Gives no less than an lz4 frame unpacks to; UNKNOWN where it has another form."""
    if packed[:4] != _LZ4_MAGIC or len(packed) < _LZ4_HEADER_BYTES:
        return UNKNOWN
    flags, block_bytes = packed[4], _LZ4_BLOCK_BYTES.get(packed[5] >> 4 & 7, UNKNOWN)
    position = _LZ4_HEADER_BYTES + 8 * (flags >> 3 & 1) + 4 * (flags & 1)
    total = 0
    while size := int.from_bytes(packed[position : position + 4], "little") & 0x7FFF_FFFF:
        position += 4 + size + 4 * (flags >> 4 & 1)
        total += block_bytes
    position += 4 + 4 * (flags >> 2 & 1)
    return total if position == len(packed) else UNKNOWN


def snappy_blocks(packed: bytes) -> Iterator[tuple[bytes, int]]:
    """Gives the blocks of snappy, each with the size that it unpacks to: none holds more than it says."""
    if packed[: len(_XERIAL)] != _XERIAL:
        yield packed, _snappy_block_size(packed)
        return
    position = _XERIAL_HEADER_BYTES
    while position + 4 <= len(packed):
        begin = position + 4
        position = begin + int.from_bytes(packed[position:begin], "big")
        yield packed[begin:position], _snappy_block_size(packed[begin : begin + 5])


def _snappy_block_size(block: bytes) -> int:
    size = 0
    for number, byte in enumerate(block[:5]):
        size |= (byte & _LOW_BITS) << 7 * number
        if byte <= _LOW_BITS:
            break
    return size
