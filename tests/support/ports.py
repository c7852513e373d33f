"""Ports for what tests start, each nobody else's from its choice on: a server may come up seconds later, or again."""

import socket
from collections import deque

from streams.kafka.local import HOST

# The newest ones: a hunt for faults goes on for hours, and needs none of before.
_held: deque[socket.socket] = deque(maxlen=256)


def free_port() -> int:
    """Gives a port that this process keeps.

    A socket is bound to it and never listens: whoever asks the system for any port, or connects from one, is given
    another. The server that it is meant for sets SO_REUSEADDR, as all do, and so may bind to it all the same.
    """
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.bind((HOST, 0))
    _held.append(holder)
    return int(holder.getsockname()[1])


def free_ports(count: int) -> list[int]:
    """Gives so many."""
    return [free_port() for _ in range(count)]
