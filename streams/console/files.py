"""The page: files that come with the package, and load nothing from elsewhere."""

from functools import cache
from http import HTTPStatus
from importlib.resources import files
from mimetypes import guess_type
from typing import Final, NamedTuple

from aiohttp import web

from streams.api.problem import problem

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""What the page may load and do: its own files, and the API."""

_INDEX: Final = "index.html"
_WITHOUT: Final = (
    "<!doctype html><html lang=en><title>tierflow console</title><p>The page is not in this build. The API is at "
    "<a href=/api/session>/api/session</a>, and described in docs/openapi.json."
)
_FOREVER: Final = "public, max-age=31536000, immutable"


class _File(NamedTuple):
    body: bytes
    content_type: str


@cache
def _page() -> dict[str, _File]:
    """Reads all files of the page, by their paths."""
    found = {}
    folders = [("", files(__package__).joinpath("page"))]
    while folders:
        prefix, folder = folders.pop()
        for entry in folder.iterdir() if folder.is_dir() else ():
            path = f"{prefix}{entry.name}"
            if entry.is_dir():
                folders.append((f"{path}/", entry))
            elif not entry.name.endswith(".py"):
                found[path] = _File(entry.read_bytes(), guess_type(entry.name)[0] or "application/octet-stream")
    return found or {_INDEX: _File(_WITHOUT.encode(), "text/html")}


async def page(request: web.Request) -> web.StreamResponse:
    """Answers with a file of the page; with the page itself where the path is one of its own."""
    path = request.match_info["path"] or _INDEX
    found = _page().get(path)
    if found is None and "." not in path.rpartition("/")[2] and not path.startswith("api/"):
        path, found = _INDEX, _page().get(_INDEX)  # the page knows its paths
    if found is None:
        return problem(HTTPStatus.NOT_FOUND, HTTPStatus.NOT_FOUND.phrase)
    # Built files have a hash in their names.
    kept = _FOREVER if path.startswith("assets/") else "no-cache"
    charset = "utf-8" if found.content_type.startswith(("text/", "application/javascript")) else None
    return web.Response(
        body=found.body,
        content_type=found.content_type,
        charset=charset,
        headers={"Cache-Control": kept, "Content-Security-Policy": POLICY},
    )
