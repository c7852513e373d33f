"""aiokafka's connections, replaced: what a producer sends, and consumers and admin ask, goes to the broker in memory.

aiokafka's producer, sender and transaction manager are the real ones, and so are the requests that they make. Those of
one connection are worked in their order, as Kafka does; where a connection ends, what is under way may arrive late.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from typing import Any, NamedTuple
from unittest.mock import patch

from aiokafka import TopicPartition
from aiokafka.client import ConnectionGroup
from aiokafka.errors import (
    CoordinatorNotAvailableError,
    KafkaConnectionError,
    KafkaTimeoutError,
    NodeNotReadyError,
    RequestTimedOutError,
)

from streams.contracts.kept import KnownTopic
from streams.errors import UsageError
from streams.kafka.unpacking import WHOLE_BATCHES
from tests.simulation.broker import FENCED, INVALID_EPOCH, Broker, Stored
from tests.simulation.faults import Fault, Faults
from tests.simulation.loop import PROCESS, SeededLoop
from tests.simulation.wire import (
    EPOCHS_END_FROM,
    VERSIONS,
    answer_to,
    errors_of,
    name_of,
    point_of,
    refusals_of,
    refused,
)

_NO_FAULT = Fault("", 0.0)
SILENT_S = 40.0  # aiokafka's request_timeout_ms
LATE_S = 12.0


class Network:
    """The way between the workers and the broker. trace: called with each thing that happens."""

    def __init__(self, loop: SeededLoop, broker: Broker, faults: Faults, trace: Callable[[str], None] | None) -> None:
        self.loop = loop
        self.broker = broker
        self.faults = faults
        self.trace = trace
        self.connections: set[Any] = set()
        self.restarts = 0  # of the broker
        self.is_away = False  # no node answers

    def later(self, delay_s: float, call: Callable[..., None], *arguments: Any) -> None:
        """Does something later, whoever is dead or paused by then."""
        self.loop.call_later(delay_s, call, *arguments, context=self.loop.world)

    def restart(self) -> None:
        """Restarts the broker: all connections end, and what is on its way over them arrives nowhere."""
        self.restarts += 1
        self.cut(lambda _: True)

    def cut(self, is_hit: Callable[[Any], bool]) -> None:
        """Ends connections. is_hit: which."""
        for connection in sorted(self.connections, key=lambda connection: connection.number):
            if is_hit(connection):
                connection.close()


class Connection:
    """One connection of a client to a node. What waits for an answer when it ends hears of that."""

    def __init__(self, network: Network, owner: Any, node: int) -> None:
        self.network = network
        self.owner = owner
        self.node = node
        owner.connections += 1
        self.number = (owner.name, owner.connections)
        self.is_closed = False
        self._context = owner.context
        self._waiting: dict[asyncio.Future[Any], None] = {}
        self._arrives_s = self._answers_s = 0.0
        self._restarts = network.restarts
        network.connections.add(self)

    def connected(self) -> bool:
        """Says whether it is there still, as aiokafka's own does."""
        return not self.is_closed

    def send(self, struct: Any) -> asyncio.Future[Any]:
        """Sends a request; gives its answer to come."""
        network, loop = self.network, self.network.loop
        future: asyncio.Future[Any] = loop.create_future()
        if self.is_closed:
            future.set_exception(KafkaConnectionError("the connection is closed"))
            return future
        self._waiting[future] = None
        point = point_of(struct)
        fault = network.faults.of_request(point, ends=name_of(struct) == "EndTxn")
        if self.owner.is_cut_off and (fault is None or fault.what != "late"):
            fault = Fault("silent", network.faults.pace.random())
        what, chance = fault or _NO_FAULT
        delay_s = network.faults.delay_s()
        if what == "slow":
            delay_s += 0.05 + 9 * chance**3
        self._arrives_s = max(self._arrives_s, loop.now_s + delay_s)
        if network.trace:
            network.trace(f"{self.owner.name} -> node {self.node}: {_shown(struct)}{f' [{what}]' if what else ''}")
        self.owner.come_to(f"{point} sent")
        if what == "late":
            network.later(LATE_S * chance**5 + 0.003, self._arrive, struct, future, fault)
            network.later(delay_s, self.close)
        elif what == "lost before it was applied":
            network.later(delay_s, self.close)
        elif what != "silent" or chance < 0.5:
            loop.call_at(self._arrives_s, self._arrive, struct, future, fault, context=loop.world)
        return future

    async def answer(self, struct: Any) -> Any:
        """Sends a request, and waits for its answer.

        Raises:
            RequestTimedOutError: None came.
            KafkaConnectionError: The connection has ended.
        """
        future = self.send(struct)
        timer = self.network.loop.call_later(SILENT_S, self._time_out, future)
        try:
            return await future
        finally:
            timer.cancel()

    def close(self) -> None:
        """Ends it. What is on its way to the broker arrives still."""
        if self.is_closed:
            return
        self.is_closed = True
        self.network.connections.discard(self)
        for future in self._waiting:
            self._tell(future, None, KafkaConnectionError("the connection was closed"))
        self._waiting.clear()

    def _time_out(self, future: asyncio.Future[Any]) -> None:
        if not future.done():
            future.set_exception(RequestTimedOutError())
            self.close()

    def _arrive(self, struct: Any, future: asyncio.Future[Any], fault: Fault | None) -> None:
        network, broker, name = self.network, self.network.broker, name_of(struct)
        if network.restarts != self._restarts:
            return
        broker.now_s = network.loop.now_s
        what, chance = fault or _NO_FAULT
        is_refused = "refused for" in what
        answer = None if is_refused and "applied" not in what else answer_to(struct, broker, self.node)
        if is_refused:
            codes = refusals_of(struct, for_good="for good" in what)
            answer = refused(struct, codes[int(chance * len(codes))])
        if network.trace:
            network.trace(f"   node {self.node} answers {self.owner.name}: {name} {_shown(answer)}")
        if name == "EndTxn" and struct.API_VERSION >= EPOCHS_END_FROM and not answer.error_code:
            network.faults.met_once("ended in protocol 2")
        if errors_of(answer) & {INVALID_EPOCH, FENCED}:
            network.faults.met_once("fenced")
        if what == "lost after it was applied":
            self.close()
        elif what not in {"silent", "late"} and not self.is_closed:
            self._answers_s = max(self._answers_s, network.loop.now_s + network.faults.delay_s())
            self._tell(future, answer, None, self._answers_s, f"{point_of(struct)} answered")

    def _tell(
        self, future: asyncio.Future[Any], answer: Any, error: Exception | None, at_s: float = 0.0, point: str = ""
    ) -> None:
        def tell() -> None:
            self._waiting.pop(future, None)
            if point:
                self.owner.come_to(point)
            if future.done():
                return
            if error is None:
                future.set_result(answer)
            else:
                future.set_exception(error)

        loop = self.network.loop
        loop.call_at(max(at_s, loop.now_s), tell, context=self._context)


class _Cluster:
    """What a client knows of the cluster: as of its newest look."""

    def __init__(self) -> None:
        self.leaders: dict[TopicPartition, int] = {}
        self.partitions: Mapping[str, int] = {}

    def leader_for_partition(self, tp: TopicPartition) -> int | None:
        return self.leaders.get(tp)

    def partitions_for_topic(self, topic: str) -> set[int] | None:
        count = self.partitions.get(topic)
        return None if count is None else set(range(count))

    available_partitions_for_topic = partitions_for_topic

    def brokers(self) -> Sequence[Any]:
        return [_Node(node) for node in Broker.NODES]


class _Node(NamedTuple):
    nodeId: int  # noqa: N815 - aiokafka's


class SimulatedClient:
    """Stands for AIOKafkaClient, in the process that makes it."""

    def __init__(self, *_: Any, client_id: str = "client", retry_backoff_ms: int = 100, **__: Any) -> None:
        self.owner: Any = PROCESS.get()
        self.network: Network = self.owner.network
        self.cluster = _Cluster()
        self._client_id = client_id
        self._backoff_s = retry_backoff_ms / 1000
        self._conns: dict[tuple[int, Any], Connection] = {}  # named as aiokafka names it
        self._update: asyncio.Future[bool] | None = None

    async def bootstrap(self) -> None:
        """Learns of the cluster.

        Raises:
            KafkaConnectionError: No node answers.
        """
        for _ in range(2):
            if await self._look():
                return
        raise KafkaConnectionError("no node answers")

    async def close(self) -> None:
        """Ends all connections."""
        for connection in self._conns.values():
            connection.close()
        self._conns.clear()
        await asyncio.sleep(0)

    def get_random_node(self) -> int:
        """Gives any node."""
        return self.network.faults.pace.choice(Broker.NODES)

    def force_metadata_update(self) -> asyncio.Future[bool]:
        """Looks at the cluster anew."""
        if self._update is None or self._update.done():
            self._update = asyncio.ensure_future(self._look())
        return asyncio.shield(self._update)

    def add_topic(self, _: str) -> asyncio.Future[bool]:
        """Does nothing: all topics are known."""
        known: asyncio.Future[bool] = self.network.loop.create_future()
        known.set_result(True)
        return known

    async def ready(self, node: int, *, group: Any = ConnectionGroup.DEFAULT) -> bool:
        """Connects, unless it is connected."""
        connection = self._conns.get((node, group))
        if connection is not None and not connection.is_closed:
            return True
        await asyncio.sleep(self.network.faults.delay_s())
        fault = self.network.faults.of_request("connect")
        is_lost = fault is not None and fault.what in {"lost before it was applied", "silent"}
        if self.owner.is_cut_off or self.network.is_away or is_lost:
            self.force_metadata_update()
            return False
        connection = self._conns.get((node, group))
        if connection is None or connection.is_closed:
            self._conns[node, group] = Connection(self.network, self.owner, node)
        return True

    async def send(self, node: int, request: Any, *, group: Any = ConnectionGroup.DEFAULT) -> Any:
        """Sends a request, and gives its answer.

        Raises:
            NodeNotReadyError, RequestTimedOutError, KafkaConnectionError: As AIOKafkaClient.send does.
        """
        struct = request.prepare(VERSIONS)
        if not await self.ready(node, group=group):
            raise NodeNotReadyError(f"node {node}")
        return await self._conns[node, group].answer(struct)

    async def coordinator_lookup(self, _: Any, key: str) -> int:
        """Gives the node that coordinates.

        Raises:
            CoordinatorNotAvailableError, NodeNotReadyError, RequestTimedOutError: It is not known now.
        """
        return await asked(
            self.network,
            f"coordinator of {key}",
            lambda broker: broker.coordinator(key),
            (CoordinatorNotAvailableError, NodeNotReadyError),
        )

    async def _wait_on_metadata(self, topic: str) -> set[int]:
        while (found := self.cluster.partitions_for_topic(topic)) is None:
            await self._look()
        return found

    async def _maybe_wait_metadata(self) -> None:
        if self._update is not None:
            await asyncio.shield(self._update)

    async def _look(self) -> bool:
        try:
            found = await asked(self.network, "leaders", lambda broker: (dict(broker.leaders), broker.partitions))
        except (KafkaConnectionError, KafkaTimeoutError):
            return False
        self.cluster.leaders, self.cluster.partitions = found
        return True


async def asked(  # noqa: C901 - each way of not being answered
    network: Network,
    point: str,
    answer: Callable[[Broker], Any],
    errors: Sequence[type[Exception]] = (KafkaConnectionError, KafkaTimeoutError),
) -> Any:
    """Asks the broker something that changes nothing.

    point: what. errors: one is raised where a request comes to nothing.
    """
    faults, owner = network.faults, PROCESS.get()
    loop, context = network.loop, owner.context if owner is not None else network.loop.world
    if owner is not None:
        owner.come_to(f"{point} asked")
    for _ in range(3):
        what, chance = faults.of_request(point) or _NO_FAULT
        if owner is not None and owner.is_cut_off:
            what, chance = "silent", faults.pace.random()
        if network.is_away:
            what, chance = "away", faults.pace.random()
        if what in {"slow", "late"}:
            await asyncio.sleep(4 * chance**2)
        elif what == "silent":
            await asyncio.sleep(2 + 4 * chance)
            continue
        elif what:
            await asyncio.sleep(0.05 + 0.2 * chance)
            if chance < 0.5:
                continue
            break
        future: asyncio.Future[Any] = loop.create_future()

        def arrive(future: asyncio.Future[Any] = future) -> None:
            if network.is_away:
                loop.call_later(faults.delay_s(), _fail, future, errors[0], context=context)
                return
            network.broker.now_s = loop.now_s
            found = answer(network.broker)
            loop.call_later(faults.delay_s(), _settle, future, found, context=context)

        network.later(faults.delay_s(), arrive)
        return await future
    raise faults.pace.choice(errors)("the broker does not answer")


def _settle(future: asyncio.Future[Any], found: Any) -> None:
    if not future.done():
        future.set_result(found)


def _fail(future: asyncio.Future[Any], error: type[Exception]) -> None:
    if not future.done():
        future.set_exception(error("the broker does not answer"))


class Read(NamedTuple):
    """A record as readers get it."""

    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]
    timestamp: int


def as_read(offset: int, stored: Stored) -> Read:
    """Gives a record as readers get it."""
    return Read(offset, stored.key, stored.value, stored.headers, stored.timestamp)


class SimulatedConsumer:
    """Stands for AIOKafkaConsumer without a group."""

    def __init__(
        self, *_: Any, isolation_level: str = "read_uncommitted", key_deserializer: Any = None, **__: Any
    ) -> None:
        self.network: Network = PROCESS.get().network  # type: ignore[union-attr]
        self._is_committed = isolation_level == "read_committed"
        self._whole = key_deserializer is WHOLE_BATCHES
        self._positions: dict[TopicPartition, int] = {}

    async def start(self) -> None:
        """Connects."""
        await asked(self.network, "connect to read", lambda _: None)

    async def stop(self) -> None:
        """Ends the connection."""
        await asyncio.sleep(0)

    def assign(self, tps: Sequence[TopicPartition]) -> None:
        """Takes partitions."""
        self._positions = dict.fromkeys(tps, 0)

    def seek(self, tp: TopicPartition, offset: int) -> None:
        """Goes to an offset."""
        self._positions[tp] = offset

    async def position(self, tp: TopicPartition) -> int:
        """Gives the offset to read next."""
        return self._positions[tp]

    async def beginning_offsets(self, tps: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        """Gives the first offsets."""
        return dict.fromkeys(tps, 0)

    async def end_offsets(self, tps: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        """Gives the ends of what can be read."""
        tps = list(tps)
        found: dict[TopicPartition, int] = await asked(
            self.network, "ends", lambda broker: {tp: self._end(broker, tp) for tp in tps}
        )
        broker = self.network.broker
        if self._whole and any(end < broker.logs[tp].end for tp, end in found.items()):
            self.network.faults.met_once("open transaction waited for")
        return found

    async def getmany(self, *tps: TopicPartition, timeout_ms: int = 0) -> dict[TopicPartition, list[Any]]:
        """Reads on, some at a time."""
        wanted = list(tps or self._positions)
        before = {tp: self._positions[tp] for tp in wanted}
        many = self.network.faults.pace.choice((3, 50, 1_000))
        try:
            found = await asked(
                self.network, "read", lambda broker: {tp: self._read(broker, tp, at, many) for tp, at in before.items()}
            )
        except (KafkaConnectionError, KafkaTimeoutError):  # of those aiokafka tells nobody
            return {}
        if all(position == before[tp] for tp, (_, position) in found.items()):
            await asyncio.sleep(timeout_ms / 1000)
        self._positions.update((tp, position) for tp, (_, position) in found.items())
        return {tp: [records] if self._whole else records for tp, (records, _) in found.items() if records}

    def _end(self, broker: Broker, tp: TopicPartition) -> int:
        log = broker.logs[tp]
        return log.stable_end if self._is_committed else log.end

    def _read(self, broker: Broker, tp: TopicPartition, begin: int, many: int) -> tuple[list[Read], int]:
        end = max(begin, min(self._end(broker, tp), begin + many))
        return [as_read(*found) for found in broker.logs[tp].read(begin, end, committed=self._is_committed)], end


class _Committed(NamedTuple):
    offset: int


class SimulatedAdmin:
    """Stands for AIOKafkaAdminClient."""

    def __init__(self, *_: Any, **__: Any) -> None:
        self.network: Network = PROCESS.get().network  # type: ignore[union-attr]

    async def start(self) -> None:
        """Connects."""
        await asked(self.network, "connect to read", lambda _: None)

    async def close(self) -> None:
        """Ends the connection."""
        await asyncio.sleep(0)

    async def list_consumer_group_offsets(
        self, group: str, *, partitions: Sequence[TopicPartition]
    ) -> Mapping[TopicPartition, _Committed]:
        """Gives what the group has committed."""

        def look(broker: Broker) -> Mapping[TopicPartition, _Committed]:
            offsets = {tp: broker.committed(group, tp) for tp in partitions}
            return {tp: _Committed(-1 if offset is None else offset) for tp, offset in offsets.items()}

        found: Mapping[TopicPartition, _Committed] = await asked(self.network, "offsets of the group", look)
        return found

    async def describe_configs(self, *_: Any) -> Any:
        """Tells nothing: the sentence does without it."""
        raise KafkaConnectionError("the broker does not answer")


async def ask_for_topics(_: Any, names: Sequence[str]) -> dict[str, KnownTopic]:
    """Stands for topic_ids.ask_for_topics."""
    network: Network = PROCESS.get().network  # type: ignore[union-attr]
    found: dict[str, KnownTopic] = await asked(
        network,
        "topics",
        lambda broker: {name: KnownTopic(f"id of {name}", broker.partitions[name]) for name in sorted(names)},
    )
    return found


async def cannot_connect(_: Any, error: Exception) -> UsageError:
    """Stands for refusals.cannot_connect."""
    return UsageError(f"no broker answers: {error}")


def clients_replaced() -> AbstractContextManager[Any]:
    """Has aiokafka's producer, and what of streams/kafka asks a broker, use these clients."""
    places = {
        "aiokafka.producer.producer.AIOKafkaClient": SimulatedClient,
        "aiokafka.producer.producer.AIOKafkaProducer.__del__": lambda _: None,
        "streams.kafka.producers.AIOKafkaClient": SimulatedClient,
        "streams.kafka.changelog.AIOKafkaConsumer": SimulatedConsumer,
        "streams.kafka.tail.AIOKafkaConsumer": SimulatedConsumer,
        "streams.kafka.tape.AIOKafkaConsumer": SimulatedConsumer,
        "streams.kafka.offsets.AIOKafkaConsumer": SimulatedConsumer,
        "streams.kafka.group_offsets.GroupOffsetsClient": SimulatedAdmin,
        "streams.kafka.never_taken.AIOKafkaAdminClient": SimulatedAdmin,
        "streams.kafka.offsets.cannot_connect": cannot_connect,
        "streams.worker.broker.ask_for_topics": ask_for_topics,
    }
    stack = ExitStack()
    for place, stand_in in places.items():
        stack.enter_context(patch(place, stand_in))
    return stack


_SHOWN = {"transactional_id", "producer_id", "producer_epoch", "topics", "transaction_result", "error_code", "errors"}


def _shown(struct: Any) -> str:
    said = {name: value for name, value in vars(struct).items() if name in _SHOWN}
    if "required_acks" in vars(struct):
        said["topics"] = [(topic, [number for number, _ in partitions]) for topic, partitions in struct.topics]
    return f"{type(struct).__name__} {said}"
