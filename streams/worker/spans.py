"""The span of a batch: one transaction, with its steps, and links to the traces that its inputs came of.

Names and attributes are those of OpenTelemetry's conventions for messaging; what is our own begins with `tierflow.`
(docs/operations.md#traces). Imported only where spans are asked for: OpenTelemetry's packages are an extra.
"""

import time
from collections.abc import Mapping, Sequence

from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer, set_span_in_context

from streams.errors import named
from streams.kafka.transactional import RoundTrip
from streams.partition.entries import Entry
from streams.partition.work import Work
from streams.stages.stage import Stage
from streams.tracing.remote import spans_behind
from streams.worker.steps import StepTimes


class BatchSpans:
    """Makes the spans of batches, each once it is known how its transaction ended."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    def ended(  # noqa: PLR0913, PLR0917 - all that it tells
        self,
        stage: Stage,
        number: int,
        entries: Sequence[Entry],
        work: Work,
        times: StepTimes,
        round_trips: Mapping[str, RoundTrip],
        error: BaseException | None = None,
    ) -> None:
        """Makes the span of a batch. entries: those that were worked. error: why its transaction failed."""
        # perf_counter has no beginning that means anything: how far the epoch's is from it now.
        to_epoch_ns = time.time_ns() - time.perf_counter_ns()
        span = self._begun(stage, number, entries, work, to_epoch_ns + _ns(times.begins_at_s))
        if not span.is_recording():  # the sampler does not want it
            return
        for context in spans_behind(entry.record for entry in entries):
            span.add_link(context)
        if error is not None:
            span.set_attribute("error.type", type(error.__cause__ or error).__qualname__)
            span.set_status(Status(StatusCode.ERROR, named(error)))
        self._add_parts(span, times, round_trips, to_epoch_ns)
        span.end(to_epoch_ns + _ns(times.begins_at_s + times.total_s))

    def _add_parts(self, span: Span, times: StepTimes, round_trips: Mapping[str, RoundTrip], to_epoch_ns: int) -> None:
        """Makes the spans of the steps, one after the other; requests of the transaction are parts of `commit`."""
        at_ns = to_epoch_ns + _ns(times.begins_at_s)
        for step, seconds in times.seconds.items():
            part = self._part(step, span, at_ns)
            if step == "commit":
                for request, trip in round_trips.items():
                    one = self._part(request, part, to_epoch_ns + _ns(trip.began_s), SpanKind.CLIENT)
                    one.end(to_epoch_ns + _ns(trip.ended_s))
            at_ns += _ns(seconds)
            part.end(at_ns)

    def _begun(self, stage: Stage, number: int, entries: Sequence[Entry], work: Work, at_ns: int) -> Span:
        topics = {entry.topic for entry in entries}
        attributes: dict[str, str | int] = {
            "messaging.system": "kafka",
            "messaging.operation.name": "process",
            "messaging.operation.type": "process",
            "messaging.consumer.group.name": stage.group,
            "messaging.destination.partition.id": str(number),
            "messaging.batch.message_count": len(entries),
            "tierflow.stage": stage.name,
            "tierflow.transaction": work.lane.counter,
            "tierflow.messages": len(work.messages),
        }
        name = "process"
        if len(topics) == 1:  # a destination is told where it is that of all messages
            attributes["messaging.destination.name"] = topic = stage.inputs[topics.pop()]
            name = f"process {topic}"
        # No parent: a batch is of many traces. They are linked.
        return self._tracer.start_span(name, kind=SpanKind.CONSUMER, attributes=attributes, start_time=at_ns)

    def _part(self, name: str, parent: Span, at_ns: int, kind: SpanKind = SpanKind.INTERNAL) -> Span:
        attributes = {"messaging.system": "kafka"} if kind is SpanKind.CLIENT else None
        context = set_span_in_context(parent)
        return self._tracer.start_span(name, context, kind=kind, attributes=attributes, start_time=at_ns)


def _ns(seconds: float) -> int:
    return int(seconds * 1e9)
