"""Moves the leadership of partitions to other brokers: aiokafka's admin client cannot."""

import asyncio
import socket
import struct
from collections.abc import Iterable
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient

_ALTER_REASSIGNMENTS, _ELECT_LEADERS = 45, 43
_TIMEOUT_MS = 15_000
GROUPS, TRANSACTIONS = "__consumer_offsets", "__transaction_state"


async def move_leaders(servers: str, topics: Iterable[str]) -> int:
    """Has the next replica of each partition lead it; how many partitions have moved.

    The order of the replicas is turned, which moves no data, and the first one is elected.
    """
    before = await _described(servers, topics)
    orders = {at: [*replicas[1:], replicas[0]] for at, (_, replicas) in before.items()}
    requests = ((_ALTER_REASSIGNMENTS, _reassignments(orders)), (_ELECT_LEADERS, _election(orders)))
    for key, body in requests:
        await asyncio.to_thread(_ask, servers.split(",", maxsplit=1)[0], key, body)
    after = await _described(servers, topics)
    return sum(after[at][0] != leader for at, (leader, _) in before.items())


async def _described(servers: str, topics: Iterable[str]) -> dict[tuple[str, int], tuple[int, list[int]]]:
    """By topic and number: the leader, and the replicas in order."""
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        found: list[dict[str, Any]] = await admin.describe_topics(list(topics))
    finally:
        await admin.close()
    return {
        (topic["topic"], each["partition"]): (each["leader"], each["replicas"])
        for topic in found
        for each in topic["partitions"]
    }


def _reassignments(orders: dict[tuple[str, int], list[int]]) -> bytes:
    """Version 0, which is a flexible one: lengths are one more than they are, and tags end each part."""
    topics = _by_topic(orders)
    body = struct.pack(">i", _TIMEOUT_MS) + _length(topics)
    for topic, numbers in topics.items():
        body += _length(topic) + topic.encode() + _length(numbers)
        for number in numbers:
            replicas = orders[topic, number]
            body += struct.pack(">i", number) + _length(replicas) + struct.pack(f">{len(replicas)}i", *replicas) + b"\0"
        body += b"\0"
    return b"\0" + body + b"\0"  # the tags of the header come first


def _election(orders: dict[tuple[str, int], list[int]]) -> bytes:
    """Version 0: the preferred replica, which is the first one."""
    topics = _by_topic(orders)
    body = struct.pack(">i", len(topics))
    for topic, numbers in topics.items():
        body += struct.pack(">h", len(topic)) + topic.encode()
        body += struct.pack(f">i{len(numbers)}i", len(numbers), *numbers)
    return body + struct.pack(">i", _TIMEOUT_MS)


def _by_topic(orders: dict[tuple[str, int], list[int]]) -> dict[str, list[int]]:
    topics: dict[str, list[int]] = {}
    for topic, number in orders:
        topics.setdefault(topic, []).append(number)
    return topics


def _length(items: Any) -> bytes:
    assert len(items) < 127, "longer ones take more bytes"
    return bytes([len(items) + 1])


def _ask(server: str, key: int, body: bytes) -> bytes:
    host, port = server.split(":")
    frame = struct.pack(">hhih", key, 0, 1, -1) + body
    with socket.create_connection((host, int(port)), timeout=_TIMEOUT_MS / 1000) as connection:
        connection.sendall(struct.pack(">i", len(frame)) + frame)
        [size] = struct.unpack(">i", _read(connection, 4))
        return _read(connection, size)


def _read(connection: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        chunk = connection.recv(size - len(found))
        assert chunk, "the broker has hung up"
        found += chunk
    return found
