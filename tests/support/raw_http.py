"""HTTP as bytes over a real connection: what no client library would send."""

import asyncio
import contextlib
from dataclasses import dataclass
from typing import Self

from tests.support.patience import stretched


@dataclass(frozen=True)
class Said:
    """What a server has said: the status of its first answer, its headers, all the rest, and whether it closed."""

    status: int
    headers: dict[str, str]
    rest: bytes
    closed: bool

    @classmethod
    def of(cls, text: bytes, *, closed: bool) -> Self:
        head, _, rest = text.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        status = int(first.split(" ")[1]) if first else 0
        pairs = (line.split(": ", 1) for line in lines)
        return cls(status, {name.lower(): value for name, value in pairs}, rest, closed)


async def connect(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", port)


async def said_to(port: int, *parts: bytes) -> Said:
    """Gives what a server says to some bytes until it closes; once there is an answer, nothing more is sent."""
    reader, writer = await connect(port)
    for part in parts:
        writer.write(part)
        await asyncio.sleep(0)
    text = b""
    with contextlib.suppress(ConnectionError):
        async with asyncio.timeout(stretched(10)):
            while chunk := await reader.read(1 << 16):
                text += chunk
                if b"\r\n\r\n" in text and writer.can_write_eof():
                    writer.write_eof()
    writer.close()
    return Said.of(text, closed=True)


async def answer_of(reader: asyncio.StreamReader) -> Said:
    """Gives the next answer on a connection that stays open."""
    async with asyncio.timeout(stretched(10)):
        head = await reader.readuntil(b"\r\n\r\n")
        said = Said.of(head, closed=False)
        body = await reader.readexactly(int(said.headers["content-length"]))
    return Said(said.status, said.headers, body, closed=False)
