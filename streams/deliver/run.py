"""The process of `tierflow deliver`: the couriers of all endpoints, until SIGTERM or SIGINT."""

import asyncio
import logging
import time
from collections.abc import Coroutine, Sequence
from contextlib import aclosing
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from random import Random
from typing import TYPE_CHECKING

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from streams.api.server import allow_open_files
from streams.deliver.clock import Clock
from streams.deliver.config import Target
from streams.deliver.courier import Courier, Shared
from streams.deliver.metrics import DeliverMetrics
from streams.deliver.metrics_server import MetricsAddress, metrics_served
from streams.errors import NEEDS_A_PERSON, TRY_AGAIN, UsageError, named
from streams.kafka.contact import LOOK_EVERY_S, KafkaContact, RefusedError
from streams.kafka.erasures import Erasures, read_erasures
from streams.kafka.follow import follow
from streams.kafka.keys import Keys, UnopenedError
from streams.kafka.never_taken import FORBIDDEN
from streams.kafka.permitted import RightsError, check_rights, lacked
from streams.kafka.redelivery import REQUEST_BYTES
from streams.kafka.rights.programs import deliver as deliver_rows
from streams.kafka.rights.right import Rows
from streams.kafka.topics import partition_count
from streams.kafka.unchanged import confirmed
from streams.settings import Settings
from streams.signals import when_asked_to_end
from streams.tracing.start import tracer_of

if TYPE_CHECKING:  # OpenTelemetry's packages are an extra
    from streams.deliver.spans import RequestSpans

RIGHTS_LOOKED_AT_EVERY_S = 10.0
# Longer than it takes to learn that no broker answers, which is said for all endpoints at once.
SILENT_AFTER_S = 10.0
_log = logging.getLogger(__name__)


async def prepare(settings: Settings, targets: Sequence[Target]) -> Rows:
    """Checks rights and topics; gives the rights that are needed.

    Raises:
        UsageError: Kafka, a right or a topic is not there.
    """
    rows = _needed(settings, targets)
    await check_rights(settings, "deliver", rows)
    await _check_topics(settings, targets)
    return rows


async def deliver(settings: Settings, targets: Sequence[Target], metrics_at: MetricsAddress | None, rows: Rows) -> int:
    """Delivers until a signal asks for the end. rows: the rights that are needed.

    Gives the exit status: 0, 70 if Kafka has failed and a new start may help, 2 if a right was taken away.

    Raises:
        UsageError: The address of the metrics cannot be used at the start.
    """
    allow_open_files()
    metrics = DeliverMetrics()
    async with metrics_served(metrics.registry, metrics_at, settings.http_limits):
        return await _deliver(settings, targets, metrics, rows)


async def _deliver(settings: Settings, targets: Sequence[Target], metrics: DeliverMetrics, rows: Rows) -> int:
    spans = _spans_of(settings)
    producer = AIOKafkaProducer(**settings.client_options(), enable_idempotence=True, max_request_size=REQUEST_BYTES)
    status = 0
    try:
        await producer.start()
        async with Keys(settings) as keys:
            erasures = await read_erasures(settings)
            random = Random().random  # noqa: S311 - for pauses
            shared = Shared(producer, metrics, Clock(), random, _agent(), erasures, keys, spans)
            couriers = [Courier(settings, target, shared) for target in targets]
            contact = KafkaContact(settings.client_options())
            metrics.reachable.set_function(lambda: not contact.are_away())
            watches = [
                contact.watch(lambda: _heard_at_ms(couriers), lambda: False, _raise),
                _say_whether_kafka_answers(couriers, contact, metrics),
                _watch_rights(settings, rows),
                _hear_of_erasures(settings, erasures, contact),
            ]
            await _until_asked(couriers, watches)
    except* RightsError as errors:
        _log.critical("%s; nothing is lost, start again when it has that", _first(errors))
        status = NEEDS_A_PERSON
    except* UnopenedError as errors:
        _log.critical("%s; nothing is lost, start again then", _first(errors))
        status = NEEDS_A_PERSON
    except* RefusedError as errors:
        _log.critical("%s; nothing is lost, start again", _first(errors))
        status = TRY_AGAIN
    except* KafkaError as errors:
        first = _first(errors)
        lacking = await _lacking(settings, rows) if isinstance(first, FORBIDDEN) else None
        _log.critical(
            "Kafka cannot be used any more (%s); nothing is lost, start again%s",
            named(first),
            "" if lacking is None else f" when it has what it lacks: {lacking}",
        )
        status = TRY_AGAIN if lacking is None else NEEDS_A_PERSON
    finally:
        await producer.stop()
    return status


def _spans_of(settings: Settings) -> "RequestSpans | None":
    tracer = tracer_of(settings, "deliver")
    if tracer is None:
        return None
    from streams.deliver.spans import RequestSpans  # noqa: PLC0415 - of an extra that not everybody has

    return RequestSpans(tracer)


async def _until_asked(couriers: Sequence[Courier], watches: Sequence[Coroutine[None, None, None]]) -> None:
    """Runs the couriers until a signal comes; returns when all have ended."""
    asked = asyncio.Event()
    when_asked_to_end(asked.set, asyncio.get_running_loop())
    async with asyncio.TaskGroup() as group:
        running = [group.create_task(courier.run()) for courier in couriers]
        _log.info("delivering to %s", ", ".join(courier.endpoint.name for courier in couriers))
        running += [group.create_task(watch) for watch in watches]
        await asked.wait()
        for task in running:
            task.cancel()


async def _hear_of_erasures(settings: Settings, erasures: Erasures, contact: KafkaContact) -> None:
    """Keeps up to date who was erased: what waits for a retry, or behind an endpoint that is down, must not go out."""
    topic = settings.output_topic("erasures")
    while True:
        records = follow(settings, [topic], from_beginning=True, next_offsets=erasures.next_offsets)
        try:
            async with aclosing(records):
                async for record in records:
                    erasures.add(record)
        except UsageError as error:
            if not contact.are_away():
                _log.warning("%s; it is tried again", error)
            await asyncio.sleep(LOOK_EVERY_S)


def _heard_at_ms(couriers: Sequence[Courier]) -> int:
    return int(1000 * min(courier.member_until for courier in couriers))


async def _say_whether_kafka_answers(
    couriers: Sequence[Courier], contact: KafkaContact, metrics: DeliverMetrics
) -> None:
    """Shows it for each endpoint, and says it where a broker answers: that none does is said once for all."""
    silent: dict[str, bool] = {}
    while True:
        for courier in couriers:
            name, silent_s = courier.endpoint.name, time.monotonic() - max(courier.member_until, contact.answers_since)
            metrics.show_kafka(name, answers=silent_s < 0)
            is_silent = silent_s > SILENT_AFTER_S and not contact.are_away()
            was_silent = silent.get(name, False)
            if is_silent and not was_silent:
                _log.warning("endpoint %s: Kafka does not answer; its events wait, and nothing of them is lost", name)
            if was_silent and silent_s < 0:
                _log.info("endpoint %s: Kafka answers again", name)
            silent[name] = is_silent or (was_silent and silent_s >= 0)
        await asyncio.sleep(LOOK_EVERY_S)


def _raise(error: BaseException) -> None:
    raise error


def _needed(settings: Settings, targets: Sequence[Target]) -> Rows:
    """Gives the rights for these endpoints."""
    outputs = {stream for target in targets for stream in target.endpoint.events}
    return deliver_rows(settings, sorted(outputs), [target.endpoint.name for target in targets])


async def _watch_rights(settings: Settings, rows: Rows) -> None:
    """Ends all when a right is missing for a while. aiokafka reads on without a topic that it may no longer see.

    Raises:
        RightsError: A right is missing.
    """
    while True:
        await asyncio.sleep(RIGHTS_LOOKED_AT_EVERY_S)
        said = await confirmed(partial(_lacking, settings, rows))
        if said is not None:
            raise RightsError(said)


async def _lacking(settings: Settings, rows: Rows) -> str | None:
    """Says which rights are missing now; None where none is, or nobody answers."""
    try:
        return await lacked(settings, "deliver", rows)
    except KafkaError:
        return None


async def _check_topics(settings: Settings, targets: Sequence[Target]) -> None:
    names = {settings.output_topic(stream) for target in targets for stream in target.endpoint.events}
    topics = sorted({*names, settings.output_topic("erasures"), settings.parked_topic, settings.resend_topic})
    found = await asyncio.gather(*(partition_count(settings, topic) for topic in topics))
    counts = dict(zip(topics, found, strict=True))
    if len(set(counts.values())) > 1:
        listed = ", ".join(f"{name} {count}" for name, count in counts.items())
        raise UsageError(
            f"the topics have different partition counts ({listed}); all must have the same, or a customer's events "
            "come to different processes: make the odd ones anew"
        )


def _agent() -> str:
    try:
        return f"tierflow/{version('tierflow')}"
    except PackageNotFoundError:
        return "tierflow"


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    first: BaseException = errors
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    return first
