"""The HTTP client of one endpoint: sends a request, and says what became of it."""

from types import TracebackType
from typing import TYPE_CHECKING, Self

import aiohttp

from streams.deliver.answers import Answer, of_status
from streams.deliver.clock import Clock
from streams.deliver.config import Target
from streams.deliver.pending import Event
from streams.deliver.request import Writer

if TYPE_CHECKING:  # OpenTelemetry's packages are an extra
    from streams.deliver.spans import RequestSpan, RequestSpans

CONNECT_WITHIN_S = 5.0
# An answer is read so that its connection can be used again. Beyond this size the connection is closed instead.
_ANSWER_BYTES = 64 << 10


class Sender:
    """The connections to one endpoint, as an async context: one per request in flight, kept open between requests."""

    def __init__(self, target: Target, clock: Clock, agent: str, spans: "RequestSpans | None" = None) -> None:
        """Prepares them. spans: None: nobody traces."""
        self._spans = spans
        self._endpoint = target.endpoint
        self._writer = Writer(target, agent)
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        endpoint = self._endpoint
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=endpoint.in_flight),
            timeout=aiohttp.ClientTimeout(
                total=endpoint.timeout_s, sock_connect=min(endpoint.timeout_s, CONNECT_WITHIN_S)
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=endpoint.proxy_from_environment,
        )
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def send(self, event: Event) -> Answer:
        """Sends one request. A failure on the way is an answer, too."""
        if self._spans is None:
            return await self._send(event)
        span, answer = self._spans.begin(event, self._endpoint), None
        try:
            answer = await self._send(event, span)
            return answer
        finally:
            span.end(answer)

    async def _send(self, event: Event, span: "RequestSpan | None" = None) -> Answer:
        assert self._session is not None, "a Sender is used within its block"  # noqa: S101 - for the type
        body = event.value
        headers = self._writer.headers(event.attributes, body, self._clock.time())
        if span is not None:
            headers |= span.headers
        try:
            async with self._session.post(
                self._endpoint.url, data=body, headers=headers, allow_redirects=False
            ) as response:
                if span is not None:
                    span.has_status(response.status)
                answer = of_status(response.status, response.headers.get("Retry-After"), self._clock.time())
                await _read(response)
                return answer
        except TimeoutError:
            return Answer("failed", f"no answer within {self._endpoint.timeout_s:g} s")
        except (aiohttp.ClientError, OSError) as error:
            # Only the class: the text of some errors holds the URL, which must not be logged.
            return Answer("failed", f"unreachable: {type(error).__name__}")


async def _read(response: aiohttp.ClientResponse) -> None:
    """Reads the body off the connection. Only the status counts: a body that does not come changes nothing."""
    taken = 0
    try:
        while chunk := await response.content.readany():
            taken += len(chunk)
            if taken > _ANSWER_BYTES:
                response.close()
                return
    except (TimeoutError, aiohttp.ClientError, OSError):
        response.close()
