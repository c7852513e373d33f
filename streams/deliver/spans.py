"""The span of a request to an endpoint, in the trace of the input that the event came of.

Names and attributes are those of OpenTelemetry's conventions for HTTP clients (docs/operations.md#traces); the URL is
left out, since it may hold a secret. Imported only where spans are asked for: OpenTelemetry's packages are an extra.
"""

from opentelemetry.trace import NonRecordingSpan, Span, SpanKind, Status, StatusCode, Tracer, set_span_in_context
from yarl import URL

from streams.contracts.trace import TRACEPARENT, is_traceparent
from streams.deliver.answers import Answer
from streams.deliver.config import Endpoint
from streams.deliver.pending import Event
from streams.tracing.remote import span_context, traceparent_of


class RequestSpan:
    """The span of one request, until there is an answer."""

    def __init__(self, span: Span) -> None:
        self._span = span

    @property
    def headers(self) -> dict[str, str]:
        """The header that makes what the endpoint does a part of the trace; none where the span is not sampled."""
        return {TRACEPARENT: traceparent_of(self._span.get_span_context())} if self._span.is_recording() else {}

    def has_status(self, status: int) -> None:
        """Notes the status of the answer."""
        self._span.set_attribute("http.response.status_code", status)

    def end(self, answer: Answer | None) -> None:
        """Ends it. answer: None where the request was given up."""
        kind, reason = ("given_up", "given up") if answer is None else (answer.kind, answer.reason)
        self._span.set_attribute("tierflow.answer", kind)
        if kind != "accepted":
            self._span.set_attribute("error.type", kind)
            self._span.set_status(Status(StatusCode.ERROR, reason))
        self._span.end()


class RequestSpans:
    """Makes the spans of requests."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    def begin(self, event: Event, endpoint: Endpoint) -> RequestSpan:
        """Begins the span of a request."""
        url, trace = URL(endpoint.url), event.attributes.get(TRACEPARENT, "")
        parent = set_span_in_context(NonRecordingSpan(span_context(trace))) if is_traceparent(trace) else None
        attributes: dict[str, str | int] = {
            "http.request.method": "POST",
            "http.request.resend_count": event.attempts,
            "server.address": url.host or "",
            "server.port": url.port or 0,
            "cloudevents.event_type": event.attributes.get("type", ""),
            "tierflow.endpoint": endpoint.name,
        }
        return RequestSpan(self._tracer.start_span("POST", parent, kind=SpanKind.CLIENT, attributes=attributes))
