"""Traces that began elsewhere: what an input's `traceparent` says of them (W3C)."""

from collections.abc import Iterable

from opentelemetry.trace import INVALID_SPAN_CONTEXT, SpanContext, TraceFlags

from streams.contracts.trace import trace_of

LINKS_LIMIT = 128  # as many as a span takes (OTEL_SPAN_LINK_COUNT_LIMIT)


def span_context(traceparent: str) -> SpanContext:
    """Gives the span that a header names; an invalid one where it names none. traceparent: of the right form."""
    version, trace_id, span_id, flags = traceparent.split("-")
    if version == "ff":
        return INVALID_SPAN_CONTEXT
    return SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=True, trace_flags=TraceFlags(int(flags, 16)))


def traceparent_of(context: SpanContext) -> str:
    """Gives the header that names a span."""
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


def spans_behind(records: Iterable[object]) -> list[SpanContext]:
    """Gives the spans that the headers of records name, each once, the first LINKS_LIMIT of them."""
    found = dict[str, SpanContext]()
    for record in records:
        for _, value in trace_of(record):
            header = value.decode()
            if header not in found and (context := span_context(header)).is_valid:
                found[header] = context
                if len(found) == LINKS_LIMIT:
                    return list(found.values())
    return list(found.values())
