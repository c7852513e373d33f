"""All routes of a worker, and their installation in its web application."""

from aiohttp import web

from streams.api.authorization import authorization
from streams.api.customers import customer_handler
from streams.api.health import healthz_handler, metrics_handler, readyz_handler
from streams.api.page import page_handler
from streams.api.peers import Peers
from streams.api.source import LiveSource, TierSource
from streams.api.tiers import tiers_handler
from streams.api.workers import workers_handler
from streams.metrics import Metrics
from streams.settings import Settings


def routes(source: TierSource, peers: Peers, metrics: Metrics) -> list[web.RouteDef]:
    """Gives all routes of a worker. `peers` must be opened before the first request."""
    return [
        web.get("/", page_handler),
        # An id may hold slashes and line ends: the rest of the path is the id.
        web.get("/customers/{customer_id:(?s:.+)}", customer_handler(source, peers)),
        web.get("/tiers", tiers_handler(source, peers)),
        web.get("/workers", workers_handler(source)),
        *live_routes(source, metrics),
    ]


def live_routes(source: LiveSource, metrics: Metrics) -> list[web.RouteDef]:
    """Gives the routes of any process that works lanes: whether it works, and its metrics."""
    return [
        web.get("/healthz", healthz_handler(source)),
        web.get("/readyz", readyz_handler(source)),
        web.get("/metrics", metrics_handler(metrics)),
    ]


def install_live(web_app: web.Application, source: LiveSource, settings: Settings, metrics: Metrics) -> None:
    """Adds the routes of a process without customers, and who may ask."""
    web_app.middlewares.append(authorization(settings))
    web_app.add_routes(live_routes(source, metrics))


def install(web_app: web.Application, source: TierSource, settings: Settings, metrics: Metrics) -> None:
    """Adds routes, who may ask and the connections to the other workers to an application that is not started yet.

    It is to be run by a BoundedRunner, which sees to limits, headers and errors.
    """
    peers = Peers(settings)
    web_app.middlewares.append(authorization(settings))
    web_app.cleanup_ctx.append(peers.opened)
    web_app.add_routes(routes(source, peers, metrics))
