"""How spans are made: links, errors, and what a process says that cannot trace."""

import sys
from collections import Counter
from collections.abc import Mapping

import pytest
from aiokafka.errors import ProducerFenced
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import StatusCode

from streams.contracts.kept import LaneRecord
from streams.errors import UsageError
from streams.kafka.producers import TransactionFailedError
from streams.kafka.transactional import RoundTrip
from streams.partition.entries import Entry, LargeRecord
from streams.partition.work import Work
from streams.settings import Settings
from streams.tracing.remote import LINKS_LIMIT, spans_behind
from streams.tracing.start import tracer_of
from streams.worker.spans import BatchSpans
from streams.worker.steps import StepTimes
from tests.support.batches import ASSETS_ONLY
from tests.worker.test_lane import stage_of

WORK = Work({}, [], LaneRecord((), 7, 0), Counter())
TRIPS = {"produce": RoundTrip(1.0, 1.5, 0.4)}


def record(traceparent: str) -> LargeRecord:
    return LargeRecord(0, 0, b"C1", b"", None, [("traceparent", traceparent.encode())])


def traced(number: int) -> LargeRecord:
    return record(f"00-{number:032x}-{1:016x}-01")


def spans_of(entries: list[Entry], error: BaseException | None = None) -> list[ReadableSpan]:
    exporter, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    times = StepTimes(0.5)
    times.done("work")
    times.done("commit")
    BatchSpans(provider.get_tracer("test")).ended(stage_of(ASSETS_ONLY), 3, entries, WORK, times, TRIPS, error)
    return list(exporter.get_finished_spans())


def test_a_trace_is_linked_once_and_only_so_many_are() -> None:
    assert len(spans_behind([traced(1), traced(1), traced(2)])) == 2
    assert len(spans_behind(map(traced, range(1, 1_000)))) == LINKS_LIMIT


@pytest.mark.parametrize(
    "traceparent", [f"00-{0:032x}-{1:016x}-01", f"00-{1:032x}-{0:016x}-01", f"ff-{1:032x}-{1:016x}-01", "nonsense"]
)
def test_what_names_no_span_is_not_linked(traceparent: str) -> None:
    assert not spans_behind([record(traceparent)])


def test_a_batch_of_several_topics_names_no_destination() -> None:
    entries = [Entry(0, topic, 1, None, traced(1 + topic)) for topic in (0, 1)]
    batch = spans_of(entries)[-1]
    assert batch.name == "process"
    assert batch.attributes is not None
    assert "messaging.destination.name" not in batch.attributes
    assert batch.attributes["messaging.batch.message_count"] == 2
    assert len(batch.links) == 2


def test_a_failed_transaction_is_an_error_by_its_name() -> None:
    error = TransactionFailedError("partition 3: ProducerFenced")
    error.__cause__ = ProducerFenced("what a library quotes of C1")
    batch = spans_of([], error)[-1]
    assert batch.status.status_code is StatusCode.ERROR
    assert batch.attributes is not None
    assert batch.attributes["error.type"] == "ProducerFenced"
    assert batch.status.description == "TransactionFailedError: partition 3: ProducerFenced"


def test_what_is_not_sampled_costs_no_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    spans = BatchSpans(TracerProvider(sampler=ALWAYS_OFF, shutdown_on_exit=False).get_tracer("test"))
    monkeypatch.setattr(spans, "_part", None)  # calling it would fail
    spans.ended(stage_of(ASSETS_ONLY), 3, [], WORK, StepTimes(0.0), TRIPS)


def test_nobody_traces_who_did_not_ask_for_it(names: Mapping[str, str]) -> None:
    assert tracer_of(Settings.from_environment(names, dotenv=None), "worker") is None


@pytest.mark.parametrize("endpoint", ["collector:4318", "http://", "http://me:secret@host:4318", "http://host?x=1"])
def test_an_endpoint_that_is_none_stops_the_start(names: Mapping[str, str], endpoint: str) -> None:
    with pytest.raises(UsageError, match=r"TIERFLOW_OTLP_ENDPOINT cannot be used; write http://host:4318") as raised:
        Settings.from_environment({**names, "TIERFLOW_OTLP_ENDPOINT": endpoint}, dotenv=None)
    assert "secret" not in str(raised.value)


def test_without_the_extra_the_start_says_what_to_install(
    names: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.resources", None)
    monkeypatch.delitem(sys.modules, "streams.tracing.export", raising=False)
    settings = Settings.from_environment({**names, "TIERFLOW_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, dotenv=None)
    with pytest.raises(UsageError, match=r"not installed; install tierflow\[otlp\]"):
        tracer_of(settings, "worker")
