"""The end of a transaction is lost, and arrives in a later one (streams/kafka/transactional.py); two real brokers."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import msgspec
import pytest
from aiokafka import AIOKafkaProducer, ConsumerRecord
from aiokafka.errors import ConcurrentTransactions, InvalidTxnState, ProducerFenced

from streams.contracts.letters import base64_or_none
from streams.contracts.outputs import DeadLetterMessage
from streams.deliver import resend as resending
from streams.deliver.parked import parked_headers, sent_again
from streams.errors import UsageError
from streams.kafka import redelivery, transactional
from streams.kafka.dead_letters import Choice, extent, replayed_letters
from streams.kafka.topic_specs import TopicSpec
from streams.kafka.transactional import TransactionalProducer
from streams.partition.outputs import sent_to
from streams.partition.work import CHANGES, Message
from streams.settings import Settings
from tests.support import batches
from tests.support.batches import NUMBER, read, started, written
from tests.support.event_flow import AMOUNTS
from tests.support.kafka_proxy import Request, Watch, proxies
from tests.support.late_ends import LateEnd, produce_to, second_produce
from tests.support.patience import stretched
from tests.support.two_brokers import TwoBrokers, environments, make_topics
from tests.support.worker_processes import SOAK, Events, Workers, all_is_right, applied, customers_of, metrics
from tests.support.works import with_output

only_in_a_soak = pytest.mark.skipif(not SOAK, reason="takes long; make soak runs it")
# The broker's answer to an end of a former epoch, by protocol: INVALID_PRODUCER_EPOCH, PRODUCER_FENCED.
FENCED = {1: 47, 2: 90}
mended = pytest.mark.parametrize("protocol", [1], indirect=True)  # the second one needs no mend
only_the_first_when_short = pytest.mark.parametrize(
    "protocol", [1, pytest.param(2, marks=only_in_a_soak)], indirect=True
)
# A worker that never takes the second protocol.
IN_PROTOCOL_1 = """
import sys
from streams.cli.main import run
from streams.kafka import transactional
async def has_not(_):
    return False
transactional.has_protocol_2 = has_not
sys.argv = ["tierflow", "worker"]
run()
"""
ON_BOTH: Callable[[TopicSpec], int] = lambda spec: 1 if spec.name.endswith("-changelog") else 2  # noqa: E731
_numbers = itertools.count(1)


class Place(NamedTuple):
    """What a test has on the cluster: its settings, as they are and by way of the proxies."""

    direct: dict[str, str]
    proxied: dict[str, str]
    settings: Settings
    proxied_settings: Settings
    ports: list[tuple[int, int]]

    def proxies(self, watch: Watch) -> Any:
        return proxies(watch, self.ports)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoBrokers]:
    made = TwoBrokers(tmp_path_factory.mktemp("two-brokers"))
    made.start()
    yield made
    made.stop()


@pytest.fixture
def leader() -> Callable[[TopicSpec], int]:
    """The node of each topic; a test may give others by parametrizing this."""
    return lambda _: 1


@pytest.fixture
def place(cluster: TwoBrokers, tmp_path: Path, leader: Callable[[TopicSpec], int]) -> Place:
    direct, proxied = environments(cluster, f"late{next(_numbers)}", tmp_path)
    settings = Settings.from_environment(direct, dotenv=None)
    asyncio.run(make_topics(settings, leader))
    return Place(direct, proxied, settings, Settings.from_environment(proxied, dotenv=None), cluster.proxy_ports)


@asynccontextmanager
async def running(producer: Any) -> AsyncIterator[Any]:
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


async def send(settings: Settings, producer: Any, *values: bytes) -> None:
    for value in values:
        await producer.send_and_wait(settings.changelog_topic, value, key=b"k", partition=NUMBER)


async def values_of(settings: Settings, topic: str) -> list[bytes]:
    return [record.value for record in await read(settings, topic)]


# --- one producer ---


@pytest.mark.parametrize("end", ["commit", "abort"])
async def test_plain_aiokafka_ends_a_later_transaction_by_half(place: Place, end: str) -> None:
    """What all this is for. Where it fails, aiokafka or Kafka is mended: read docs/adr/0006 again."""
    settings = place.settings
    watch = Watch(hold=lambda request: request.name == "EndTxn")
    options = place.proxied_settings.client_options()
    plain = AIOKafkaProducer(**options, transactional_id=f"{settings.app_id}-plain", retry_backoff_ms=5)
    async with place.proxies(watch), running(plain) as producer:
        await producer.begin_transaction()
        await send(settings, producer, b"1")
        await getattr(producer, f"{end}_transaction")()
        await producer.begin_transaction()
        await send(settings, producer, b"2")
        assert watch.held is not None
        assert await watch.held.release() == 0
        # Nobody has ended the second transaction, and what it wrote so far is decided.
        assert await values_of(settings, settings.changelog_topic) == ([b"1", b"2"] if end == "commit" else [])
        with pytest.raises(InvalidTxnState):
            await send(settings, producer, b"3")


@pytest.mark.parametrize("end", ["commit", "abort"])
async def test_a_late_end_is_refused_and_the_later_transaction_stays_whole(
    place: Place, end: str, protocol: int
) -> None:
    settings, raised = place.settings, list[None]()
    late = LateEnd(f"{settings.app_id}-ours", second_produce)
    ours = TransactionalProducer(
        place.proxied_settings.client_options(), late.transactional_id, lambda: raised.append(None), retry_backoff_ms=5
    )
    async with place.proxies(late.watch), running(ours) as producer:
        await getattr(producer, end)(lambda each: send(settings, each, b"1"))
        await producer.commit(lambda each: send(settings, each, b"2", b"3"))
        assert late.error_code == FENCED[protocol]
        await producer.commit(lambda each: send(settings, each, b"4"))
    assert await values_of(settings, settings.changelog_topic) == [
        *([b"1"] if end == "commit" else []),
        b"2",
        b"3",
        b"4",
    ]
    assert len(raised) == {1: 1, 2: 0}[protocol]


async def test_an_end_that_is_never_answered_counts_as_lost_too(place: Place, protocol: int) -> None:
    settings = place.settings
    late = LateEnd(f"{settings.app_id}-ours", second_produce)
    late.watch.reset = False  # the connection stays, and is silent
    ours = TransactionalProducer(
        place.proxied_settings.client_options(), late.transactional_id, retry_backoff_ms=5, request_timeout_ms=1_000
    )
    async with place.proxies(late.watch), running(ours) as producer:
        await producer.commit(lambda each: send(settings, each, b"1"))
        await producer.commit(lambda each: send(settings, each, b"2", b"3"))
    assert late.error_code == FENCED[protocol]
    assert await values_of(settings, settings.changelog_topic) == [b"1", b"2", b"3"]


@mended
@pytest.mark.usefixtures("protocol")
async def test_a_raise_that_arrives_late_itself_aborts_the_later_transaction_whole(place: Place) -> None:
    settings = place.settings
    name = f"{settings.app_id}-ours"
    late = LateEnd(name, second_produce, held=lambda request: request.name == "InitProducerId" and request.flexible)
    options = place.proxied_settings.client_options()
    async with place.proxies(late.watch):
        async with running(TransactionalProducer(options, name, retry_backoff_ms=5)) as producer:
            await producer.commit(lambda each: send(settings, each, b"1"))
            producer._may_end_late = True
            with pytest.raises(ProducerFenced):
                await producer.commit(lambda each: send(settings, each, b"2", b"3"))
        async with running(TransactionalProducer(options, name)) as another:
            await another.commit(lambda each: send(settings, each, b"4"))
    assert late.error_code == ConcurrentTransactions.errno
    assert await values_of(settings, settings.changelog_topic) == [b"1", b"4"]


@pytest.mark.usefixtures("protocol")
async def test_where_nothing_is_lost_no_request_is_added(place: Place) -> None:
    settings, watch = place.settings, Watch()
    name = f"{settings.app_id}-ours"
    ours = TransactionalProducer(place.proxied_settings.client_options(), name, retry_backoff_ms=5)
    async with place.proxies(watch), running(ours) as producer:
        begun = watch.count("InitProducerId", name)  # more than one where the broker was not ready yet
        for value in (b"1", b"2", b"3"):
            await producer.commit(lambda each, value=value: send(settings, each, value))
    assert watch.count("InitProducerId", name) == begun
    assert watch.count("EndTxn", name) >= 3  # more where the broker had one asked again


# --- all that commits ---


@only_the_first_when_short
async def test_a_batch_in_several_requests_is_committed_whole(place: Place, protocol: int) -> None:
    """The tear that one broker is enough for: a batch is larger than a request."""
    settings = place.settings
    late = LateEnd(f"{settings.app_id}-{NUMBER}-a", second_produce)
    made = batches.batches(settings)
    async with place.proxies(late.watch), started(place.proxied_settings) as transactions:
        for amount in ("1", "600000"):
            await transactions.commit(made.next(amount))
        large = made.next("5000000")
        [change] = sent_to(large, CHANGES)
        many = [Message(change.key, (change.value or b"") + b" " * 100_000, change.headers)] * 30
        await transactions.commit(with_output(large, CHANGES, many))
    assert late.error_code == FENCED[protocol]
    assert await written(settings) == {"changes": 32, "current": 3, "order": 3, "changelog": 6}


async def _put_letters(settings: Settings, count: int) -> None:
    async with AIOKafkaProducer(**settings.client_options()) as producer:
        for number in range(count):
            letter = DeadLetterMessage(
                topic=settings.input_topic("balances"), partition=NUMBER, offset=number, key_base64=None,
                value_base64=base64_or_none(b"%d" % number), reason="malformed", detail="", at="",
            )  # fmt: skip
            value = msgspec.json.encode(letter)
            await producer.send_and_wait(settings.output_topic("dead-letters"), value, partition=NUMBER)


@only_the_first_when_short
async def test_dead_letters_are_sent_and_marked_or_neither(
    place: Place, monkeypatch: pytest.MonkeyPatch, protocol: int
) -> None:
    monkeypatch.setattr(redelivery, "LETTERS_LIMIT", 1)
    settings = place.settings
    await _put_letters(settings, 3)
    late = LateEnd(f"{settings.app_id}-dead-letters", second_produce)  # after the letter, before its mark
    async with place.proxies(late.watch):
        try:
            sent = await redelivery.send_again(place.proxied_settings, await extent(settings), Choice())
        except UsageError as error:
            sent = error  # type: ignore[assignment]
    await redelivery.send_again(settings, await extent(settings), Choice())
    assert await values_of(settings, settings.input_topic("balances")) == [b"0", b"1", b"2"]
    assert len(await replayed_letters(settings)) == 3
    assert (late.error_code, sent) == (FENCED[protocol], (3, 0, 0))


@only_the_first_when_short
async def test_dead_letters_whose_end_is_not_answered_are_not_sent_twice(
    place: Place, monkeypatch: pytest.MonkeyPatch, protocol: int
) -> None:
    """Redelivery waits for no answer longer than for a transaction, and begins no other one then."""
    monkeypatch.setattr(redelivery, "LETTERS_LIMIT", 1)
    settings = place.settings
    await _put_letters(settings, 3)
    late = LateEnd(f"{settings.app_id}-dead-letters", lambda _, __: False)
    late.watch.reset = False
    async with place.proxies(late.watch):
        with monkeypatch.context() as hasty:
            hasty.setattr(transactional, "DEADLINE_S", 2.0)
            hasty.setattr(transactional, "STOP_WITHIN_S", 0.2)
            with pytest.raises(UsageError, match=r"^Kafka took 0 letters and did not answer for those that came next;"):
                await redelivery.send_again(place.proxied_settings, await extent(settings), Choice())
        assert await redelivery.send_again(place.proxied_settings, await extent(settings), Choice()) == (3, 0, 0)
        assert late.watch.held is not None
        assert await late.watch.held.release() == FENCED[protocol]
    assert await values_of(settings, settings.input_topic("balances")) == [b"0", b"1", b"2"]


@only_the_first_when_short
async def test_parked_events_are_sent_again_together(
    place: Place, monkeypatch: pytest.MonkeyPatch, protocol: int
) -> None:
    monkeypatch.setattr(resending, "LETTERS_LIMIT", 2)
    settings = place.settings
    async with AIOKafkaProducer(**settings.client_options()) as producer:
        for number in range(4):
            value = b"%d" % number * 20_000  # a request each
            event = ConsumerRecord("changes", NUMBER, number, 0, 0, b"k", value, 0, 0, 0, [("ce_id", b"%d" % number)])
            headers = parked_headers(event, "crm", "status 500", 3, 0.0)
            await producer.send_and_wait(settings.parked_topic, value, key=b"k", partition=NUMBER, headers=headers)
    late = LateEnd(f"{settings.app_id}-deliver-resend", second_produce)
    async with place.proxies(late.watch):
        sent = await resending.resend(place.proxied_settings, resending.Choice())
    assert (late.error_code, len(sent.sent)) == (FENCED[protocol], 4)
    assert [value[:1] for value in await values_of(settings, settings.resend_topic)] == [b"0", b"1", b"2", b"3"]
    assert len(await sent_again(settings)) == 4


# --- real workers, two brokers: every batch is several requests at a time ---


async def _flow_until(reached: asyncio.Event, events: Events, customers: list[str]) -> None:
    random = Random(1)  # noqa: S311 - repeatable, not secret
    async with asyncio.timeout(stretched(60)):
        while not reached.is_set():
            for customer in customers:
                await events.balance(customer, random.choice(AMOUNTS))
            await events.settle()
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("leader", [ON_BOTH])
@pytest.mark.parametrize(
    ("late_topic", "killed", "spoken"),
    [
        ("changes", False, 1),
        ("changelog", False, 1),
        ("changes", False, 2),
        pytest.param("changelog", False, 2, marks=only_in_a_soak),
        pytest.param("changes", True, 1, marks=only_in_a_soak),
        pytest.param("changelog", True, 1, marks=only_in_a_soak),
        pytest.param("changes", True, 2, marks=only_in_a_soak),
    ],
)
async def test_no_change_is_lost_or_twice_when_one_leader_is_late(
    place: Place, tmp_path: Path, late_topic: str, spoken: int, *, killed: bool
) -> None:
    """Where the changes are late, only the state would be committed; where the state is late, only the changes."""
    settings = place.settings
    topics = {"changes": settings.output_topic("changes"), "changelog": settings.changelog_topic}
    [other] = topics.keys() - {late_topic}
    late = LateEnd(f"{settings.app_id}-0-a", produce_to({topics[late_topic]}), after=topics[other])
    late.armed = False
    with Workers(place.proxied, tmp_path) as workers:
        async with place.proxies(late.watch), Events(settings) as events:
            worker = workers.start(code=IN_PROTOCOL_1 if spoken == 1 else None)
            await worker.ready()
            customers = customers_of(0, 150)
            for customer in customers:
                await events.balance(customer, 100)
            await events.settle()
            await applied(settings)
            late.armed = True
            await _flow_until(late.arrived, events, customers)
            if killed:
                worker.kill()
                worker.start_again()
                await worker.ready()
            await all_is_right(settings, place.direct, events)
            assert late.error_code == FENCED[spoken]
            if not killed:
                raised = {1: 1, 2: 0}[spoken]
                counted = await metrics(worker, "tierflow_epochs_raised_total{", "tierflow_transaction_failures_total{")
                assert counted == [raised, 0]
                said = worker.says(f"({late.transactional_id}): the end of a transaction was not answered")
                assert len(said) == raised
                assert await worker.stop() == 0


@only_in_a_soak
@pytest.mark.timeout(900)
@pytest.mark.parametrize("leader", [ON_BOTH])
@pytest.mark.parametrize("spoken", [1, 2])
async def test_nothing_is_lost_or_twice_however_often_ends_are_late(place: Place, tmp_path: Path, spoken: int) -> None:
    """One end after another, of any transactional id; each arrives before a random request of a later transaction."""
    settings, random = place.settings, Random(1)  # noqa: S311 - repeatable, not secret
    watch = Watch()
    with Workers(place.proxied, tmp_path) as workers:
        async with place.proxies(watch), Events(settings) as events:
            worker = workers.start(code=IN_PROTOCOL_1 if spoken == 1 else None)
            await worker.ready()
            customers = [customer for number in range(4) for customer in customers_of(number, 40)]
            for _ in range(30):
                transactional_id = f"{settings.app_id}-{random.randrange(4)}-{random.choice('ab')}"
                late = LateEnd(transactional_id, _at_random(random))
                watch.held, watch.hold, watch.before = None, late.watch.hold, late.watch.before
                late.watch = watch
                await _flow_until(late.arrived, events, customers)
                await applied(settings)
                assert late.error_code == FENCED[spoken]
            await all_is_right(settings, place.direct, events)
            [raised] = await metrics(worker, "tierflow_epochs_raised_total{")
            assert raised >= 30 if spoken == 1 else raised == 0
            assert worker.process.poll() is None


def _at_random(random: Random) -> Callable[[Request, int], bool]:
    return lambda request, _: request.name == "EndTxn" or random.random() < 0.3
