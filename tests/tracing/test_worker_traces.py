"""What a collector gets of a real worker, and that a worker does not need one."""

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from streams.settings import Settings
from tests.support.collector import Collector, attributes_of
from tests.support.patience import until
from tests.support.worker_processes import (
    Events,
    Workers,
    applied,
    audit_is_clean,
    owner,
    read,
    read_changes,
    trace_of,
)

SOON = {"OTEL_BSP_SCHEDULE_DELAY": "50"}
STEPS = {"wait", "decode", "work", "pack", "commit"}


async def test_a_batch_is_a_span_with_its_steps_linked_to_the_traces_of_its_inputs(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path
) -> None:
    with Collector() as collector, Workers(environment, tmp_path) as workers:
        patient = {"OTEL_EXPORTER_OTLP_TIMEOUT": "60"}  # a busy machine may take its time
        worker = workers.start(TIERFLOW_OTLP_ENDPOINT=collector.endpoint, **SOON, **patient)
        await worker.ready()
        async with Events(settings) as events:
            await events.balance("C-secret", 600_000)
            await events.settle()
            await applied(settings)
            await events.put("credit", "C-secret")
            await events.put("credit", "C-secret", raw=b"no JSON of C-secret")
            await events.settle()
            await applied(settings)
        topic = settings.input_topic("balances")
        # The span of a batch comes behind those of its steps.
        await until(lambda: of_name(collector, f"process {topic}"), 20, "its span has come")
        assert await worker.stop() == 0
    await audit_is_clean(environment)
    [batch] = of_name(collector, f"process {topic}")
    told = attributes_of(batch)
    assert told | {"tierflow.transaction": 0} == {
        "messaging.system": "kafka",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.destination.name": topic,
        "messaging.destination.partition.id": str(owner("C-secret")),
        "messaging.consumer.group.name": settings.app_id,
        "messaging.batch.message_count": 1,
        "tierflow.stage": "customers",
        "tierflow.transaction": 0,
        "tierflow.messages": 3,
    }
    assert [link.trace_id.hex() for link in batch.links] == [f"{1:032x}"]
    within = {span.name: span for span in collector.spans if span.parent_span_id == batch.span_id}
    assert within.keys() == STEPS
    requests = {span.name for span in collector.spans if span.parent_span_id == within["commit"].span_id}
    assert {"produce", "offsets", "end"} <= requests
    for span in collector.spans:
        assert batch.trace_id != span.trace_id or (
            batch.start_time_unix_nano <= span.start_time_unix_nano <= span.end_time_unix_nano
            and span.end_time_unix_nano <= batch.end_time_unix_nano
        )
    assert collector.resource["service.name"] == "tierflow-worker"
    assert collector.resource["service.namespace"] == settings.app_id
    assert not any(b"C-secret" in body for body in collector.raw)
    letters = await read(settings, settings.output_topic("dead-letters"))
    assert [list(letter.headers) for letter in letters] == [[], trace_of(3)]


def of_name(collector: Collector, name: str) -> list[Any]:
    return [span for span in collector.spans if span.name == name]


async def test_a_collector_that_is_away_is_told_of_once_and_waited_for_by_nobody(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path
) -> None:
    collector = Collector()
    with Workers(environment, tmp_path) as workers:
        worker = workers.start(TIERFLOW_OTLP_ENDPOINT=collector.endpoint, **SOON)
        await worker.ready()
        async with Events(settings) as events:
            await events.balance("C1", 600_000)
            await events.settle()
            await applied(settings)
            assert (await read_changes(settings)).tiers() == {"C1": "mid"}
            await until(lambda: worker.says("spans are not taken by"), 20, "the worker says so")
            await events.balance("C1", 100_000)
            await events.settle()
            await applied(settings)
            with collector:

                async def is_taken_again() -> bool:
                    await events.balance("C1", 600_000)
                    return bool(collector.spans and worker.says("spans are taken again by"))

                await until(is_taken_again, 20, "spans come again")
                assert await worker.stop() == 0
        said = worker.says(r"spans are (not taken|taken again) by")
        assert all(one != following for one, following in pairwise(said))
        assert not worker.says("opentelemetry")
