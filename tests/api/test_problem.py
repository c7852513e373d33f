"""What is said of a request that a worker failed to answer: to whoever asked, and in the log."""

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from streams.api.problem import problems
from streams.errors import UsageError


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (KeyError("C001"), "GET /customers/{customer_id} failed: KeyError\n"),
        (UsageError("the topic is gone"), "GET /customers/{customer_id} failed: UsageError: the topic is gone\n"),
    ],
)
async def test_a_failure_is_named_without_what_was_asked_for(
    error: Exception, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def fails(_: web.Request) -> web.Response:
        raise error

    web_app = web.Application(middlewares=[web.middleware(problems)])
    web_app.router.add_get("/customers/{customer_id}", fails)
    async with TestClient(TestServer(web_app)) as client:
        response = await client.get("/customers/C001")
        told = await response.json()
    assert (response.status, told["detail"]) == (500, "The worker failed to answer; its log says where.")
    assert said in caplog.text
    assert "C001" not in caplog.text
