"""GET /: the worker's own page, one file that loads nothing from elsewhere."""

import secrets
from functools import cache
from http import HTTPStatus
from importlib.resources import files

from aiohttp import web


def page(status: HTTPStatus = HTTPStatus.OK) -> web.Response:
    """Gives the page as an answer. The page holds no data: it fetches /tiers, /readyz and /customers/{id} itself."""
    nonce = secrets.token_urlsafe(16)
    allowed = (
        f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; connect-src 'self'; img-src data:"
    )
    return web.Response(
        status=status,
        text=_html().replace("{{nonce}}", nonce),
        content_type="text/html",
        headers={
            "Cache-Control": "no-store",
            "Content-Security-Policy": f"{allowed}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
        },
    )


async def page_handler(_request: web.Request) -> web.StreamResponse:
    """Answers 200 with the page."""
    return page()


@cache
def _html() -> str:
    return files(__package__).joinpath("page.html").read_text(encoding="utf-8")
