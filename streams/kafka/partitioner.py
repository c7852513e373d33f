"""The partition of a key, by the partitioner that the producers of the inputs use (TIERFLOW_PARTITIONER)."""

import zlib

from aiokafka.partitioner import murmur2

from streams.settings import Partitioner


def partition_of(key: bytes, partitions: int, partitioner: Partitioner) -> int:
    """Gives the partition of a key, of so many.

    murmur2 is the default of Kafka's Java client and of aiokafka, crc32 that of librdkafka. With "none" the inputs are
    not checked; keys that must be placed somewhere are placed by murmur2.
    """
    if partitioner == "crc32":
        return zlib.crc32(key) % partitions
    return (int(murmur2(key)) & 0x7FFFFFFF) % partitions
