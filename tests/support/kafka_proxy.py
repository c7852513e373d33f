"""Proxies between clients and brokers that read Kafka's requests, and can keep one back and pass it on late.

A broker has a second listener for them, which it advertises with the proxy's port (two_brokers.py).
"""

import asyncio
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, NamedTuple

from aiokafka.errors import ConcurrentTransactions
from aiokafka.protocol.api import RequestHeader_v1, RequestHeader_v2, RequestStruct
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.protocol.transaction import (
    AddOffsetsToTxnRequest,
    AddPartitionsToTxnRequest,
    EndTxnRequest,
    InitProducerIdRequest,
    TxnOffsetCommitRequest,
)

from streams.kafka.epochs import RaiseRequest
from streams.kafka.local import HOST
from streams.kafka.protocol_2 import AddingOffsetsRequest, AddingProduceRequest, EpochEndingRequest
from tests.support.patience import stretched

ANSWERED_WITHIN_S = 20.0
_GONE = (asyncio.IncompleteReadError, ConnectionError)  # the client, or the broker
_REQUESTS = (
    ProduceRequest,
    InitProducerIdRequest,
    RaiseRequest,
    AddPartitionsToTxnRequest,
    AddOffsetsToTxnRequest,
    EndTxnRequest,
    TxnOffsetCommitRequest,
    AddingProduceRequest,
    EpochEndingRequest,
    AddingOffsetsRequest,
)
_STRUCTS: dict[tuple[int, int], type[RequestStruct]] = {
    (struct_class.API_KEY, struct_class.API_VERSION): struct_class
    for request in _REQUESTS
    for struct_class in request._CLASSES
}


class Request(NamedTuple):
    """A request of a transaction.

    name: "Produce", "EndTxn" and so on. topics: those that a Produce writes to. flexible: of a version with tags.
    """

    name: str
    transactional_id: str
    topics: frozenset[str]
    flexible: bool


@dataclass
class Held:
    """A request that was kept back, and where it is to go."""

    request: Request
    frame: bytes
    broker: asyncio.StreamWriter
    answers: asyncio.Queue[bytes] = field(default_factory=asyncio.Queue)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def release(self) -> int:
        """Passes it on after all; the broker's error code, 0 if it did what was asked.

        It answers an EndTxn before it has written the markers. Asked again, it answers 0 once it has.
        """
        async with asyncio.timeout(stretched(ANSWERED_WITHIN_S)):
            code = await self._ask()
            while code == 0 and await self._ask() == ConcurrentTransactions.errno:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        self.over.set()
        return code

    async def _ask(self) -> int:
        self.broker.write(self.frame)
        answer = await self.answers.get()
        # After the correlation id, the tags of newer versions, and the time of throttling.
        return int(struct.unpack_from(">h", answer, 9 if self.request.flexible else 8)[0])


async def _nothing(_: Request) -> None:
    return


@dataclass
class Watch:
    """What the proxies of a test look out for; all of them ask one.

    hold: says of a request that it is to be kept back; one is. reset: the client's connection ends then, otherwise it
    waits. before: awaited before a request is passed on. after: awaited before its answer is. seen: all of them.
    """

    hold: Callable[[Request], bool] = lambda _: False
    reset: bool = True
    before: Callable[[Request], Awaitable[None]] = _nothing
    after: Callable[[Request], Awaitable[None]] = _nothing
    held: Held | None = None
    seen: list[Request] = field(default_factory=list)
    errors: list[BaseException] = field(default_factory=list)

    def count(self, name: str, transactional_id: str) -> int:
        return sum((request.name, request.transactional_id) == (name, transactional_id) for request in self.seen)


class _Connection:
    """One connection of a client, and the one to the broker that belongs to it."""

    def __init__(self, watch: Watch, client: Any, broker: Any) -> None:
        self._watch = watch
        self._from_client, self._to_client = client
        self._from_broker, self._to_broker = broker
        self._waiting: dict[int, Request] = {}
        self._held_id: int | None = None

    async def run(self) -> None:
        """Until both sides have gone. The way to the broker stays open for a request that is held."""
        answers = asyncio.create_task(self._pass_answers())
        try:
            await self._pass_requests()
        finally:
            held = self._watch.held
            if self._held_id is not None and held is not None:
                with suppress(asyncio.CancelledError):
                    await held.over.wait()
            self._to_broker.close()
            answers.cancel()
            await asyncio.wait([answers])
            self._to_client.close()

    async def _pass_requests(self) -> None:
        while True:
            frame = await _read_frame(self._from_client)
            correlation_id, request = _parse(frame)
            if request is not None:
                self._waiting[correlation_id] = request
                self._watch.seen.append(request)
                if self._is_held(request, frame, correlation_id):
                    continue
                await self._watch.before(request)
            self._to_broker.write(frame)

    def _is_held(self, request: Request, frame: bytes, correlation_id: int) -> bool:
        if self._watch.held is not None or not self._watch.hold(request):
            return False
        self._held_id = correlation_id
        self._watch.held = Held(request, frame, self._to_broker)
        if self._watch.reset:
            self._to_client.transport.abort()
        return True

    async def _pass_answers(self) -> None:
        try:
            await self._pass_all_answers()
        except _GONE:
            self._to_client.close()
        except Exception as error:  # noqa: BLE001 - the test looks
            self._watch.errors.append(error)

    async def _pass_all_answers(self) -> None:
        while True:
            frame = await _read_frame(self._from_broker)
            correlation_id = struct.unpack_from(">i", frame, 4)[0]
            if correlation_id == self._held_id and self._watch.held is not None:
                self._watch.held.answers.put_nowait(frame[4:])
                continue
            request = self._waiting.pop(correlation_id, None)
            if request is not None:
                await self._watch.after(request)
            self._to_client.write(frame)


@asynccontextmanager
async def proxies(watch: Watch, ports: Iterable[tuple[int, int]]) -> AsyncIterator[None]:
    """Proxies for a test. ports: of each, the one that clients come to, and the broker's."""
    tasks: set[asyncio.Task[Any]] = set()

    async def serve(port: int, broker_port: int) -> asyncio.Server:
        async def accept(*client: Any) -> None:
            task = asyncio.current_task()
            assert task is not None
            tasks.add(task)
            try:
                connection = _Connection(watch, client, await asyncio.open_connection(HOST, broker_port))
                await connection.run()
            except (*_GONE, asyncio.CancelledError):  # the test is over: asyncio would report it
                return
            except Exception as error:  # noqa: BLE001 - the test looks
                watch.errors.append(error)
            finally:
                client[1].close()

        return await asyncio.start_server(accept, HOST, port)

    servers = [await serve(*pair) for pair in ports]
    try:
        yield
    finally:
        for server in servers:
            server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    assert not watch.errors


async def _read_frame(reader: asyncio.StreamReader) -> bytes:
    size = await reader.readexactly(4)
    return size + await reader.readexactly(struct.unpack(">i", size)[0])


def _parse(frame: bytes) -> tuple[int, Request | None]:
    """The correlation id, and the request if it belongs to a transaction."""
    key, version, correlation_id = struct.unpack_from(">hhi", frame, 4)
    struct_class = _STRUCTS.get((key, version))
    if struct_class is None:
        return correlation_id, None
    body = BytesIO(frame[4:])
    (RequestHeader_v2 if struct_class.FLEXIBLE_VERSION else RequestHeader_v1).SCHEMA.decode(body)
    values = dict(zip(struct_class.SCHEMA.names, struct_class.SCHEMA.decode(body), strict=True))
    if not values.get("transactional_id"):
        return correlation_id, None
    topics = frozenset(topic for topic, _ in values["topics"]) if struct_class.__name__.startswith("Produce") else ()
    name = struct_class.__name__.partition("Request")[0]
    return correlation_id, Request(name, values["transactional_id"], frozenset(topics), struct_class.FLEXIBLE_VERSION)
