"""The metrics of `tierflow deliver` are served with the limits of every HTTP server."""

import pytest
from aiohttp import ClientSession
from prometheus_client.parser import text_string_to_metric_families

from streams.deliver.metrics import DeliverMetrics
from streams.deliver.metrics_server import MetricsAddress, metrics_served
from streams.errors import UsageError
from streams.kafka.local import free_port
from streams.security.http_limits import HttpLimits
from tests.support.raw_http import answer_of, connect, said_to

METRICS = b"GET /metrics HTTP/1.1\r\nHost: here\r\n\r\n"


async def test_the_metrics_are_there_beside_many_connections_that_do_nothing() -> None:
    port = free_port()
    limits = HttpLimits(connections=8, connections_per_address=8, head_ms=60_000)
    async with metrics_served(DeliverMetrics().registry, MetricsAddress("127.0.0.1", port), limits):
        idle = [await connect(port) for _ in range(100)]
        async with ClientSession() as session, session.get(f"http://127.0.0.1:{port}/metrics") as answer:
            names = {family.name for family in text_string_to_metric_families(await answer.text())}
        assert "tierflow_deliver_in_flight" in names
        assert await idle[0][0].read() == b""
        for _, writer in idle:
            writer.close()


@pytest.mark.parametrize(
    ("request_", "status"), [(b"GET /\0 HTTP/1.1\r\n\r\n", 400), (METRICS.replace(b"GET", b"PUT"), 405)]
)
async def test_what_is_no_request_for_metrics_is_refused(request_: bytes, status: int) -> None:
    port = free_port()
    async with metrics_served(DeliverMetrics().registry, MetricsAddress("127.0.0.1", port), HttpLimits(idle_ms=100)):
        said = await said_to(port, request_)
        reader, writer = await connect(port)
        writer.write(METRICS * 2)
        assert [(await answer_of(reader)).status for _ in range(2)] == [200, 200]
        writer.close()
    assert (said.status, said.headers["content-type"]) == (status, "application/problem+json")


async def test_an_address_that_is_taken_is_said() -> None:
    at = MetricsAddress("127.0.0.1", free_port())
    async with metrics_served(DeliverMetrics().registry, at, HttpLimits()):
        with pytest.raises(UsageError, match=f"--metrics-port: 127.0.0.1:{at.port} cannot be listened on"):
            async with metrics_served(DeliverMetrics().registry, at, HttpLimits()):
                pass
