"""A real HTTP endpoint on loopback that verifies what it gets, and answers as a test tells it to."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple, Self
from urllib.parse import unquote

from aiohttp import web
from standardwebhooks import Webhook

from streams.kafka.local import free_port

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYqr"  # noqa: S105 - of these tests alone
VARIABLE = "TIERFLOW_DELIVER_SECRET_TEST"


class Request(NamedTuple):
    """What came in. `number` counts the requests for this event from 1."""

    id: str
    customer: str
    event: Mapping[str, Any]
    headers: Mapping[str, str]
    body: bytes
    number: int


Answer = int | web.Response | None
Decide = Callable[[Request], Answer | Awaitable[Answer]]


def accept(_request: Request) -> Answer:
    return 204


class Endpoint:
    """A context. `decide` gives the status; None drops the connection. It can be stopped and started again."""

    def __init__(self, decide: Decide = accept) -> None:
        self.decide = decide
        self.port = free_port()
        self.requests: list[Request] = []
        self.accepted: list[Request] = []
        self.overlaps: list[str] = []  # customers that had two events on their way at once
        self._numbers: dict[str, int] = defaultdict(int)
        self._under_way: set[str] = set()
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/events"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        app = web.Application()
        app.router.add_post("/events", self._handle)
        self._runner = web.AppRunner(app, shutdown_timeout=0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()

    async def stop(self) -> None:
        """Connections are refused from now on, and those that are open are cut."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
            self._under_way.clear()

    def ids(self) -> list[str]:
        """What was accepted, each once, in the order of the first time."""
        return list(dict.fromkeys(request.id for request in self.accepted))

    def sequences(self) -> dict[str, list[int]]:
        """By customer, the sequence numbers in the order in which they were first accepted."""
        found: dict[str, list[int]] = defaultdict(list)
        for request in self.accepted:
            if request.event["sequence"] not in found[request.customer]:
                found[request.customer].append(request.event["sequence"])
        return dict(found)

    async def _handle(self, http: web.Request) -> web.StreamResponse:
        body = await http.read()
        Webhook(SECRET).verify(body, dict(http.headers))
        event_id = unquote(http.headers["ce-id"])
        self._numbers[event_id] += 1
        event = json.loads(body)
        request = Request(event_id, event["customer_id"], event, http.headers, body, self._numbers[event_id])
        self.requests.append(request)
        if request.customer in self._under_way:
            self.overlaps.append(request.customer)
        self._under_way.add(request.customer)
        try:
            answer = self.decide(request)
            if isinstance(answer, Awaitable):
                answer = await answer
        finally:
            self._under_way.discard(request.customer)
        if answer is None:
            assert http.transport is not None
            http.transport.abort()
            await asyncio.sleep(0)
            return web.Response(status=500)
        response = answer if isinstance(answer, web.Response) else web.Response(status=answer)
        if 200 <= response.status < 300:
            self.accepted.append(request)
        return response
