"""GET /healthz, /readyz and /metrics: what supervisors and Prometheus ask (docs/operations.md#health)."""

from http import HTTPStatus

import orjson
from aiohttp import web
from aiohttp.typedefs import Handler

from streams.api.problem import problem, unavailable
from streams.api.source import LiveSource
from streams.metrics import CONTENT_TYPE, Metrics


def healthz_handler(source: LiveSource) -> Handler:
    """Makes the handler: 200 while the worker makes progress, else 503, after which it should be restarted."""

    async def healthz(_request: web.Request) -> web.StreamResponse:
        wrong = source.healthy()
        if wrong is not None:
            return problem(HTTPStatus.SERVICE_UNAVAILABLE, wrong)
        return _json({"status": "ok"})

    return healthz


def readyz_handler(source: LiveSource) -> Handler:
    """Makes the handler: 200 when all partitions held here are served, else 503 with the reasons."""

    async def readyz(_request: web.Request) -> web.StreamResponse:
        readiness = source.ready()
        if not readiness.ready:
            return unavailable("This worker is not ready.", reasons=readiness.reasons)
        return _json({"status": "ready"})

    return readyz


def metrics_handler(metrics: Metrics) -> Handler:
    """Makes the handler for Prometheus."""

    async def render(_request: web.Request) -> web.StreamResponse:
        return web.Response(body=metrics.render(), headers={"Content-Type": CONTENT_TYPE})

    return render


def _json(body: dict[str, str]) -> web.Response:
    return web.Response(body=orjson.dumps(body), content_type="application/json", headers={"Cache-Control": "no-store"})
