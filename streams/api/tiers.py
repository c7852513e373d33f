"""GET /tiers: how many customers are in each tier, over all workers."""

import asyncio
from collections import Counter
from collections.abc import Iterable

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler

from streams.api.peers import Peers, PeerSilentError, Tiers
from streams.api.source import TierSource


def tiers_handler(source: TierSource, peers: Peers) -> Handler:
    """Makes the handler. With `?local=1` it counts only this worker's partitions."""

    async def tiers(request: web.Request) -> web.StreamResponse:
        counted = _own(source)
        if request.query.get("local") != "1":
            others = await asyncio.gather(*(_of_peer(peers, url) for url in source.peers()))
            counted = _sum([counted, *others])
        return web.Response(
            body=msgspec.json.encode(counted),
            content_type="application/json",
            headers={"Cache-Control": "no-store"},
        )

    return tiers


def _own(source: TierSource) -> Tiers:
    by_tier = dict(source.distribution())
    return Tiers(tiers=by_tier, customers=sum(by_tier.values()), complete=source.ready().ready)


async def _of_peer(peers: Peers, url: str) -> Tiers:
    try:
        return await peers.tiers(url)
    except PeerSilentError:
        return Tiers(tiers={}, customers=0, complete=False)


def _sum(parts: Iterable[Tiers]) -> Tiers:
    by_tier: Counter[str] = Counter()
    complete = True
    for part in parts:
        by_tier.update(part.tiers)
        complete = complete and part.complete
    return Tiers(tiers=dict(by_tier), customers=sum(by_tier.values()), complete=complete)
