"""Which partition a key goes to, by the partitioner that the producers of the inputs use."""

import zlib
from typing import Literal

from aiokafka.partitioner import murmur2


def partition_of(key: bytes, partitions: int, partitioner: Literal["murmur2", "crc32", "none"]) -> int:
    """Java's and aiokafka's default (murmur2), or librdkafka's (crc32); none places as murmur2 does."""
    if partitioner == "crc32":
        return zlib.crc32(key) % partitions
    return (int(murmur2(key)) & 0x7FFFFFFF) % partitions


def candidate_partition(campaign: bytes, partitions: int) -> int:
    """Where the candidates of a campaign go, whatever the inputs' partitioner: only tierflow writes them."""
    return partition_of(campaign, partitions, "murmur2")
