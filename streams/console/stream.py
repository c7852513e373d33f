"""GET /api/stream: what is decided, as it is committed, as server-sent events.

Each event has a cursor as its id: the making of the index and the entry's number in it. Whoever comes back with the
newest one (Last-Event-ID) goes on from there; where that cannot be, an event `lost` says so, and the stream begins with
what comes. At most EVENTS_PER_S go out; of a stream that falls further behind than BEHIND_LIMIT what lies between is
left out, and counted in an event `skipped`.
"""

import asyncio
import re
import time
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any, Final, NamedTuple

import orjson
from aiohttp import web
from aiohttp.typedefs import Handler

from streams.api.protocol import still_answering
from streams.console import given
from streams.console.access import who_asks
from streams.console.asked import Asked
from streams.console.refused import RefusedError, bad_request, later
from streams.history.queries import Streamed, UnusableIndexError
from streams.history.rows import KINDS

EVENTS_PER_S: Final = 200
BEHIND_LIMIT: Final = 1_000
STREAMS_LIMIT: Final = 64
SILENT_FOR_S: Final = 3.0
_READ_AT_ONCE: Final = 500
_CURSOR: Final = re.compile(r"([0-9a-f]{8})\.([0-9]{1,18})")
_CUSTOMER_FIELDS: Final = frozenset({"id", "customer_id", "loan_id", "cause", "positions", "components", "conditions"})
"""What a viewer does not get of a message: who it is about, and what would tell who that is."""


class Filter(NamedTuple):
    """Which entries a stream has."""

    kinds: Sequence[str]
    tier: str | None
    customer: str | None

    def takes(self, entry: Streamed) -> bool:
        """Says whether an entry is one of them."""
        return (
            entry.kind in self.kinds and self.tier in {None, entry.tier} and self.customer in {None, entry.customer_id}
        )


class Arrivals:
    """Wakes the streams when something has come."""

    def __init__(self) -> None:
        self._came = asyncio.Event()
        self.open = 0

    def came(self) -> None:
        """Says that something has come."""
        self._came.set()
        self._came = asyncio.Event()

    async def wait(self, within_s: float) -> None:
        """Waits until something comes, but not longer."""
        came = self._came
        try:
            async with asyncio.timeout(within_s):
                await came.wait()
        except TimeoutError:
            return


def stream_handler(asked: Asked, arrivals: Arrivals) -> Handler:
    """Makes the handler."""

    async def stream(request: web.Request) -> web.StreamResponse:
        wanted, shows = _filter(request), _shows(request)
        asked.check_built()
        if arrivals.open >= STREAMS_LIMIT:
            raise later(f"There are {STREAMS_LIMIT} streams already; close one, or ask again later.", 5)
        arrivals.open += 1
        try:
            return await _Stream(asked, arrivals, wanted, shows).run(request)
        finally:
            arrivals.open -= 1

    return stream


def _filter(request: web.Request) -> Filter:
    kinds = tuple(filter(None, request.query.get("kinds", ",".join(KINDS)).split(",")))
    if not kinds or not set(kinds) <= set(KINDS):
        raise bad_request(f"`kinds` must be some of {', '.join(KINDS)}, with commas between them.")
    customer = given.text(request, "customer")
    if customer is not None and not who_asks(request).has("agent"):
        raise RefusedError(HTTPStatus.FORBIDDEN, "It takes the role agent to ask for a customer.")
    return Filter(kinds, given.text(request, "tier"), customer)


def _shows(request: web.Request) -> Callable[[bytes], bytes]:
    return _whole if who_asks(request).has("agent") else _without_customer


def _whole(message: bytes) -> bytes:
    return message


def _without_customer(message: bytes) -> bytes:
    fields: dict[str, Any] = orjson.loads(message)
    return orjson.dumps({name: value for name, value in fields.items() if name not in _CUSTOMER_FIELDS})


class _Stream:
    def __init__(self, asked: Asked, arrivals: Arrivals, wanted: Filter, shows: Callable[[bytes], bytes]) -> None:
        self._asked, self._arrivals, self._wanted, self._shows = asked, arrivals, wanted, shows
        self._number = 0
        self._generation = ""
        self._second = 0.0
        self._left = EVENTS_PER_S

    async def run(self, request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        is_lost = await self._begin(request.headers.get("Last-Event-ID"))
        await answer.prepare(request)
        await answer.write(b"event: lost\ndata: {}\n\n" if is_lost else b": open\n\n")
        try:
            while True:
                still_answering(request)
                if await self._send(answer):
                    continue
                await self._arrivals.wait(SILENT_FOR_S)
                await answer.write(b":\n\n")  # a client that is gone is noticed by it, and a proxy keeps it open
        except (ConnectionError, UnusableIndexError):  # the client comes again, and is told
            return answer

    async def _begin(self, cursor: str | None) -> bool:
        """Finds where to begin; says whether what the cursor names is gone."""
        queries = self._asked.queries
        self._generation, newest = await queries.generation(), await queries.newest_number()
        self._number = newest
        if not cursor:
            return False
        found = _CURSOR.fullmatch(cursor)
        if found is None or found[1] != self._generation:
            return True
        number = int(found[2])
        if number > newest or number < await queries.forgotten_to():
            return True
        self._number = number
        return False

    async def _send(self, answer: web.StreamResponse) -> bool:
        """Sends what there is, as much as may be sent now; says whether there may be more."""
        queries = self._asked.queries
        if await queries.generation() != self._generation:
            self._generation, self._number = await queries.generation(), 0
            await answer.write(b"event: lost\ndata: {}\n\n")
        found = await queries.since(self._number, _READ_AT_ONCE)
        if not found:
            return False
        skipped = await self._skip(found)
        if skipped:
            await answer.write(b'event: skipped\ndata: {"count":%d}\n\n' % skipped)
            return True
        for entry in found:
            if self._wanted.takes(entry):
                await self._wait_for_turn()
                await answer.write(self._event(entry))
            self._number = entry.number
        return True

    async def _skip(self, found: Sequence[Streamed]) -> int:
        """Goes on near the end where too much waits; gives how many entries, of any kind, that leaves out."""
        newest = await self._asked.queries.newest_number()
        if newest - found[0].number < BEHIND_LIMIT:
            return 0
        before, self._number = self._number, newest - EVENTS_PER_S
        return self._number - before

    async def _wait_for_turn(self) -> None:
        now = time.monotonic()
        if now - self._second >= 1:
            self._second, self._left = now, EVENTS_PER_S
        if not self._left:
            await asyncio.sleep(self._second + 1 - now)
            self._second, self._left = time.monotonic(), EVENTS_PER_S
        self._left -= 1

    def _event(self, entry: Streamed) -> bytes:
        # JSON as tierflow writes it has no line ends.
        data = self._shows(entry.message).replace(b"\n", b" ").replace(b"\r", b" ")
        return b"id: %b.%d\nevent: %b\ndata: %b\n\n" % (
            self._generation.encode(),
            entry.number,
            entry.kind.encode(),
            data,
        )
