from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client.parser import text_string_to_metric_families

from streams.api.routes import install
from streams.metrics import Metrics
from streams.settings import Settings
from tests.support.api_source import Start, Table


async def test_a_worker_that_makes_progress_is_healthy(start: Start) -> None:
    response = await (await start(Table())).get("/healthz")
    assert (response.status, await response.json()) == (200, {"status": "ok"})


async def test_a_worker_without_progress_says_what_is_wrong(start: Start) -> None:
    response = await (await start(Table(wrong="partition 2 has made no progress for 60 s"))).get("/healthz")
    assert response.status == 503
    assert (await response.json())["detail"] == "partition 2 has made no progress for 60 s"


async def test_a_recovering_worker_is_not_ready_and_says_why(start: Start) -> None:
    response = await (await start(Table(reasons=["partition 1 is being recovered"]))).get("/readyz")
    assert (response.status, response.headers["Retry-After"]) == (503, "1")
    assert (await response.json())["reasons"] == ["partition 1 is being recovered"]


async def test_a_recovered_worker_is_ready(start: Start) -> None:
    response = await (await start(Table())).get("/readyz")
    assert (response.status, await response.json()) == (200, {"status": "ready"})


async def test_metrics_are_in_the_text_format_of_prometheus(start: Start) -> None:
    response = await (await start(Table())).get("/metrics")
    families = list(text_string_to_metric_families(await response.text()))
    assert response.content_type == "text/plain"
    assert "version=" in response.headers["Content-Type"]
    assert "tierflow_ready" in {family.name for family in families}


async def test_what_is_not_there_is_a_problem(start: Start) -> None:
    client = await start(Table())
    nowhere, posted = await client.get("/nowhere"), await client.post("/tiers")
    assert (nowhere.status, nowhere.content_type) == (404, "application/problem+json")
    assert (posted.status, posted.content_type) == (405, "application/problem+json")
    assert "GET" in posted.headers["Allow"]


async def test_a_second_cleanup_does_no_harm() -> None:
    # Faust's web server cleans the application up twice when it stops.
    web_app = web.Application()
    install(web_app, Table(), Settings.from_environment({}, dotenv=None), Metrics())
    async with TestClient(TestServer(web_app)) as client:
        assert (await client.get("/readyz")).status == 200
    await web_app.cleanup()
