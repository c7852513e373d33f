"""A request of a delivery as a span: in the trace of its event, without what would tell of the customer."""

import json

import pytest
from aiokafka import ConsumerRecord, TopicPartition
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, Sampler

from streams.deliver.clock import Clock
from streams.deliver.config import Endpoint as Configured
from streams.deliver.config import Target
from streams.deliver.pending import Event
from streams.deliver.request import attributes
from streams.deliver.sender import Sender
from streams.deliver.spans import RequestSpans
from tests.support.deliveries import change, cloud_event
from tests.support.http_endpoint import SECRET, VARIABLE, Endpoint

TRACE_ID, SPAN_ID = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACE = f"00-{TRACE_ID}-{SPAN_ID}-01"


def an_event(traceparent: str = "") -> Event:
    value = change("C001", 2)
    headers = [*cloud_event(value), *([("traceparent", traceparent.encode())] if traceparent else [])]
    body = json.dumps(value).encode()
    record = ConsumerRecord("tier.changes", 0, 7, 0, 0, b"C001", body, None, 4, len(body), headers)
    found = attributes(headers)
    assert found is not None
    return Event(TopicPartition("tier.changes", 0), record, found, 0, body)


async def sent(status: int, traceparent: str = "", sampler: Sampler = ALWAYS_ON) -> tuple[list[ReadableSpan], str]:
    """Gives the spans of one request that is answered by a status, and the trace that the endpoint was told."""
    exporter, provider = InMemorySpanExporter(), TracerProvider(sampler=sampler, shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    async with Endpoint(lambda _: status) as endpoint:
        target = Target(Configured(name="crm", url=f"{endpoint.url}?key=hidden", secret_env=VARIABLE), (SECRET,))
        async with Sender(target, Clock(), "tierflow", RequestSpans(provider.get_tracer("test"))) as sender:
            await sender.send(an_event(traceparent))
    return list(exporter.get_finished_spans()), endpoint.requests[0].headers.get("traceparent", "")


async def test_a_request_is_a_span_in_the_trace_of_its_event_and_the_endpoint_is_told_of_it() -> None:
    [span], told = await sent(204, TRACE)
    assert span.context is not None
    assert span.parent is not None
    assert told == f"00-{TRACE_ID}-{span.context.span_id:016x}-01"
    assert f"{span.parent.span_id:016x}" == SPAN_ID
    assert span.attributes is not None
    assert span.attributes["http.response.status_code"] == 204
    assert span.attributes["tierflow.endpoint"] == "crm"
    assert span.status.is_unset
    assert not any(word in span.to_json() for word in ("C001", "hidden"))


@pytest.mark.parametrize(("status", "answer"), [(422, "refused"), (500, "failed")])
async def test_what_is_not_accepted_is_an_error(status: int, answer: str) -> None:
    [span], _ = await sent(status)
    assert span.parent is None
    assert span.attributes is not None
    assert (span.attributes["error.type"], span.status.description) == (answer, f"status {status}")


async def test_where_it_is_not_sampled_the_endpoint_gets_the_trace_of_the_input() -> None:
    assert await sent(204, TRACE, ALWAYS_OFF) == ([], TRACE)
