"""What a request gives: parts of its path, its query, its body; each is checked, and said what it must be."""

import base64
import binascii
from collections.abc import Sequence
from http import HTTPStatus
from typing import Final, TypeVar

import msgspec
from aiohttp import web

from streams.console.refused import RefusedError, bad_request

PAGE: Final = 50
LARGEST_PAGE: Final = 200
_LARGEST: Final = 1 << 63  # what SQLite takes
_NO_CURSOR: Final = "`after` must be the `next` of a page before."
_Body = TypeVar("_Body")
_Cursor = TypeVar("_Cursor")


def customer_id(request: web.Request) -> str:
    """Gives the customer id of the path."""
    given = request.match_info["customer_id"]
    # Bytes that are not UTF-8 arrive as surrogates. Keys are UTF-8, so nobody has such an id.
    try:
        given.encode()
    except UnicodeEncodeError as error:
        raise RefusedError(HTTPStatus.NOT_FOUND, "No customer has an id that is no UTF-8 text.") from error
    return given


def limit(request: web.Request) -> int:
    """Gives how many items a page is to have."""
    return number(request, "limit", PAGE, 1, LARGEST_PAGE)


def number(request: web.Request, name: str, default: int, least: int, most: int) -> int:
    """Gives a whole number of the query."""
    text = request.query.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 10 and least <= int(text) <= most):  # noqa: PLR2004
        raise bad_request(f"`{name}` must be a whole number from {least} to {most}.")
    return int(text)


def word(request: web.Request, name: str, allowed: Sequence[str], default: str) -> str:
    """Gives one of some words of the query."""
    given = request.query.get(name, default)
    if given not in allowed:
        raise bad_request(f"`{name}` must be one of {', '.join(allowed)}.")
    return given


def text(request: web.Request, name: str) -> str | None:
    """Gives any text of the query; None where there is none."""
    given = request.query.get(name)
    if given is None:
        return None
    try:
        given.encode()
    except UnicodeEncodeError as error:
        raise bad_request(f"`{name}` must be UTF-8 text.") from error
    return given


def cursor(place: object) -> str:
    """Writes where a page ends, for the next one."""
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def after(request: web.Request, of: type[_Cursor]) -> _Cursor | None:
    """Reads where the page before ended; None for the first page."""
    given = request.query.get("after")
    if given is None:
        return None
    try:
        raw = base64.b64decode(given.encode("ascii") + b"=" * (-len(given) % 4), altchars=b"-_", validate=True)
        found = msgspec.json.decode(raw, type=of)
    except (ValueError, binascii.Error) as error:  # msgspec's errors are ValueErrors, too
        raise bad_request(_NO_CURSOR) from error
    parts = found if isinstance(found, tuple) else (found,)
    if any(isinstance(part, int) and not -_LARGEST <= part < _LARGEST for part in parts):
        raise bad_request(_NO_CURSOR)
    return found


async def body(request: web.Request, of: type[_Body]) -> _Body:
    """Reads the body."""
    try:
        return msgspec.json.decode(await request.read(), type=of)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        # Its text names fields and what they must be, and no values.
        why = str(error) if isinstance(error, msgspec.ValidationError) else "it is no JSON"
        raise bad_request(f"The body cannot be used: {why}.") from error
