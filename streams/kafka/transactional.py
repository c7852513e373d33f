"""The producer of all transactions: aiokafka's, made safe against the end of a transaction that arrives late.

EndTxn, the request that commits or aborts, names the producer and its epoch, and not the transaction. aiokafka 0.14.0
sends it again by itself after a lost connection (producer/sender.py, Sender._do_txn_commit). If the first one reaches
the broker after all, while a later transaction of the same transactional id is open, the broker ends that one: half of
it is committed.

    1 is ended  ->  connection lost  ->  1 is ended again, answered  ->  2 begins  ->  the first end of 1 arrives

So a producer whose EndTxn was not answered raises its own epoch before it begins another transaction. The broker then
refuses the late one, which has the former epoch (docs/adr/0006-a-late-end-is-refused.md). In transaction protocol 2,
where the cluster has it, the broker itself raises the epoch with every end (docs/adr/0009-transaction-protocol-2.md).

Nor does it begin, or start, on top of a transaction whose end the broker has lost (lost_ends.py), where it is told what
to look at.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, NamedTuple, Self, TypeVar

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.client import ConnectionGroup, CoordinationType
from aiokafka.errors import ConcurrentTransactions, IllegalOperation, KafkaError, KafkaTimeoutError, NoError
from aiokafka.producer.transaction_manager import TransactionState
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.protocol.transaction import (
    AddOffsetsToTxnRequest,
    AddPartitionsToTxnRequest,
    EndTxnRequest,
    InitProducerIdRequest,
    TxnOffsetCommitRequest,
)

from streams.kafka.enlisting import enlist_at_once, go_to_one_broker
from streams.kafka.epochs import RaiseRequest, go_on_as, raise_epoch
from streams.kafka.lost_ends import UNTOLD_MS, LeftOpenError, LostEnds
from streams.kafka.produce_request import JoinedProduceRequest
from streams.kafka.protocol_2 import EpochEndingRequest, has_protocol_2, in_protocol_2

TRANSACTION_TIMEOUT_MS = UNTOLD_MS
# Less than the timeout, after which the broker aborts by itself. Past the deadline the outcome counts as unknown.
DEADLINE_S = 8.0
STOP_WITHIN_S = 3.0

# After a fatal error aiokafka fails on an assertion of its own; after a failed step it raises IllegalOperation for the
# next one. None of these errors says whether the transaction was committed.
FAILURES = (KafkaError, IllegalOperation, LeftOpenError, TimeoutError, AssertionError, ValueError)

_STEPS = {
    AddPartitionsToTxnRequest: "add_partitions",
    AddOffsetsToTxnRequest: "add_offsets",
    ProduceRequest: "produce",
    TxnOffsetCommitRequest: "offsets",
    EndTxnRequest: "end",
}

# What begins a transaction in the first protocol, and where records do so in the second.
_ADDING = (AddPartitionsToTxnRequest, AddOffsetsToTxnRequest)
_ADDING_BY_SENDING = (ProduceRequest, TxnOffsetCommitRequest)

_Result = TypeVar("_Result")
_log = logging.getLogger(__name__)


class RoundTrip(NamedTuple):
    """From the first request of a step to its last answer (time.perf_counter). seconds: of each request, added up."""

    began_s: float
    ended_s: float
    seconds: float


class TransactionalProducer(AIOKafkaProducer):  # type: ignore[misc]
    """A producer whose transactions no late EndTxn of its own can end, each within a deadline.

    After an error it is to be closed; another one takes its place.
    """

    def __init__(
        self,
        client_options: Mapping[str, Any],
        transactional_id: str,
        on_epoch_raised: Callable[[], None] = lambda: None,
        lost_ends: LostEnds | None = None,
        **more: Any,
    ) -> None:
        """Prepares it, without a connection.

        on_epoch_raised: called each time. lost_ends: of this id; None: nobody looks. more: aiokafka's own options.
        """
        super().__init__(
            **client_options,
            transactional_id=transactional_id,
            transaction_timeout_ms=TRANSACTION_TIMEOUT_MS,
            acks="all",
            **more,
        )
        self._on_epoch_raised = on_epoch_raised
        self._lost_ends = lost_ends
        self._looked_on: Any = None  # the connection to the coordinator; while it holds, nothing can have been lost
        self._may_end_late = False
        self._has_protocol_2 = False
        self._adds_by_sending = False  # of the transaction in hand
        self.round_trips: dict[str, RoundTrip] = {}  # of the newest transaction, by step
        enlist_at_once(self._sender)
        self._send_unwatched = self.client.send
        self.client.send = self._send_watched

    async def start(self) -> None:
        """Fences the former producer of this id, and asks the cluster which transaction protocol it has."""
        await super().start()
        self._has_protocol_2 = await has_protocol_2(self._sender)

    async def begin_transaction(self) -> None:
        """Begins a transaction; before that, raises the epoch if an earlier end was not answered.

        Raises:
            ProducerFenced: The epoch cannot be raised: another producer of the same transactional id has started.
            KafkaError: The epoch cannot be raised for another reason.
        """
        self.round_trips, self._adds_by_sending = {}, False
        if self._may_end_late:
            await raise_epoch(self._sender)
            self._may_end_late = False
            manager = self._txn_manager
            _log.warning(
                "%s: the end of a transaction was not answered at first; the epoch is %d from now on, so that it ends "
                "no later transaction",
                manager.transactional_id,
                manager.producer_epoch,
            )
            self._on_epoch_raised()
        await super().begin_transaction()

    async def commit(self, fill: Callable[[Self], Awaitable[_Result]]) -> _Result:
        """Commits what `fill` sends, as one transaction, and gives what `fill` gives.

        `fill` must await the answers to all that it sends: aiokafka commits although a record was refused. After an
        error the transaction may be open, and may be committed.

        Raises:
            KafkaTimeoutError: Kafka did not answer within DEADLINE_S.
            KafkaError: Kafka refused; AssertionError and ValueError too come of aiokafka (FAILURES).
        """
        async with _deadline():
            await self.begin_transaction()
            result = await fill(self)
            await self.commit_transaction()
            return result

    async def commit_or_abort(self, fill: Callable[[Self], Awaitable[_Result]]) -> _Result:
        """Does what `commit` does. After an error in `fill` it aborts, so that no reader waits for the timeout.

        Raises:
            KafkaTimeoutError: Kafka did not answer within DEADLINE_S.
            KafkaError: Kafka refused.
        """
        try:
            return await self.commit(fill)
        except BaseException:
            if self._txn_manager.state in {TransactionState.IN_TRANSACTION, TransactionState.ABORTABLE_ERROR}:
                with suppress(*FAILURES):
                    async with asyncio.timeout(STOP_WITHIN_S):
                        await self.abort_transaction()
            raise

    async def abort(self, fill: Callable[[Self], Awaitable[object]]) -> None:
        """Aborts what `fill` sends, as one transaction.

        Raises:
            KafkaTimeoutError: Kafka did not answer within DEADLINE_S.
            KafkaError: Kafka refused; as for `commit`.
        """
        async with _deadline():
            await self.begin_transaction()
            await fill(self)
            await self.abort_transaction()

    def touch(self, tps: Iterable[TopicPartition]) -> None:
        """Adds these partitions to the transaction in hand: `commit` and `abort` fill by it.

        It may be done without any record: the broker writes the marker of the end into every partition of a
        transaction, records or not, and a marker ends whatever an earlier transaction of the same producer id has left
        open there.
        """
        for tp in tps:
            self._txn_manager.maybe_add_partition_to_txn(tp)

    def expect(self, tps: Iterable[TopicPartition]) -> None:
        """Says where records of the transaction in hand are about to go; `commit` and `abort` fill by it.

        Their partitions are then added at once, or, in protocol 2, by the records themselves, and the group by its
        offsets (enlisting.py).
        """
        tps = list(tps)
        self._adds_by_sending = self._has_protocol_2 and go_to_one_broker(self._sender, tps)
        if self._adds_by_sending:
            self._txn_manager.txn_partitions.update(tps)
        else:
            self.touch(tps)

    async def send_offsets_to_transaction(self, offsets: Any, group_id: str) -> None:
        """Sends a group's offsets, as part of the transaction in hand."""
        if self._adds_by_sending:
            self._txn_manager.consumer_group_added(group_id)
        await super().send_offsets_to_transaction(offsets, group_id)

    async def see_none_left_open(self) -> None:
        """Makes sure that nothing is left open of what it has ended; asks only where its connection was lost.

        Raises:
            LeftOpenError: Something is.
            KafkaError: The broker does not answer.
        """
        if self._lost_ends is None or (self._looked_on is not None and self._looked_on.connected()):
            return
        node = await self._sender._find_coordinator(CoordinationType.TRANSACTION, self._txn_manager.transactional_id)
        with self._coordinator_doubted():
            self._looked_on = await self._lost_ends.see_none(self.client, node)

    @property
    def tells_of_lost_ends(self) -> bool:
        """Says whether what is open under its id when it starts is known to be aborted."""
        return bool(self._txn_manager.transaction_timeout_ms != UNTOLD_MS)

    @property
    def producer_id(self) -> int:
        """Gives the id that the broker knows the producer by, once it is started."""
        return int(self._txn_manager.producer_id)

    async def close(self) -> None:
        """Stops it, within STOP_WITHIN_S. An open transaction ends when its id is fenced, or by its timeout."""
        try:
            async with asyncio.timeout(STOP_WITHIN_S):
                await self.stop()
        except FAILURES:
            # Whatever it was about to send is discarded: without connections it can do nothing any more.
            await self.client.close()

    async def _send_watched(self, node_id: Any, request: Any, **options: Any) -> Any:
        if self._lost_ends is not None:
            group = options.get("group", ConnectionGroup.DEFAULT)
            request = await self._looked(self._lost_ends, node_id, request, group)
        step, began = _STEPS.get(type(request)), time.perf_counter()
        if isinstance(request, TxnOffsetCommitRequest):
            # With the records, whose answer is not waited for: a broker works those of one connection in order. Of two
            # at a time that it has to ask the coordinator about, it refuses one, which has to be sent again.
            options["group"] = ConnectionGroup.DEFAULT
        if self._has_protocol_2:
            form = in_protocol_2(request)
        else:
            form = JoinedProduceRequest.of(request) if isinstance(request, ProduceRequest) else request
        try:
            answer = await self._send_unwatched(node_id, form, **options)
        except BaseException:
            # An EndTxn that never left counts too: to raise the epoch once too often costs a millisecond.
            self._may_end_late |= isinstance(form, EndTxnRequest)
            raise
        if isinstance(form, EpochEndingRequest) and answer.error_code == NoError.errno:
            go_on_as(self._txn_manager, answer.producer_id, answer.producer_epoch)
        if step is not None:
            ended = time.perf_counter()
            first, _, seconds = self.round_trips.get(step, (began, ended, 0.0))
            self.round_trips[step] = RoundTrip(first, ended, seconds + ended - began)
        return answer

    async def _looked(self, lost_ends: LostEnds, node: int, request: Any, group: Any) -> Any:
        """Looks before what begins something, where the broker may have restarted; gives what is to be sent."""
        manager = self._txn_manager
        with self._coordinator_doubted():
            if isinstance(request, InitProducerIdRequest):
                timeout_ms, self._looked_on = await lost_ends.timeout_of_start(self.client, node, group)
                manager.transaction_timeout_ms = timeout_ms
                return InitProducerIdRequest(manager.transactional_id, timeout_ms)
            if isinstance(request, RaiseRequest):
                self._looked_on = await lost_ends.see_none(self.client, node, group)
        if isinstance(request, _ADDING) or (self._adds_by_sending and isinstance(request, _ADDING_BY_SENDING)):
            await self.see_none_left_open()
        return request

    @contextmanager
    def _coordinator_doubted(self) -> Iterator[None]:
        try:
            yield
        except ConcurrentTransactions:  # it was the coordinator that said so
            raise
        except KafkaError:
            self._sender._coordinator_dead(CoordinationType.TRANSACTION)  # it is to be looked up again
            raise


@asynccontextmanager
async def _deadline() -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(DEADLINE_S):
            yield
    except TimeoutError as error:
        raise KafkaTimeoutError(f"Kafka did not answer within {DEADLINE_S:.0f} s") from error
