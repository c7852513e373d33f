"""Sessions, and what supervisors ask."""

from aiohttp import web
from aiohttp.typedefs import Handler

from streams.api.problem import unavailable
from streams.console.access import who_asks
from streams.console.asked import Asked, answer


async def session(request: web.Request) -> web.StreamResponse:
    """Answers who asks, and what that one may do."""
    return answer(who_asks(request).session())


async def healthz(_request: web.Request) -> web.StreamResponse:
    """Answers 200: the process works."""
    return web.json_response({"status": "ok"})


def readyz_handler(asked: Asked) -> Handler:
    """Makes the handler: 200 when the index has what there was when it began, else 503."""

    async def readyz(_request: web.Request) -> web.StreamResponse:
        progress = asked.follower.progress
        if not progress.built:
            return unavailable("The history is being read.", reasons=[f"{progress.in_words}."])
        return web.json_response({"status": "ready"})

    return readyz
