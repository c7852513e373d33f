"""Who may ask what: every request to the API passes here, before its handler.

A browser's page from elsewhere gets nothing. Where no token is needed the request must name a loopback host, so that a
foreign host name that resolves to this machine is refused (DNS rebinding). What changes something must come as JSON,
which a form cannot send, and must not say that it comes from another origin.
"""

import hashlib
import logging
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

from aiohttp import web
from aiohttp.typedefs import Handler

from streams.api.problem import problem
from streams.console.identity import Identities
from streams.console.refused import OtherIdError, RefusedError, later
from streams.console.roles import Who
from streams.console.route import Route
from streams.history.queries import UnusableIndexError
from streams.security.hosts import is_loopback

SAFE: Final = frozenset({"GET", "HEAD"})
API: Final = "/api/"
WHO: Final = web.RequestKey("who", Who)
_audit = logging.getLogger("streams.console.audit")


def who_asks(request: web.Request) -> Who:
    """Gives who asks; for handlers."""
    return request[WHO]


def guarded(route: Route, identities: Identities) -> Handler:
    """Makes the handler of a route, in front of which it is asked who asks, and whether that one may."""

    async def handle(request: web.Request) -> web.StreamResponse:
        became = "no answer"  # it failed, or who asked has gone: what was sent may have come all the same
        try:
            answer = await _answered(request, route, identities)
            became = str(answer.status)
            return answer
        finally:
            who = request.get(WHO)
            if who is not None and request.method not in SAFE:
                _audit.info("%s %s by %s (%s): %s", request.method, route.path, who.name, who.role, became)

    return handle


async def _answered(request: web.Request, route: Route, identities: Identities) -> web.StreamResponse:
    try:
        await _let_in(request, route, identities)
        return await route.handler(request)
    except RefusedError as error:
        return _refusal(error, route)
    except UnusableIndexError:
        return _refusal(
            later("The index of what was decided is damaged; it is being made anew from the topics.", 2), route
        )


async def _let_in(request: web.Request, route: Route, identities: Identities) -> None:
    """Notes who asks.

    Raises:
        RefusedError: Nobody says it, or that one may not, or another page asks.
    """
    if not identities.needs_token and not _names_loopback(request, identities.host):
        raise RefusedError(HTTPStatus.MISDIRECTED_REQUEST, _MISDIRECTED)
    if request.method not in SAFE:
        _check_origin(request)
    request[WHO] = who = await identities.who(request)
    if not who.has(route.role):
        raise RefusedError(HTTPStatus.FORBIDDEN, f"It takes the role {route.role}; {who.name} is {who.role}.")


def _refusal(error: RefusedError, route: Route) -> web.Response:
    if isinstance(error, OtherIdError):
        answer = problem(error.status, error.detail, further={"customer_id": error.customer_id})
        answer.headers["Location"] = route.path.format(customer_id=quote(error.customer_id, safe=""))
        return answer
    answer = problem(error.status, error.detail, reasons=error.reasons)
    if error.retry_after_s is not None:
        answer.headers["Retry-After"] = str(max(1, round(error.retry_after_s)))
    if error.status == HTTPStatus.UNAUTHORIZED:
        answer.headers["WWW-Authenticate"] = 'Bearer realm="tierflow console"'
    return answer


def _check_origin(request: web.Request) -> None:
    if request.content_type != "application/json":
        raise RefusedError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Send the body as application/json.")
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        raise RefusedError(HTTPStatus.FORBIDDEN, "A page of another site asks.")
    origin = request.headers.get("Origin")
    if origin is not None and _host_of(origin) != request.headers.get("Host", "").lower():
        raise RefusedError(HTTPStatus.FORBIDDEN, "A page of another origin asks.")


def _host_of(origin: str) -> str:
    return origin.partition("://")[2].lower()


def _names_loopback(request: web.Request, own_host: str) -> bool:
    try:
        name = request.url.host or ""
    except ValueError:
        return False
    return name == own_host or is_loopback(name)


_MISDIRECTED: Final = (
    "Where nothing says who may ask only http://127.0.0.1 and http://localhost are answered; "
    "set TIERFLOW_CONSOLE_TOKENS."
)


_OF_WHAT_IS_KEPT = ("Cache-Control", "Content-Security-Policy")


@web.middleware
async def validated(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Gives whole answers to GET an ETag, and answers 304 to whoever has that one already."""
    answer = await handler(request)
    if request.method != "GET" or answer.status != HTTPStatus.OK or not isinstance(answer, web.Response):
        return answer
    if not isinstance(answer.body, bytes) or "ETag" in answer.headers:
        return answer
    tag = f'"{hashlib.blake2b(answer.body, digest_size=16).hexdigest()}"'
    given = request.headers.get("If-None-Match", "")
    if given.strip() == "*" or tag in {one.strip().removeprefix("W/") for one in given.split(",")}:
        # A browser takes the headers of this answer for those of the page that it has.
        kept = {name: answer.headers[name] for name in _OF_WHAT_IS_KEPT if name in answer.headers}
        return web.Response(status=HTTPStatus.NOT_MODIFIED, headers={**kept, "ETag": tag})
    answer.headers["ETag"] = tag
    return answer
