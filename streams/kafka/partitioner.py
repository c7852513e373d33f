"""Which partition a key goes to, by the partitioner that the producers of the inputs use."""

import zlib

from aiokafka.partitioner import murmur2

from streams.settings import Partitioner


def partition_of(key: bytes, partitions: int, partitioner: Partitioner) -> int:
    """Java's and aiokafka's default (murmur2), or librdkafka's (crc32); none places as murmur2 does."""
    if partitioner == "crc32":
        return zlib.crc32(key) % partitions
    return (int(murmur2(key)) & 0x7FFFFFFF) % partitions
