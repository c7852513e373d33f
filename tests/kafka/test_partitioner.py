"""Keys are placed as the clients of the inputs place them."""

import pytest
from aiokafka.partitioner import DefaultPartitioner

from streams.kafka.partitioner import partition_of

KEYS = [b"", b"C001", b"C0000001", "客戶".encode(), b"\xff\x00\x80", b"x" * 300]


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("partitions", [1, 4, 7, 48])
def test_murmur2_is_aiokafka_s_and_java_s_default(key: bytes, partitions: int) -> None:
    numbers = list(range(partitions))
    assert partition_of(key, partitions, "murmur2") == DefaultPartitioner()(key, numbers, numbers)
    assert partition_of(key, partitions, "none") == partition_of(key, partitions, "murmur2")


# The check value of CRC-32 as zlib and librdkafka compute it; librdkafka takes it unsigned, modulo the partitions.
@pytest.mark.parametrize(("partitions", "partition"), [(1, 0), (4, 2), (7, 5), (48, 0xCBF43926 % 48)])
def test_crc32_is_librdkafka_s_default(partitions: int, partition: int) -> None:
    assert partition_of(b"123456789", partitions, "crc32") == partition
    assert partition_of(b"", partitions, "crc32") == 0
