"""GET /customers/{id}: the current tier change and the live measures, whichever worker holds the customer.

With `?state=1` the packed state goes along, from which the console explains the tier.
"""

import asyncio
from base64 import b64encode
from collections.abc import Sequence
from http import HTTPStatus
from urllib.parse import quote

import orjson
from aiohttp import web
from aiohttp.typedefs import Handler

from streams.api.peers import FORWARDED, Moved, PeerNotAllowedError, Peers, PeerSilentError
from streams.api.problem import problem, unavailable
from streams.api.source import Anyone, CustomerView, Local, Remote, TierSource, Unavailable


def customer_handler(source: TierSource, peers: Peers) -> Handler:
    """Makes the handler: 200, 308 for a former id, 404 for an unknown customer, or 503 with Retry-After."""

    async def customer(request: web.Request) -> web.StreamResponse:
        customer_id = request.match_info["customer_id"]
        if not _is_text(customer_id):
            return _unknown()
        with_state = request.query.get("state") == "1"
        match await source.owner(customer_id):
            case Local():
                return _answer(source.customer(customer_id), with_state=with_state)
            case Unavailable(retry_after_s, why):
                return unavailable(why, retry_after_s=retry_after_s)
            case Remote() if FORWARDED in request.headers:
                # Two workers that name each other as the owner are between two assignments: the client asks again.
                return unavailable("The customer's partition is changing hands.")
            case Remote(url):
                return await _forward(peers, url, customer_id, with_state=with_state)
            case Anyone(urls, searched):
                others = () if FORWARDED in request.headers else urls  # who asks us asks them, too
                return await _ask_all(peers, others, customer_id, searched=searched, with_state=with_state)

    return customer


async def _forward(peers: Peers, url: str, customer_id: str, *, with_state: bool) -> web.Response:
    try:
        body = await peers.customer(url, customer_id, with_state=with_state)
    except PeerNotAllowedError:
        return unavailable("The worker that holds the customer's partition is at a host that this one may not ask.")
    except PeerSilentError:
        return unavailable("The worker that holds the customer's partition does not answer.")
    return _told(body, with_state=with_state)


def _told(found: bytes | Moved | None, *, with_state: bool) -> web.Response:
    """Gives what another worker answered."""
    if isinstance(found, Moved):
        return _moved(found.customer_id, with_state=with_state)
    return _unknown() if found is None else _json(found)


async def _ask_all(
    peers: Peers, urls: Sequence[str], customer_id: str, *, searched: bool, with_state: bool
) -> web.Response:
    """Gives the answer of whoever has the customer, who is unknown only if all have looked.

    searched: whether this worker has.
    """
    answers = await asyncio.gather(*(_asked(peers, url, customer_id, with_state=with_state) for url in urls))
    for answer in answers:
        if isinstance(answer, bytes | Moved):
            return _told(answer, with_state=with_state)
    if searched and not any(answers):
        return _unknown()
    return unavailable("Not every worker could look for the customer.")


async def _asked(
    peers: Peers, url: str, customer_id: str, *, with_state: bool
) -> bytes | Moved | PeerSilentError | None:
    try:
        return await peers.customer(url, customer_id, with_state=with_state)
    except PeerSilentError as error:
        return error


def _answer(view: CustomerView | None, *, with_state: bool) -> web.Response:
    if view is not None and view.merged_into is not None:
        return _moved(view.merged_into, with_state=with_state)
    if view is None or view.current is None:
        return _unknown()
    told = {**orjson.loads(view.current), "measures": dict(view.measures)}
    if with_state:
        told["state"] = {"packed_base64": b64encode(view.packed).decode(), "clock_ms": view.clock_ms}
    return _json(orjson.dumps(told, default=str))


def _moved(into: str, *, with_state: bool) -> web.Response:
    """Answers for a former id: a 308 that says where the customer is."""
    answer = problem(HTTPStatus.PERMANENT_REDIRECT, "The customer has another id now.", further={"customer_id": into})
    answer.headers["Location"] = f"/customers/{quote(into, safe='')}{'?state=1' if with_state else ''}"
    return answer


def _json(body: bytes) -> web.Response:
    return web.Response(body=body, content_type="application/json", headers={"Cache-Control": "no-store"})


def _unknown() -> web.Response:
    return problem(HTTPStatus.NOT_FOUND, "No customer with this id has a tier.")


def _is_text(customer_id: str) -> bool:
    # Bytes that are not UTF-8 arrive as surrogates. Keys are UTF-8, so nobody has such an id.
    try:
        customer_id.encode()
    except UnicodeEncodeError:
        return False
    return True
