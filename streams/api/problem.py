"""Errors as application/problem+json (RFC 9457), whoever raised them."""

import logging
import math
import traceback
from collections.abc import Mapping, Sequence
from http import HTTPStatus

import orjson
from aiohttp import web
from aiohttp.typedefs import Handler

from streams.errors import named

logger = logging.getLogger(__name__)


def problem(
    status: HTTPStatus, detail: str, *, reasons: Sequence[str] = (), further: Mapping[str, str] | None = None
) -> web.Response:
    """Gives an error answer. reasons: sentences, left out if there are none. further: fields of this kind of answer."""
    body = {
        "type": "about:blank",
        "title": status.phrase,
        "status": status.value,
        "detail": detail,
        **(further or {}),
    }
    return web.Response(
        status=status,
        body=orjson.dumps({**body, "reasons": list(reasons)} if reasons else body),
        content_type="application/problem+json",
        headers={"Cache-Control": "no-store"},
    )


def unavailable(detail: str, *, retry_after_s: float = 1, reasons: Sequence[str] = ()) -> web.Response:
    """Gives a 503 answer with a Retry-After of whole seconds, at least 1."""
    response = problem(HTTPStatus.SERVICE_UNAVAILABLE, detail, reasons=reasons)
    response.headers["Retry-After"] = str(max(1, math.ceil(retry_after_s)))
    return response


async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Asks a handler, and turns aiohttp's own errors, and any exception, into problems.

    Neither the exception's message nor the request's path is logged: both can hold a customer id.
    """
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < HTTPStatus.BAD_REQUEST:
            raise
        status = HTTPStatus(error.status)
        response = problem(status, status.phrase)
        if "Allow" in error.headers:
            response.headers["Allow"] = error.headers["Allow"]
        return response
    except Exception as error:  # noqa: BLE001 - nothing else catches it, and no answer may hold a traceback
        log_failure(f"GET {_where(request)}", error)
        return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "The worker failed to answer; its log says where.")


def log_failure(what: str, error: BaseException) -> None:
    """Logs where something failed, and the error's name, without a text that can hold what a client has sent."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    logger.error("%s failed: %s\n%s", what, named(error), frames)


def _where(request: web.Request) -> str:
    match_info = getattr(request, "_match_info", None)  # `match_info` itself asserts that there is one
    resource = match_info.route.resource if match_info is not None else None
    return resource.canonical if resource else "an unknown path"
