"""Ends of transactions that the broker has lost: what is open though its end was decided is ended as it was decided.

A single broker that is killed may note a transaction as complete without writing its markers. A partition without one
stands still for all readers until the same producer id ends something there again; which end that is decides what they
see. The coordinator knows how the newest transaction of an id was decided, and forgets it with the next start of a
producer (InitProducerId). But it remembers the transaction timeout that this start has asked for. So the timeout is
what we have it remember (docs/adr/0010-lost-ends.md):

    WORKS_MS         a lane works under the id; what was open when its producer started is to be aborted
    one of ENDS_MS   nobody works under the id; what is open is to be committed

Before a producer is started, `settle` commits what has to be. Under ENDS_MS nothing but that is done with the id, so
that anybody may add partitions that are open, and commit, as often as they like: whoever comes next goes on with it.
A producer starts once nothing is left to be committed, and aborts what is open then. While it runs, it looks again
whenever it has lost its connection: a broker that restarts loses connections, too.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Literal, NamedTuple

from aiokafka import TopicPartition
from aiokafka.client import AIOKafkaClient, ConnectionGroup, CoordinationType
from aiokafka.errors import (
    ConcurrentTransactions,
    IncompatibleBrokerVersion,
    InvalidTransactionTimeout,
    KafkaConnectionError,
    KafkaError,
    TopicAuthorizationFailedError,
    for_code,
)
from aiokafka.protocol.transaction import AddPartitionsToTxnRequest, EndTxnRequest

from streams.errors import START_ANEW, UsageError
from streams.kafka.epochs import PRODUCER_FENCED, RaiseRequest
from streams.kafka.never_taken import NeverTakenError
from streams.kafka.open_transactions import Described, describe, open_transactions
from streams.kafka.refusals import forbidden

Outcome = Literal["commit", "abort"]
"""How a transaction was decided."""

Written = Sequence[tuple[str, int | None]]
"""What the transactions of an id may write to: topics, each with a partition number; None: all of them."""

# What other producers ask for, and what lanes of earlier releases did: it says nothing of what is open.
UNTOLD_MS = 10_000
WORKS_MS = 9_999
# In this time the next one has to come if whoever ends something is killed between two of its requests. The second is
# for brokers whose transaction.max.timeout.ms is lower.
ENDS_MS = 600_000, 9_998
# Somebody may have looked before us, and is about to make the broker remember ENDS_MS, too. Were that to come while
# partitions are added, the broker would abort them.
LOOKED_BEFORE_S = 1.0

# A broker older than Kafka 3.0; the second is aiokafka's, for a version.
CANNOT_TELL = (IncompatibleBrokerVersion, NotImplementedError)
_INVALID_EPOCH, _INVALID_STATE, _INVALID_ID = 47, 48, 49
# Somebody else was quicker: to be looked at again.
_OVERTAKEN = {PRODUCER_FENCED, _INVALID_EPOCH, _INVALID_STATE, _INVALID_ID}
_PAUSE_S = 0.02


class LeftOpenError(Exception):
    """Something is open whose end was decided: the partition is to be taken over, which ends it.

    No KafkaError: aiokafka would ask again.
    """


class RevokedError(UsageError):
    """What was decided as a commit was aborted in some partitions, and committed in others."""


class Look(NamedTuple):
    """How an id stands. left: where something of it is open."""

    described: Described
    left: Sequence[TopicPartition]
    connection: Any  # over which the coordinator was asked: while it holds, the broker has not restarted

    @property
    def is_being_ended(self) -> bool:
        """Says whether markers are being written: what is open then tells nothing."""
        return self.described.state.startswith("Prepare")

    @property
    def is_ongoing(self) -> bool:
        """Says whether a transaction is going on."""
        return self.described.state == "Ongoing"

    @property
    def ends(self) -> bool:
        """Says whether the id is used for nothing but to commit what was left open."""
        return self.described.timeout_ms in ENDS_MS

    @property
    def is_revoked(self) -> bool:
        """Says whether the broker has aborted what was to be committed."""
        return self.ends and self.described.state == "CompleteAbort"

    @property
    def outcome(self) -> Outcome | None:
        """Gives how what is open was decided; None where nobody can tell, or it is not decided."""
        match self.described.state:
            case "CompleteCommit":
                return "commit"
            case "CompleteAbort":
                return "abort"
            case "Empty":
                if self.ends:
                    return "commit"
                return "abort" if self.described.timeout_ms == WORKS_MS else None
            case _:
                return None


class LostEnds:
    """The lost ends of one transactional id. where: the beginning of errors."""

    def __init__(self, transactional_id: str, written: Written, where: str = "") -> None:
        self._id = transactional_id
        self._written = written
        self._where = where
        self._none_was_open = False  # when a start was last asked for

    async def look(self, client: AIOKafkaClient, node: int, group: Any = ConnectionGroup.COORDINATION) -> Look:
        """Looks once, on the connection of this group to a node that coordinates the id.

        Raises:
            KafkaError: The broker does not answer, refuses, or goes on meanwhile; CANNOT_TELL: it cannot be asked.
            NeverTakenError: The right to read an output is missing.
        """
        if not await client.ready(node, group=group):
            raise KafkaConnectionError(f"broker {node} cannot be reached")
        connection = client._conns.get((node, group))
        described = await describe(client, node, self._id, group)
        look = Look(described, [], connection)
        if described.producer_id >= 0 and not look.is_being_ended:
            opened = await self._opened(client)
            look = look._replace(left=opened.get(described.producer_id, []))
            if look.left and await describe(client, node, self._id, group) != described:
                raise ConcurrentTransactions(self._id)  # what is open may be of a transaction that has begun since
        if connection is None or not connection.connected() or client._conns.get((node, group)) is not connection:
            raise KafkaConnectionError(f"the connection to broker {node} was lost meanwhile")
        return look

    async def look_at_last(self, client: AIOKafkaClient) -> tuple[int, Look]:
        """Looks once no markers are being written; gives the coordinator, too.

        Raises:
            KafkaError: The broker refuses, or cannot be asked (CANNOT_TELL).
        """
        while True:
            try:
                node = int(await client.coordinator_lookup(CoordinationType.TRANSACTION, self._id))
                look = await self.look(client, node)
                if not look.is_being_ended:
                    return node, look
            except KafkaError as error:
                if not error.retriable and not isinstance(error, ConcurrentTransactions):
                    raise
                await client.force_metadata_update()
            await asyncio.sleep(_PAUSE_S)

    async def settle(self, client: AIOKafkaClient) -> set[TopicPartition]:
        """Commits what is open though decided so; gives where. No producer of the id is to be started before.

        Raises:
            RevokedError: The broker has aborted it.
            KafkaError: The broker refuses, or cannot be asked (CANNOT_TELL).
        """
        committed: set[TopicPartition] = set()
        while True:
            node, look = await self.look_at_last(client)
            if look.is_revoked:
                raise RevokedError(self._revoked())
            if look.ends and look.is_ongoing:  # whoever began it is dead, or slow
                await self._commit(client, node, look)
            elif look.outcome != "commit" or not look.left:
                return committed
            elif not look.ends:
                await self._have_it_remembered(client, node, look)
            elif await self._add(client, node, look):
                await self._commit(client, node, look)
                committed.update(look.left)

    async def timeout_of_start(self, client: AIOKafkaClient, node: int, group: Any) -> tuple[int, Any]:
        """Gives the timeout that a producer of the id is to start with, and the connection to start it on.

        Raises:
            LeftOpenError: Something is to be committed first.
            KafkaError: The broker does not answer, or still writes markers; it is to be asked again.
        """
        try:
            look = await self.look(client, node, group)
        except CANNOT_TELL:
            return UNTOLD_MS, None
        if look.is_being_ended:
            raise ConcurrentTransactions(self._id)
        # Where partitions are added late, and nothing was open in them, no harm is done by the abort of the start.
        revoked = look.is_revoked and not self._none_was_open
        if revoked or (look.ends and look.is_ongoing) or (look.left and look.outcome == "commit"):
            raise LeftOpenError(self._left_open(look))
        self._none_was_open = not look.left
        is_untold = bool(look.left) and look.outcome is None and not look.is_ongoing
        return UNTOLD_MS if is_untold else WORKS_MS, look.connection

    async def see_none(self, client: AIOKafkaClient, node: int, group: Any = ConnectionGroup.COORDINATION) -> Any:
        """Makes sure that nothing is left open of what the id has ended; gives the connection that tells for how long.

        Raises:
            LeftOpenError: Something is.
            KafkaError: The broker does not answer, or still writes markers; it is to be asked again.
        """
        try:
            look = await self.look(client, node, group)
        except CANNOT_TELL:
            return client._conns.get((node, group))
        if look.is_being_ended:
            raise ConcurrentTransactions(self._id)
        if look.left and not look.is_ongoing:
            raise LeftOpenError(self._left_open(look))
        return look.connection

    # --- requests ---

    async def _have_it_remembered(self, client: AIOKafkaClient, node: int, look: Look) -> None:
        """Has the broker remember that what is open is to be committed; nobody works under the id from then on."""
        for timeout_ms in ENDS_MS:
            start = _Start(self._id, timeout_ms, look.described.producer_id, look.described.epoch)
            with suppress(InvalidTransactionTimeout):
                if await self._asked(client, node, RaiseRequest(start)):
                    await asyncio.sleep(LOOKED_BEFORE_S)
                return

    async def _add(self, client: AIOKafkaClient, node: int, look: Look) -> bool:
        topics = {topic: [tp.partition for tp in look.left if tp.topic == topic] for topic, _ in look.left}
        own = self._id, look.described.producer_id, look.described.epoch
        return await self._asked(client, node, AddPartitionsToTxnRequest(*own, list(topics.items())))

    async def _commit(self, client: AIOKafkaClient, node: int, look: Look) -> None:
        own = self._id, look.described.producer_id, look.described.epoch
        await self._asked(client, node, EndTxnRequest(*own, True))  # noqa: FBT003 - aiokafka's

    async def _asked(self, client: AIOKafkaClient, node: int, request: Any) -> bool:
        """Asks for something; says whether that was done. Where it was not, a look tells what to do.

        Raises:
            KafkaError: The broker refuses for good.
        """
        try:
            answer = await client.send(node, request, group=ConnectionGroup.COORDINATION)
        except KafkaError as error:
            if not error.retriable:
                raise
            return False
        codes = _codes(answer)
        for code in codes - _OVERTAKEN - {0}:
            refusal = for_code(code)(self._id)
            if not refusal.retriable and not isinstance(refusal, ConcurrentTransactions):
                raise refusal
        if codes != {0}:
            await asyncio.sleep(_PAUSE_S)
        return codes == {0}

    async def _opened(self, client: AIOKafkaClient) -> dict[int, list[TopicPartition]]:
        """Gives where something is open of all that may be written to, by producer id."""
        tps = []
        for topic, number in self._written:
            numbers = sorted(await client._wait_on_metadata(topic)) if number is None else [number]
            tps += [TopicPartition(topic, each) for each in numbers]
        try:
            return await open_transactions(client, tps)
        except TopicAuthorizationFailedError as error:
            raise NeverTakenError(f"{self._where}: {forbidden(error, 'READ')}; then start again") from error
        except KafkaError:
            client.force_metadata_update()  # a leader may have moved
            raise

    def _left_open(self, look: Look) -> str:
        where = ", ".join(f"{tp.topic} partition {tp.partition}" for tp in look.left)
        return f"{self._id}: the broker has lost the end of a transaction in {where or 'some partitions'}"

    def _revoked(self) -> str:
        return (
            f"{self._where}: a transaction of {self._id} was to be committed and is aborted, whole or in part: a "
            "broker had lost its end, and while that was written again another producer of this id was started, or no "
            f"worker went on with it in time; tierflow audit says what is missing; {START_ANEW}"
        )


class _Start(NamedTuple):
    """What a producer's start says, as RaiseRequest has it."""

    transactional_id: str
    transaction_timeout_ms: int
    producer_id: int
    producer_epoch: int


def _codes(answer: Any) -> set[int]:
    """Gives the error codes of an answer."""
    if hasattr(answer, "error_code"):
        return {answer.error_code}
    return {code for _, partitions in answer.errors for _, code in partitions}
