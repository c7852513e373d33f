"""TCP links between the workers and the brokers, which can be cut, slowed down, or stopped in one direction."""

import asyncio
import socket
import struct
from contextlib import suppress
from typing import Literal

from streams.kafka.local import HOST

Direction = Literal["up", "down"]
_CHUNK_BYTES = 1 << 16
_RESET = struct.pack("ii", 1, 0)  # to linger for no time: what is on the way is dropped


class Link:
    """A port that passes bytes on to a broker's. `up` is from the client to the broker.

    What a stopped direction has taken in is passed on once it is opened again, though the other side may have gone:
    so a request that was given up can arrive late.
    """

    def __init__(self, port: int, broker_port: int) -> None:
        self.port = port
        self._broker_port = broker_port
        self._delay_s = 0.0
        self._is_cut = False
        self._open: dict[Direction, asyncio.Event] = {"up": asyncio.Event(), "down": asyncio.Event()}
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.heal()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, HOST, self.port)

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        self.break_off()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def heal(self) -> None:
        self._delay_s, self._is_cut = 0.0, False
        for direction in self._open.values():
            direction.set()

    def break_off(self) -> None:
        """Resets the connections that there are; new ones are let through."""
        for writer in self._writers:
            with suppress(OSError):  # it has just been closed
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            writer.transport.abort()

    def cut(self) -> None:
        """Resets the connections, and lets no new one through."""
        self._is_cut = True
        self.break_off()

    def slow_down(self, delay_s: float) -> None:
        self._delay_s = delay_s

    def hold(self, direction: Direction) -> None:
        self._open[direction].clear()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        with suppress(OSError, asyncio.CancelledError):
            await self._connect(reader, writer)
        writer.transport.abort()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_cut:
            return
        broker_reader, broker_writer = await asyncio.open_connection(HOST, self._broker_port)
        ends = {writer, broker_writer}
        self._writers |= ends
        try:
            await asyncio.gather(self._pass(reader, broker_writer, "up"), self._pass(broker_reader, writer, "down"))
        finally:
            self._writers -= ends
            broker_writer.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, direction: Direction) -> None:
        """Passes on until one side ends. The end of one direction is no end of the other."""
        with suppress(OSError):
            while chunk := await reader.read(_CHUNK_BYTES):
                await self._open[direction].wait()
                if self._delay_s:
                    await asyncio.sleep(self._delay_s)
                writer.write(chunk)
                await writer.drain()
        writer.close()
