"""Who may ask: whoever has the bearer token, and other workers; where none is set, only requests to a loopback host."""

import hmac
import time
from http import HTTPStatus
from ipaddress import ip_address
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from yarl import URL

from streams.api.page import page
from streams.api.problem import problem
from streams.api.signatures import ANSWER_SIGNATURE, Signatures
from streams.settings import Settings

OPEN: Final = frozenset({"/healthz", "/readyz"})
"""The routes that need no token."""


def authorization(settings: Settings) -> Middleware:
    """Makes the middleware that lets a request pass or refuses it.

    All but the `OPEN` routes need `Authorization: Bearer <token>`, unknown paths too, or the signature of another
    worker. Without a token in the settings the request must name a loopback host, or the host of the settings: a
    foreign web page whose host name resolves to this machine gets nothing.
    """
    signatures, own_url = Signatures(settings.http_token), URL(settings.http_url)

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        resource = request.match_info.route.resource
        path = resource.canonical if resource else None
        if path in OPEN:
            return await handler(request)
        if not settings.http_token:
            return await handler(request) if _names_loopback(request, settings.http_host) else _misdirected()
        if _bears(request, settings.http_token):
            return await handler(request)
        given = request.headers.get("Authorization", "")
        if signatures.is_signed(given, own_url, request.method, request.raw_path, time.time()):
            return _signed(await handler(request), given, signatures)
        if path == "/" and "text/html" in request.headers.get("Accept", ""):
            # A browser cannot send the token before the page has asked for it; the page itself holds no data.
            refusal = page(HTTPStatus.UNAUTHORIZED)
        else:
            refusal = problem(HTTPStatus.UNAUTHORIZED, "Send the header `Authorization: Bearer <TIERFLOW_HTTP_TOKEN>`.")
        refusal.headers["WWW-Authenticate"] = 'Bearer realm="tierflow"'
        return refusal

    return check


def _bears(request: web.Request, token: str) -> bool:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    # Bytes that are not UTF-8 arrive as surrogates. compare_digest takes the same time wherever the two differ.
    given_bytes = given.strip().encode("utf-8", "surrogateescape")
    return hmac.compare_digest(given_bytes, token.encode()) and scheme.lower() == "bearer"


def _signed(answer: web.StreamResponse, asked: str, signatures: Signatures) -> web.StreamResponse:
    """Signs an answer to another worker, if it is one with a body at hand, as all are that workers ask for."""
    if isinstance(answer, web.Response) and isinstance(answer.body, bytes):
        answer.headers[ANSWER_SIGNATURE] = signatures.answer(asked, answer.status, answer.body)
    return answer


def _names_loopback(request: web.Request, own_host: str) -> bool:
    try:
        name = request.url.host or ""
    except ValueError:
        return False
    if name in {"localhost", own_host}:
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def _misdirected() -> web.Response:
    detail = "Without TIERFLOW_HTTP_TOKEN only http://127.0.0.1 and http://localhost are answered; set a token."
    return problem(HTTPStatus.MISDIRECTED_REQUEST, detail)
