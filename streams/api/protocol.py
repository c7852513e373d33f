"""One connection of an HTTP server: aiohttp's protocol, with limits, and errors that tell nothing of the request.

What is used inside aiohttp is watched by tests/api/test_aiohttp_assumptions.py.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any, Final, cast

from aiohttp import web
from aiohttp.http_exceptions import LineTooLong
from aiohttp.streams import EMPTY_PAYLOAD, StreamReader
from aiohttp.web_protocol import RequestHandler, _ErrInfo

from streams.api.connections import Connections, Reason
from streams.api.problem import log_failure, problem, problems
from streams.security.http_limits import HttpLimits

HEADERS: Final[Mapping[str, str]] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Server": "tierflow",
    "X-Content-Type-Options": "nosniff",
}
"""The headers of every answer, unless the handler gave others."""

# After an answer that cuts a request short, what the client still sends is passed over for so long: closed at once, the
# connection would take the answer along.
LINGER_S: Final = 2.0
_MOST_HEADERS: Final = 100
_HEADERS_TOO_LARGE: Final = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
_CUT_SHORT: Final = frozenset({HTTPStatus.REQUEST_URI_TOO_LONG, _HEADERS_TOO_LARGE})
_DETAILS: Final[Mapping[HTTPStatus, str]] = {
    HTTPStatus.BAD_REQUEST: "This is no HTTP request that can be read.",
    HTTPStatus.REQUEST_TIMEOUT: "The request did not come in time.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is too large, or does not say how large it is.",
    HTTPStatus.REQUEST_URI_TOO_LONG: "The path is too long.",
    _HEADERS_TOO_LARGE: "The headers are too large.",
}
_REASONS: Final[Mapping[HTTPStatus, Reason]] = {
    HTTPStatus.REQUEST_TIMEOUT: "slow_head",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "body_too_large",
    HTTPStatus.REQUEST_URI_TOO_LONG: "head_too_large",
    _HEADERS_TOO_LARGE: "head_too_large",
}

Handler = Callable[[Any], Awaitable[web.StreamResponse]]


class BoundedProtocol(RequestHandler):
    """A connection that waits for a request, or answers one, and is ended when it takes too long or sends too much."""

    __slots__ = ("_among", "_body", "_bytes", "_is_deaf", "_limits", "_transport", "address", "head_begun")

    def __init__(
        self, server: web.Server, loop: asyncio.AbstractEventLoop, among: Connections["BoundedProtocol"], **given: Any
    ) -> None:
        limits: HttpLimits = given.pop("limits")
        super().__init__(
            server,
            loop=loop,
            keepalive_timeout=2 * limits.idle_ms / 1000,  # `among` is earlier
            max_line_size=limits.head_bytes,
            max_field_size=limits.head_bytes - 1,  # another number: it tells a long header from a long path
            max_headers=_MOST_HEADERS,
            lingering_time=LINGER_S,
            auto_decompress=False,
            **given,
        )
        self._among = among
        self._limits = limits
        self._transport: asyncio.Transport | None = None
        self._bytes = 0  # of a head that is not whole yet
        self._body: StreamReader = EMPTY_PAYLOAD  # of the newest request
        self._is_deaf = False
        self.address = ""
        self.head_begun = False

    @property
    def is_unread(self) -> bool:
        """Whether the client has left so much unread that nothing more can be sent, or is being let go."""
        return self.writing_paused or self._is_deaf

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Takes the connection in, for which another may have to go."""
        super().connection_made(transport)
        self._transport = cast("asyncio.Transport", transport)
        self.address = str((transport.get_extra_info("peername") or ("",))[0])
        leaving = self._among.enter(self, self._loop.time())
        if leaving is not None:
            leaving.abort()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Forgets the connection."""
        self._among.leave(self)
        super().connection_lost(exc)

    def abort(self) -> None:
        """Closes the connection at once, whatever is still to be sent."""
        if self._transport is not None:
            self._transport.abort()

    def time_is_over(self) -> None:
        """Ends the connection, with an answer if a request has begun. That nothing was asked is nothing to tell."""
        if self._waits and self.head_begun and not self._is_deaf:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT)
            return
        if not self._waits:
            self._among.note("slow_answer")
        self.abort()

    def still_answering(self) -> None:
        """Begins the time for the answer anew, unless the client leaves unread what was sent."""
        if not self.is_unread:
            self._among.still_answering(self, self._loop.time())

    def data_received(self, data: bytes) -> None:
        """Reads what has come, unless the connection is being ended."""
        if self._is_deaf:
            return
        if data and self._body.is_eof():
            self._count(len(data))
        read = self._request_count
        try:
            super().data_received(data)
        except Exception:  # noqa: BLE001 - its text has what was sent, and asyncio would log it
            self._refuse(HTTPStatus.BAD_REQUEST)
        if self._request_count > read:
            self.head_begun, self._bytes = False, 0
            self._body = self._messages[-1][1]
        elif self._bytes > self._limits.head_bytes:
            has_line = self._bytes > len(data) or b"\n" in data
            self._refuse(_HEADERS_TOO_LARGE if has_line else HTTPStatus.REQUEST_URI_TOO_LONG)

    def _count(self, size: int) -> None:
        if not self.head_begun:
            self.head_begun = True
            self._among.head_began(self, self._loop.time())
        self._bytes += size

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - it has what was sent
    ) -> web.StreamResponse:
        """Answers what is no request. Neither the log nor the answer has anything of what was sent."""
        if request.writer.output_size > 0:
            raise ConnectionError("an answer is sent already")
        return self._last(HTTPStatus(status) if exc is None else _status_of(exc, self._limits))

    def log_exception(self, *_text: Any, **named: Any) -> None:
        """Logs where something failed. aiohttp would log its text, which may hold what was sent."""
        error = named.get("exc_info")
        if isinstance(error, BaseException):
            log_failure("an HTTP connection", error)

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Sends an answer, with the headers that each has."""
        for name, value in HEADERS.items():
            resp.headers.setdefault(name, value)
        return await super().finish_response(request, resp, start_time)

    async def _handle_request(
        self, request: web.BaseRequest, start_time: float | None, request_handler: Handler
    ) -> tuple[web.StreamResponse, bool]:
        async def checked(request: Any) -> web.StreamResponse:
            too_large = _too_large(request, self._limits)
            return await problems(request, request_handler) if too_large is None else self._last(too_large)

        self._among.answering(self, self._loop.time())
        try:
            answer = await super()._handle_request(request, start_time, checked)
            if answer[0].status in _CUT_SHORT:
                await asyncio.sleep(LINGER_S)  # or until the client closes, which cancels this
            return answer
        finally:
            self._among.answered(self, self._loop.time())

    def _refuse(self, status: HTTPStatus) -> None:
        """Answers what is no request yet, if nothing else is being answered; else just ends the connection."""
        if not self._waits or self._waiter is None:
            self._among.note(_REASONS.get(status, "malformed"))
            self.abort()
            return
        self._messages.append((_ErrInfo(status, None, ""), EMPTY_PAYLOAD))  # type: ignore[arg-type]
        self._waiter.set_result(None)

    def _last(self, status: HTTPStatus) -> web.Response:
        """Gives an answer that ends the connection."""
        self._is_deaf = True
        self._among.note(_REASONS.get(status, "malformed"))
        response = problem(status, _DETAILS.get(status, status.phrase))
        response.force_close()
        return response

    @property
    def _waits(self) -> bool:
        return self._waiter is not None and not self._waiter.done()


def still_answering(request: web.BaseRequest) -> None:
    """Begins the time for an answer anew: for one that goes on for as long as its client takes it."""
    protocol = request.protocol
    if isinstance(protocol, BoundedProtocol):
        protocol.still_answering()


def _status_of(error: BaseException, limits: HttpLimits) -> HTTPStatus:
    """Gives the status for what aiohttp could not read."""
    if isinstance(error, LineTooLong):
        is_path = error.args[1] == limits.head_bytes
        return HTTPStatus.REQUEST_URI_TOO_LONG if is_path else _HEADERS_TOO_LARGE
    if "Too many headers" in str(error):
        return _HEADERS_TOO_LARGE
    return HTTPStatus.BAD_REQUEST


def _too_large(request: web.BaseRequest, limits: HttpLimits) -> HTTPStatus | None:
    head_bytes = sum(len(name) + len(value) + 4 for name, value in request.raw_headers)
    if head_bytes > limits.head_bytes:
        return _HEADERS_TOO_LARGE
    if "Transfer-Encoding" in request.headers or (request.content_length or 0) > limits.body_bytes:
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    return None
