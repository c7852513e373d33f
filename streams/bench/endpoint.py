"""The HTTP endpoint of `tierflow bench deliver`: it runs in the benchmark's process and answers 204 at once."""

import asyncio

_HEAD_END = b"\r\n\r\n"
_LENGTH = b"\r\ncontent-length: "
_NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"


class RequestCount:
    """The number of requests that the endpoint has received."""

    def __init__(self) -> None:
        self.requests = 0


class LocalEndpoint(asyncio.Protocol):
    """A minimal HTTP server for this one client: it answers every request 204, and ends a body by Content-Length."""

    def __init__(self, counter: RequestCount) -> None:
        self._counter = counter
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keeps the transport to answer on."""
        assert isinstance(transport, asyncio.Transport), "of a TCP server"  # noqa: S101 - for the type
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answers the requests that have arrived whole, and keeps the rest."""
        self._buffer += data
        while (end := self._buffer.find(_HEAD_END)) >= 0:
            head = self._buffer[:end].lower() + b"\r\n"
            length = int(head.partition(_LENGTH)[2].partition(b"\r\n")[0] or 0)
            end += len(_HEAD_END) + length
            if len(self._buffer) < end or self._transport is None:
                return
            self._buffer = self._buffer[end:]
            self._counter.requests += 1
            self._transport.write(_NO_CONTENT)
