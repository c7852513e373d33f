"""What streams/ stands on inside Faust and aiokafka. Fails after an upgrade: read what changed before trusting it.

Both versions are pinned exactly in pyproject.toml. Each message says what would go wrong without a word.
"""

import asyncio
import asyncio.sslproto
import inspect
import struct
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from typing import Any

import faust
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition, conn
from aiokafka.consumer import fetcher, group_coordinator, subscription_state
from aiokafka.errors import UnknownError, for_code
from aiokafka.producer import sender, transaction_manager
from aiokafka.producer.transaction_manager import TransactionManager
from aiokafka.protocol.admin import ApiVersionRequest
from aiokafka.protocol.api import Request
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.protocol.transaction import EndTxnRequest, InitProducerIdRequest, TxnOffsetCommitRequest
from faust import streams as faust_streams
from faust.app import base as faust_app
from faust.assignor.partition_assignor import PartitionAssignor
from faust.tables.manager import TableManager
from faust.tables.recovery import Recovery
from faust.transport import consumer as faust_consumer
from faust.transport.drivers import aiokafka as driver
from faust.types import ConsumerMessage
from mode import threads
from mode import worker as mode_worker

from streams.kafka.bare_records import as_it_is
from streams.kafka.epochs import PRODUCER_FENCED, RaiseRequest
from streams.kafka.policies import KnownPolicies
from streams.kafka.protocol_2 import TransactionAbortableError
from streams.settings import Settings
from streams.worker.app import create_app
from streams.worker.frame import transport
from streams.worker.frame.recovery import LaneRecovery, LaneTables
from tests.support.batches import ASSETS_ONLY
from tests.support.patience import stretched


@pytest.mark.parametrize(("package", "pinned"), [("faust-streaming", "0.15.3"), ("aiokafka", "0.14.0")])
def test_the_versions_are_those_that_were_read(package: str, pinned: str) -> None:
    assert version(package) == pinned, f"{package} changed: go through this file and docs/adr before you trust it"


def has(owner: Any, name: str) -> bool:
    return hasattr(owner, name) or name in getattr(owner, "__annotations__", {})


@pytest.mark.parametrize(
    ("owner", "names"),
    [
        (
            driver.AIOKafkaConsumerThread,
            "_create_worker_consumer _fetch_records _ensure_consumer highwater call_thread",
        ),
        (driver.Consumer, "_new_consumer_thread getmany perform_seek _wait_next_records flow_active assignment"),
        (driver.Consumer, "pause_partitions resume_partitions _thread should_stop highwater"),
        (driver, "ensure_aiokafka_TP"),
        (driver.Transport, "Consumer"),
        (Recovery, "_restart_recovery _slurp_changelogs _resume_streams signal_recovery_start _generation_id"),
        (Recovery, "wait_for_stopped"),
        (fetcher.Fetcher, "_notify fetched_records"),
        (TableManager, "recovery _recovery"),
        (faust.App, "consumer_generation_id on_partitions_revoked on_before_shutdown transport assignor crashed"),
        (AIOKafkaProducer, "create_batch send_batch begin_transaction send_offsets_to_transaction commit_transaction"),
    ],
)
def test_what_is_overridden_or_called_is_there(owner: Any, names: str) -> None:
    missing = [name for name in names.split() if not has(owner, name)]
    assert not missing, f"{owner.__name__} has no {missing} any more: our overrides would not be called"


@pytest.mark.parametrize(
    ("method", "parameters"),
    [
        (driver.AIOKafkaConsumerThread._create_worker_consumer, ["self", "transport"]),
        (
            driver.AIOKafkaConsumerThread._fetch_records,
            ["self", "consumer", "active_partitions", "timeout", "max_records"],
        ),
        (driver.AIOKafkaConsumerThread.highwater, ["self", "tp"]),
        (driver.Consumer.getmany, ["self", "timeout"]),
        (driver.Consumer._wait_next_records, ["self", "timeout"]),
        (driver.Consumer.perform_seek, ["self"]),
        (Recovery._resume_streams, ["self", "generation_id"]),
    ],
)
def test_what_is_overridden_takes_what_it_took(method: Callable[..., Any], parameters: list[str]) -> None:
    found = list(inspect.signature(inspect.unwrap(method)).parameters)
    assert found == parameters, f"{method.__qualname__} takes {found}: the override does not fit"


SOURCES = [
    # (where, what it says, what we build on it)
    (
        driver.ConsumerRebalanceListener.on_partitions_assigned,
        "consumer_generation_id = generation",
        "messages bear the app's generation",
    ),
    (
        faust_streams.Stream,
        "generation_id != self.app.consumer_generation_id",
        "older messages are skipped, ours are not",
    ),
    (
        driver.AIOKafkaConsumerThread._create_worker_consumer,
        "partition_assignment_strategy=[self._assignor]",
        "our consumer takes Faust's assignor, and Faust reads it there",
    ),
    (faust_app.BootStrategy.kafka_producer, "_should_enable_kafka_producer()", "Faust starts no producer"),
    (conn.AIOKafkaConnection.connect, "ssl = self._ssl_context", "a new connection asks our context"),
    (asyncio.sslproto.SSLProtocol, "self._sslcontext.wrap_bio(", "a context can hand on another, with renewed files"),
    (conn.AIOKafkaConnection.authenticator_oauth, "OAuthAuthenticator(", "ours is taken, which hears a refusal"),
    (conn.OAuthAuthenticator.step, "if self._token_sent:", "the second call of a step brings the broker's challenge"),
    (conn.create_conn, "sasl_oauth_token_provider", "each connection asks for a token"),
    (faust_app.App.on_first_start, "self._create_directories()", "no folder is made: LaneApp makes none"),
    (faust_app.App._on_partitions_revoked, "self.on_partitions_revoked.send", "lanes park before the group goes on"),
    (faust_app.App._on_partitions_revoked, "consumer.stop_flow", "nothing is fetched while lanes park"),
    (faust_app.App._on_partitions_assigned, "self.tables.on_rebalance", "an assignment starts a recovery"),
    (Recovery.on_rebalance, "self.signal_recovery_start.set()", "the signal that LaneRecovery waits for"),
    (PartitionAssignor.assigned_actives, "self._assignment.actives", "they are those of the newest assignment alone"),
    (Recovery._resume_streams, "consumer.perform_seek()", "inputs are sought to the lanes' positions"),
    (faust_consumer.Consumer._drain_messages, "offset >= r_offset", "getmany has to clear _read_offset"),
    (faust_consumer.Consumer._wait_next_records, "self.can_resume_flow", "getmany waits while the flow is stopped"),
    (faust_consumer.Consumer._wait_next_records, "await self.sleep(1)", "where all is paused it sleeps: not here"),
    (driver.AIOKafkaConsumerThread._fetch_records, "flow_active", "no fetch is taken while the flow is stopped"),
    (mode_worker.Worker.default_on_first_start, "self.install_signal_handlers()", "what a signal does is ours"),
    (mode_worker.Worker._stop_on_signal, "await self.stop()", "an end that was asked for has a limit"),
    (mode_worker.Worker.stop_and_shutdown, "self.stop()", "the end after a crash has one, too"),
    (threads.ServiceThread._serve, "self.beacon.root.data.crash", "a dead consumer thread ends the worker"),
    (fetcher.Fetcher.fetched_records, "return drained", "records are handed on in the step that moves the position"),
    (fetcher.Fetcher._create_fetch_waiter, "self._fetch_waiters.add(fut)", "a fetch that waits is woken by these"),
    (
        faust_consumer.Consumer.resume_partitions,
        "self._get_active_partitions().update(tps)",
        "a fetch that is under way sees what is resumed",
    ),
    (
        fetcher.Fetcher._proc_fetch_request,
        "self._default_reset_strategy != OffsetResetStrategy.NONE",
        "no silent reset",
    ),
    (group_coordinator.GroupCoordinator._do_heartbeat, "await self._send_req(request)", "heartbeats are noted there"),
    (
        group_coordinator.CoordinatorGroupRebalance._send_sync_group_request,
        "await self._coordinator._send_req(request)",
        "a session that begins is noted there",
    ),
    (
        group_coordinator.GroupCoordinator._push_error_to_user,
        "self._pending_exception = exc",
        "why a group cannot be joined is read there",
    ),
    (fetcher.PartitionRecords._unpack_records, "next_batch.is_control_batch", "control records move the position"),
    (sender.BaseHandler.do, "self._sender.client.send(node_id, req, group=self.group)", "lost ends are seen there"),
    (sender.BaseHandler.do, "except IncompatibleBrokerVersion", "an older broker is an error, and not asked for ever"),
    (sender.EndTxnHandler.create_request, "EndTxnRequest(", "a lost end is told by the class of its request"),
    (sender.InitPIDHandler.handle_response, "return self._default_backoff", "a raise waits, and is asked again"),
    (
        sender.Sender._find_coordinator,
        "group=ConnectionGroup.COORDINATION",
        "a raise goes where ends of transactions go",
    ),
    (sender.SendProduceReqHandler.do, "self._client.send(node_id, request)", "offsets follow the records"),
    (sender.Sender._sender_routine, "= self._maybe_do_transactional_request()", "ours is asked what to ask for"),
    (sender.Sender._maybe_do_transactional_request, "txn_manager.consumer_group_to_add()", "one by one"),
    (AIOKafkaProducer.__init__, "self._sender = Sender(\n            self.client,", "its requests go through our send"),
    (TransactionManager.__init__, "self._pid_and_epoch = PidAndEpoch(", "the raised epoch is taken from there"),
    (TransactionManager.__init__, "self._sequence_numbers = defaultdict(", "they begin anew with a raised epoch"),
    (Request.prepare, "raise NotImplementedError", "an older broker is told by that"),
    (conn.AIOKafkaConnection._handle_frame, "request.parse_response_header(resp)", "ours may have none with tags"),
    (sender.SendProduceReqHandler.handle_response, "global_error,\n                    ) = partition_info", "7 fields"),
    (sender.SendProduceReqHandler._can_retry, "return error.retriable", "a concurrent transaction is told as one"),
    (sender.TxnOffsetCommitHandler.handle_response, "in resp.errors", "ours are found there"),
    (sender.TxnOffsetCommitHandler.handle_response, "CoordinatorLoadInProgressError", "so is a concurrent transaction"),
    (sender.Sender._find_coordinator, "self._coordinators[coordinator_type]", "where the group's offsets go"),
    (TransactionManager.maybe_add_partition_to_txn, "if tp not in self._txn_partitions", "what is expected is added"),
    (TransactionManager.consumer_group_to_add, "self._txn_consumer_group is not None", "so is the group"),
    (TransactionManager.complete_transaction, "self._txn_partitions.clear()", "each transaction adds its own"),
    (sender.InitPIDHandler, "ConcurrentTransactions", "a take-over waits for the former owner's markers"),
    (sender.EndTxnHandler, "raise ProducerFenced()", "a zombie's commit fails"),
    (sender.SendProduceReqHandler, "ProducerFenced()", "a zombie's records fail"),
    (transaction_manager.TransactionManager._transition_to, "assert", "AssertionError is one of commit's failures"),
]


@pytest.mark.parametrize(("where", "says", "built_on_it"), SOURCES, ids=[says for _, says, _ in SOURCES])
def test_what_is_built_on_is_written_there_still(where: Any, says: str, built_on_it: str) -> None:
    assert says in inspect.getsource(inspect.unwrap(where)), f"{where.__qualname__} changed; built on it: {built_on_it}"


def test_recovery_is_replaced_task_by_task() -> None:
    tasks = {name for name, value in vars(Recovery).items() if type(value).__name__ == "ServiceTask"}
    for name in ("_restart_recovery", "_slurp_changelogs"):
        assert name in tasks, f"{name} is no task any more: Faust's own recovery would run"
        assert vars(LaneRecovery)[name] is not vars(Recovery)[name]


def test_aiokafka_knows_neither_request_that_would_make_ours_superfluous() -> None:
    newest = {request: request._CLASSES[-1].API_VERSION for request in (EndTxnRequest, InitProducerIdRequest)}
    assert newest[EndTxnRequest] == 0, "EndTxn v5 raises the epoch by itself: read docs/adr/0006 again"
    assert newest[InitProducerIdRequest] == 0, "take its InitProducerId v4 instead of ours (streams/kafka/epochs.py)"
    assert for_code(PRODUCER_FENCED) is UnknownError, "aiokafka knows that error now"


def test_aiokafka_does_not_know_the_requests_of_the_second_protocol() -> None:
    requests = (ProduceRequest, TxnOffsetCommitRequest, ApiVersionRequest)
    newest = {request: request._CLASSES[-1].API_VERSION for request in requests}
    assert newest == {ProduceRequest: 7, TxnOffsetCommitRequest: 0, ApiVersionRequest: 2}, "docs/adr/0009"
    assert for_code(TransactionAbortableError.errno) is TransactionAbortableError, "aiokafka has one of its own now"


async def test_our_request_inside_aiokafka_is_the_one_that_kafka_describes() -> None:
    """InitProducerId v4 by Kafka's own description of it: InitProducerIdRequest.json, and the answer's."""
    manager = TransactionManager("id", 10_000)
    manager.set_pid_and_epoch(7, 3)
    sent = RaiseRequest(manager).prepare({22: (0, 6)})
    assert sent.build_request_header(1, "c").encode() == b"\x00\x16\x00\x04\x00\x00\x00\x01\x00\x01c\x00"
    assert sent.encode() == b"\x03id" + struct.pack(">iqhb", 10_000, 7, 3, 0)
    answer = sent.RESPONSE_TYPE.decode(struct.pack(">ihqhb", 0, 0, 7, 4, 0))
    assert (answer.error_code, answer.producer_id, answer.producer_epoch) == (0, 7, 4)


def test_messages_bear_a_generation() -> None:
    tp = faust.types.TP("topic", 3)
    message = transport._message(tp, {tp: transport.FetchedRecords([], 5, 9)}, generation=7)
    assert isinstance(message, ConsumerMessage)
    assert (message.generation_id, message.offset, message.tp) == (7, 8, ("topic", 3))


async def test_a_fetch_of_many_partitions_is_one_message(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    known = KnownPolicies({ASSETS_ONLY.digest: ASSETS_ONLY.document}, ASSETS_ONLY.digest, 0)
    consumer = create_app(replace(settings, http_port=6066), known, 4).consumer
    fetched = {faust.types.TP("topic", number): transport.FetchedRecords([], 5, 9) for number in range(4)}

    async def wait(_: float) -> tuple[Any, None]:
        return fetched, None

    monkeypatch.setattr(consumer, "_wait_next_records", wait)
    consumer.flow_active = True
    [(tp, message)] = [pair async for pair in consumer.getmany(1.0)]
    assert (tp, message.tp, message.value) == (("topic", 0), ("topic", 0), fetched)
    for nothing in ({}, None):
        fetched = nothing  # type: ignore[assignment]
        assert not [pair async for pair in consumer.getmany(1.0)]


def test_production_code_runs_with_assertions() -> None:
    assert __debug__, "aiokafka's state machine asserts: without them a failed transaction looks like a good one"


async def test_the_worker_s_consumer_is_as_we_set_it(settings: Settings) -> None:
    known = KnownPolicies({ASSETS_ONLY.digest: ASSETS_ONLY.document}, ASSETS_ONLY.digest, 0)
    app = create_app(replace(settings, http_port=6066), known, 4)
    assert isinstance(app.tables, LaneTables)
    assert isinstance(app.tables.recovery, LaneRecovery)
    assert isinstance(app.consumer, transport.FetchConsumer)
    assert app.consumer._read_offset["any"] is None, "what lies before the newest message would be dropped"
    thread = app.consumer._thread
    assert isinstance(thread, transport.FetchThread)
    consumer: AIOKafkaConsumer = thread._create_worker_consumer(app.transport)
    await consumer.start()
    try:
        inside = consumer._fetcher
        assert inside._fetch_max_wait_ms == transport.FETCH_MAX_WAIT_MS, "fetches wait 1.5 s"
        assert inside._isolation_level == fetcher.READ_COMMITTED, "aborted transactions would be read"
        assert inside._max_partition_fetch_bytes == transport.FETCH_MAX_PARTITION_BYTES
        assert inside._default_reset_strategy == fetcher.OffsetResetStrategy.NONE, "deleted records are passed over"
        assert consumer._coordinator.group_id == settings.app_id
        assert consumer._coordinator._send_req.__name__ == "send_and_note", "a worker would never be a member"
        assert consumer._coordinator._coordination_task is not None
        assert consumer.trouble is None
        assert consumer._coordinator._assignors == [app.assignor], "a number of all topics would not go to one worker"
        assert thread._assignor is app.assignor
        assert (consumer._session_timeout_ms, consumer._heartbeat_interval_ms) == (6_000, 250)
        assert (consumer._max_poll_records, consumer._enable_auto_commit) == (10_000, False)
    finally:
        await consumer.stop()
        thread.thread_loop.close()


async def test_faust_opens_no_client_but_the_group_s_consumer(settings: Settings) -> None:
    """Faust's other clients would know no password, token or certificate."""
    known = KnownPolicies({ASSETS_ONLY.digest: ASSETS_ONLY.document}, ASSETS_ONLY.digest, 0)
    app = create_app(replace(settings, http_port=6066), known, 4)
    started = {type(service).__name__ for service in app.boot_strategy.server()}
    assert "FetchConsumer" in started
    assert "Producer" not in started
    assert not list(app.boot_strategy.kafka_producer())
    assert not app.client_only, "Faust would make a consumer of its own"
    assert not app.conf.topic_allow_declare, "Faust would make topics"


async def test_positions_are_where_the_fetch_thread_looks_for_them(broker: str, settings: Settings) -> None:
    tp = TopicPartition(settings.input_topic("balances"), 0)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=broker, auto_offset_reset="none", enable_auto_commit=False, fetch_max_wait_ms=10
    )
    await consumer.start()
    try:
        consumer.assign([tp])
        state = consumer._subscription.subscription.assignment.state_value(tp)
        assert isinstance(state, subscription_state.TopicPartitionState)
        assert not state.has_valid_position
        consumer.seek(tp, 0)
        assert (state.has_valid_position, state.position) == (True, 0)
        assert consumer.last_stable_offset(tp) is None
        async with asyncio.timeout(stretched(10)):
            while consumer.last_stable_offset(tp) is None:
                await consumer.getmany(tp, timeout_ms=20)
        assert consumer.last_stable_offset(tp) == 0
    finally:
        await consumer.stop()


async def test_bare_records_have_what_a_worker_reads_and_none_is_read_twice(broker: str, settings: Settings) -> None:
    tp = TopicPartition(settings.input_topic("balances"), 0)
    async with AIOKafkaProducer(bootstrap_servers=broker) as producer:
        for number in range(5):
            headers = [("number", b"%d" % number)]
            await producer.send(tp.topic, b"v%d" % number, key=b"k%d" % number, partition=0, headers=headers)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=broker, enable_auto_commit=False, fetch_max_wait_ms=10, value_deserializer=as_it_is
    )
    read: list[Any] = []
    async with consumer, asyncio.timeout(stretched(20)):
        consumer.assign([tp])
        consumer.seek(tp, 0)
        while len(read) < 5:
            read += (await consumer.getmany(tp, timeout_ms=200, max_records=2)).get(tp, [])
        assert await consumer.position(tp) == 5
    assert not any(isinstance(record, ConsumerRecord) for record in read), "aiokafka no longer asks for our records"
    assert [(record.offset, record.key, record.value) for record in read] == [
        (number, b"k%d" % number, b"v%d" % number) for number in range(5)
    ]
    assert [record.headers for record in read] == [[("number", b"%d" % number)] for number in range(5)]
    assert all(record.timestamp > 0 for record in read)
