"""GET /workers: where all workers are, and which partitions each holds, as the group says."""

import orjson
from aiohttp import web
from aiohttp.typedefs import Handler

from streams.api.source import TierSource


def workers_handler(source: TierSource) -> Handler:
    """Makes the handler."""

    async def workers(_request: web.Request) -> web.StreamResponse:
        held = {url: sorted(numbers) for url, numbers in sorted(source.held().items())}
        body = orjson.dumps({"workers": held})
        return web.Response(body=body, content_type="application/json", headers={"Cache-Control": "no-store"})

    return workers
