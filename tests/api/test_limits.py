"""What a client may do to the HTTP server of a worker, over real connections: others are answered, and all is quiet."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any, get_args

import pytest

from streams.api.connections import Reason
from tests.support.api_source import Client, Start, Table
from tests.support.patience import until
from tests.support.raw_http import answer_of, connect, said_to

TOKEN = "s3cret-of-these-tests"  # noqa: S105
SECRET = b"C00077"
HOST = b"Host: worker-1\r\n"
BEARER = f"Authorization: Bearer {TOKEN}\r\n".encode()
HEALTHZ = b"GET /healthz HTTP/1.1\r\nHost: worker-1\r\n\r\n"
LAST = b"Connection: close\r\n"
LONG_MS = "600000"  # for what must not end by time, however long it takes to come
HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "content-type": "application/problem+json",
    "referrer-policy": "no-referrer",
    "server": "tierflow",
    "x-content-type-options": "nosniff",
}


def get(path: bytes, *headers: bytes, method: bytes = b"GET") -> bytes:
    return b"".join([method, b" ", path, b" HTTP/1.1\r\n", HOST, BEARER, *headers, b"\r\n"])


OF_C = get(b"/customers/" + SECRET)
REASONS = {400: "malformed", 408: "slow_head", 413: "body_too_large", 414: "head_too_large", 431: "head_too_large"}
NO_REQUESTS: dict[str, tuple[int, list[bytes]]] = {
    "a method with a NUL": (400, [get(b"/customers/" + SECRET, method=b"GE\0T")]),
    "a method that there is not": (400, [get(b"/customers/" + SECRET, method=b"FETCH")]),
    "a header with a NUL": (400, [get(b"/customers/" + SECRET, b"X: a\0b\r\n")]),
    "a header without a name": (400, [get(b"/customers/" + SECRET, b": b\r\n")]),
    "lines that end with LF": (400, [OF_C.replace(b"\r\n", b"\n")]),
    "no host": (400, [OF_C.replace(HOST, b"")]),
    "two hosts": (400, [OF_C.replace(HOST, HOST * 2)]),
    "another version": (400, [OF_C.replace(b"HTTP/1.1", b"HTTP/7.3")]),
    "HTTP/2": (400, [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]),
    "a TLS handshake": (400, [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + SECRET + bytes(64)]),
    "no path": (400, [OF_C.replace(b"/customers/" + SECRET, b"")]),
    "a path that is no URL": (400, [get(b"http://[::1:x/" + SECRET)]),
    "a length and chunks": (
        400,
        [get(b"/tiers", b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n"), b"0\r\n\r\n" + OF_C],
    ),
    "chunks and a length": (
        400,
        [get(b"/tiers", b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n"), b"0\r\n\r\n" + OF_C],
    ),
    "two lengths": (400, [get(b"/tiers", b"Content-Length: 4\r\nContent-Length: 5\r\n"), b"1234" + OF_C]),
    "a length that is none": (400, [get(b"/tiers", b"Content-Length: -4\r\n"), b"1234" + OF_C]),
    "chunks by another name": (400, [get(b"/tiers", b"Transfer-Encoding: xchunked\r\n"), b"0\r\n\r\n" + OF_C]),
    "a space before the colon": (400, [get(b"/tiers", b"Transfer-Encoding : chunked\r\n"), b"0\r\n\r\n" + OF_C]),
    "garbage behind a request": (400, [HEALTHZ + SECRET + b" garbage\r\n\r\n" + HEALTHZ]),
    "a long path": (414, [get(b"/customers/" + SECRET + b"7" * 20_000)]),
    "a path without an end": (414, [b"GET /customers/" + SECRET, *[b"7" * 10_000] * 300]),
    "a long header": (431, [get(b"/customers/" + SECRET, b"X: " + b"7" * 20_000 + b"\r\n")]),
    "a header without an end": (431, [OF_C[:-2] + b"X: ", *[b"7" * 10_000] * 300]),
    "many headers": (431, [get(b"/customers/" + SECRET, *[b"X: 7\r\n"] * 300)]),
    "headers without an end": (431, [OF_C[:-2], *[b"X: 7777777777\r\n" * 100] * 300]),
    "large headers": (431, [get(b"/customers/" + SECRET, *[b"X: " + b"7" * 900 + b"\r\n"] * 20)]),
    "a large body": (413, [get(b"/customers/" + SECRET, b"Content-Length: 1000000\r\n"), bytes(1_000_000)]),
    "a large body that does not come": (413, [get(b"/customers/" + SECRET, b"Content-Length: 1000000\r\n")]),
    "a body in chunks": (
        413,
        [get(b"/tiers", b"Transfer-Encoding: chunked\r\n"), b"5\r\n" + SECRET[:5] + b"\r\n0\r\n\r\n"],
    ),
    "a strange expectation": (417, [get(b"/customers/" + SECRET, b"Expect: " + SECRET + b"\r\n", LAST)]),
    "a request that stops": (408, [OF_C[:-2]]),
    "a first line that stops": (408, [b"GET /customers/" + SECRET]),
}


@pytest.fixture
async def worker(start: Start) -> Client:
    """Give a worker that is in a hurry."""
    return await start(Table({"C1": "mid"}), TOKEN, TIERFLOW_HTTP_HEAD_MS="1000", TIERFLOW_HTTP_IDLE_MS="1000")


@pytest.fixture
async def idle() -> AsyncIterator[AsyncExitStack]:
    """Give a stack that closes connections."""
    async with AsyncExitStack() as stack:
        yield stack


async def open_idle(
    stack: AsyncExitStack, client: Client, count: int, first: bytes = b""
) -> list[asyncio.StreamReader]:
    opened = []
    for _ in range(count):
        reader, writer = await connect(client.port or 0)
        writer.write(first)
        stack.callback(writer.close)
        opened.append(reader)
    return opened


def ours(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the server logged, and what serves it: another library may tell at any time of what a test left before."""
    return [record.getMessage() for record in caplog.records if record.name.startswith(("streams", "aiohttp"))]


def refused(client: Client) -> dict[str, float]:
    """What Prometheus is told, without what is 0."""
    server: Any = client.server
    families = server.metrics.registry.collect()
    samples = [sample for family in families for sample in family.samples]
    told = {one.labels["reason"]: one.value for one in samples if one.name == "tierflow_http_refused_total"}
    assert told.keys() == set(get_args(Reason))
    return {reason: count for reason, count in told.items() if count}


@pytest.mark.parametrize("name", NO_REQUESTS)
async def test_what_is_no_request_gets_a_problem_and_leaves_no_trace(
    worker: Client, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    status, parts = NO_REQUESTS[name]
    said = await said_to(worker.port or 0, *parts)
    assert said.status == status
    assert said.headers.items() >= HEADERS.items()
    assert refused(worker) == ({REASONS[status]: 1} if status in REASONS else {})
    for secret in (SECRET.decode(), TOKEN, "worker-1", "Traceback"):
        assert secret not in caplog.text
        assert secret not in str(said)


async def test_a_storm_of_malformed_requests_is_a_line(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    worker = await start(Table(), TOKEN)
    for _ in range(200):
        assert (await said_to(worker.port or 0, get(b"/\0"))).status == 400
    await until(lambda: "malformed" in caplog.text, 5, "it is said")
    assert len(ours(caplog)) == 1


async def test_1200_idle_connections_leave_room_for_who_asks(
    start: Start, idle: AsyncExitStack, caplog: pytest.LogCaptureFixture
) -> None:
    worker = await start(Table(), TOKEN, TIERFLOW_HTTP_HEAD_MS=LONG_MS)
    readers = await open_idle(idle, worker, 1_200)
    for path in ("/healthz", "/metrics"):
        answer = await worker.get(path, headers={"Authorization": f"Bearer {TOKEN}"})
        assert answer.status == 200
    await until(lambda: sum(reader.at_eof() for reader in readers) >= 1_200 - 128, 5, "the others are closed")
    assert refused(worker)["made_room"] >= 1_200 - 128
    await until(lambda: "for newer ones" in caplog.text, 5, "it is said")
    assert len(ours(caplog)) == 1


@pytest.mark.parametrize(
    "what",
    [
        (b"", b"", 0),
        (HEALTHZ, b"200", 0),
        (b"\x16\x03\x01\x02", b"400", 1),
        (b"GET /hea", b"408", 1),
        (HEALTHZ[:-2], b"408", 1),
    ],
)
async def test_who_does_not_go_on_is_closed(
    worker: Client, idle: AsyncExitStack, caplog: pytest.LogCaptureFixture, what: tuple[bytes, bytes, int]
) -> None:
    first, status, told = what
    readers = await open_idle(idle, worker, 50, first)
    said = await asyncio.gather(*(reader.read() for reader in readers))
    assert {text.split(b" ")[1] if text else b"" for text in said} == {status}
    if told:
        await until(lambda: ours(caplog), 5, "it is said")
    assert len(ours(caplog)) == told


async def test_a_head_byte_by_byte_is_not_waited_for(worker: Client, idle: AsyncExitStack) -> None:
    (reader,) = [(await open_idle(idle, worker, 1))[0]]
    slow_reader, slow = await connect(worker.port or 0)
    idle.callback(slow.close)

    async def drip() -> None:
        while True:
            slow.write(b"X")
            await asyncio.sleep(0.02)

    slow.write(HEALTHZ[:-2])
    dripping = asyncio.create_task(drip())
    said = await answer_of(slow_reader)
    dripping.cancel()
    assert said.status == 408
    assert await reader.read() == b""


async def test_a_connection_is_used_again_and_closed_when_it_is_not(start: Start) -> None:
    worker = await start(Table(), TOKEN, TIERFLOW_HTTP_HEAD_MS=LONG_MS, TIERFLOW_HTTP_IDLE_MS="1000")
    reader, writer = await connect(worker.port or 0)
    for first, then, answers in (
        (HEALTHZ, b"", 1),
        (HEALTHZ, b"", 1),
        (get(b"/tiers", b"Content-Length: 5\r\n"), b"12345" + HEALTHZ, 2),
        (HEALTHZ[:20], HEALTHZ[20:], 1),
    ):
        writer.write(first)
        if then:
            await asyncio.sleep(0.05)  # it comes in two parts
            writer.write(then)
        assert [(await answer_of(reader)).status for _ in range(answers)] == [200] * answers
    assert await reader.read() == b""
    writer.close()


async def test_who_reads_no_answers_goes_for_who_asks(start: Start, idle: AsyncExitStack) -> None:
    few = {"TIERFLOW_HTTP_CONNECTIONS": "8", "TIERFLOW_HTTP_CONNECTIONS_PER_ADDRESS": "8"}
    worker = await start(Table(), TOKEN, TIERFLOW_HTTP_ANSWER_MS="1000000", **few)
    server: Any = worker.server
    for site in server.runner.sites:  # what is accepted has these rooms, too
        site._server.sockets[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)
    for _ in range(8):
        client = idle.enter_context(socket.socket())
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        client.settimeout(0)
        await asyncio.get_running_loop().sock_connect(client, ("127.0.0.1", worker.port or 0))
        client.send(get(b"/metrics") * 100)

    def all_are_unread() -> bool:
        connections = server.runner.server.connections
        return len(connections) == 8 and all(each.writing_paused for each in connections)

    await until(all_are_unread, 10, "no more can be sent")
    assert (await said_to(worker.port or 0, HEALTHZ[:-2] + LAST + b"\r\n")).status == 200


@pytest.mark.parametrize(
    ("customer_id", "quoted"), [("C 7\0", b"C%207%00"), ("\n", b"%0A"), ("%", b"%25"), ("../tiers", b"..%2Ftiers")]
)
async def test_an_id_in_percents_is_that_id_alone(start: Start, customer_id: str, quoted: bytes) -> None:
    worker = await start(Table({customer_id: "mid"}), TOKEN)
    assert (await said_to(worker.port or 0, get(b"/customers/" + quoted, LAST))).status == 200
    assert (await said_to(worker.port or 0, get(b"/customers/x" + quoted, LAST))).status == 404
