"""Scripts of requests and answers, played to a real broker and to the one in memory: both have to say the same.

What the real one said is kept in exchanges.json: `python -m tests.simulation.exchanges` asks a broker anew, which it
starts. Errors that last only until markers are written are waited out, since how long that takes is nobody's promise.
"""

import asyncio
import itertools
import json
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Protocol

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.client import AIOKafkaClient, CoordinationType
from aiokafka.errors import KafkaError
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.protocol.transaction import (
    AddOffsetsToTxnRequest,
    AddPartitionsToTxnRequest,
    EndTxnRequest,
    InitProducerIdRequest,
    TxnOffsetCommitRequest,
)
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from streams.kafka import local
from streams.kafka.epochs import RaiseRequest
from streams.kafka.open_transactions import _DescribeProducers, _DescribeTransactions
from streams.kafka.protocol_2 import in_protocol_2
from tests.simulation.broker import Broker
from tests.simulation.wire import VERSIONS, answer_to

KEPT = Path(__file__).with_name("exchanges.json")
PASSING = {3, 5, 6, 14, 15, 16, 19, 51}  # just made, loading, or a marker is not written yet
TIMEOUT_MS = 60_000
TRIES = 100
Identity = tuple[int, int]
"""A producer id, and an epoch."""


class Side(Protocol):
    """One of the two brokers, with topics `x` and `y` of one partition and a group of the script's own."""

    name: str

    async def ask(self, request: Any) -> Any:
        """Gives the answer to a request."""

    async def pause(self) -> None:
        """Lets some time pass."""

    async def ends(self, topic: str) -> tuple[int, int]:
        """Gives the last stable offset and the high watermark."""

    async def values(self, topic: str) -> list[str]:
        """Gives what a reader of committed records sees."""

    async def offset(self, topic: str) -> int | None:
        """Gives what the group has committed."""


class Player:
    """Plays a script to a side, and notes the answers. Producer ids are noted in the order in which they were met."""

    def __init__(self, side: Side) -> None:
        self.notes: list[Any] = []
        self.protocol = 1
        self._side = side
        self._ids: dict[int, int] = {}
        self.topics = {topic: f"{side.name}.{topic}" for topic in "xy"}

    async def init(self, who: str = "p", timeout_ms: int = TIMEOUT_MS) -> Identity:
        """Starts a producer."""
        return await self._began(InitProducerIdRequest(f"{self._side.name}-{who}", timeout_ms))

    async def raise_epoch(self, own: Identity, who: str = "p", timeout_ms: int = TIMEOUT_MS) -> Identity:
        """Has a producer raise its epoch."""
        name = f"{self._side.name}-{who}"
        return await self._began(
            RaiseRequest(
                SimpleNamespace(
                    transactional_id=name, transaction_timeout_ms=timeout_ms, producer_id=own[0], producer_epoch=own[1]
                )
            )
        )

    async def add(self, own: Identity, *topics: str, who: str = "p") -> None:
        """Adds partitions to a transaction."""
        request = AddPartitionsToTxnRequest(
            f"{self._side.name}-{who}", *own, [(self.topics[topic], [0]) for topic in topics]
        )
        await self._note(
            "add", request, lambda answer: sorted({error for _, errors in answer.errors for _, error in errors})
        )

    async def add_offsets(self, own: Identity, who: str = "p") -> None:
        """Adds the group to a transaction."""
        request = AddOffsetsToTxnRequest(f"{self._side.name}-{who}", *own, self._side.name)
        await self._note("add offsets", request, lambda answer: answer.error_code)

    async def produce(self, own: Identity, topic: str, sequence: int, *values: str, who: str = "p") -> None:
        """Sends a batch."""
        batch = DefaultRecordBatchBuilder(
            magic=2, compression_type=0, is_transactional=1, producer_id=own[0], producer_epoch=own[1],
            base_sequence=sequence, batch_size=1 << 16,
        )  # fmt: skip
        for number, value in enumerate(values):
            batch.append(number, 1_795_483_800_000, b"k", value.encode(), [])
        request = ProduceRequest(
            f"{self._side.name}-{who}", -1, 30_000, [(self.topics[topic], [(0, bytes(batch.build()))])]
        )
        await self._note("produce", request, lambda answer: list(answer.topics[0][1][0][1:3]))

    async def commit_offset(self, own: Identity, topic: str, offset: int, who: str = "p") -> None:
        """Sends the group's offset with a transaction."""
        name = f"{self._side.name}-{who}"
        request = TxnOffsetCommitRequest(name, self._side.name, *own, [(self.topics[topic], [(0, offset, "")])])
        await self._note("offsets", request, lambda answer: answer.errors[0][1][0][1])

    async def end(self, own: Identity, *, commits: bool, who: str = "p") -> Identity:
        """Ends a transaction; gives what the next one goes by."""
        request, what = EndTxnRequest(f"{self._side.name}-{who}", *own, commits), "commit" if commits else "abort"
        if self.protocol == 1:
            await self._note(what, request, lambda answer: answer.error_code)
            return own
        answer = await self._answer(request, lambda answer: answer.error_code)
        return self._next(what, answer)

    async def state(self, who: str = "p") -> None:
        """Notes what the coordinator says of a transaction, once that is ended."""
        request = _DescribeTransactions(f"{self._side.name}-{who}")
        for _ in range(TRIES):
            [said] = (await self._side.ask(request)).to_object()["transaction_states"]
            if not said["transaction_state"].startswith("Prepare"):
                break
            await self._side.pause()
        self.notes.append(["state", said["error_code"], said["transaction_state"]])

    async def remembered(self, who: str = "p") -> None:
        """Notes what the coordinator remembers of the newest start: its timeout."""
        answer = await self._side.ask(_DescribeTransactions(f"{self._side.name}-{who}"))
        [said] = answer.to_object()["transaction_states"]
        self.notes.append(["timeout", said["transaction_timeout_ms"]])

    async def is_open(self, topic: str) -> None:
        """Notes since which offset transactions are open in a partition."""
        answer = await self._side.ask(_DescribeProducers({self.topics[topic]: [0]}))
        [partition] = answer.to_object()["topics"][0]["partitions"]
        found = sorted(each["current_txn_start_offset"] for each in partition["active_producers"])
        self.notes.append(["open", topic, [offset for offset in found if offset >= 0]])

    async def ends(self, topic: str, *, settled: bool = True) -> None:
        """Notes the ends of a partition. settled: once nothing is open there."""
        ends = await self._side.ends(self.topics[topic])
        for _ in range(TRIES):
            if not settled or ends[0] == ends[1]:
                break
            await self._side.pause()
            ends = await self._side.ends(self.topics[topic])
        self.notes.append(["ends", topic, list(ends)])

    async def read(self, topic: str) -> None:
        """Notes what a reader sees."""
        self.notes.append(["read", topic, await self._side.values(self.topics[topic])])

    async def offset(self, topic: str) -> None:
        """Notes the group's offset."""
        self.notes.append(["committed", topic, await self._side.offset(self.topics[topic])])

    async def _began(self, request: Any) -> Identity:
        return self._next("init", await self._answer(request, lambda answer: answer.error_code))

    def _next(self, what: str, answer: Any) -> Identity:
        known = self._ids.setdefault(answer.producer_id, len(self._ids)) if answer.producer_id >= 0 else -1
        self.notes.append([what, answer.error_code, known, answer.producer_epoch])
        return answer.producer_id, answer.producer_epoch

    async def _note(self, what: str, request: Any, said: Callable[[Any], Any]) -> None:
        self.notes.append([what, said(await self._answer(request, said))])

    async def _answer(self, request: Any, said: Callable[[Any], Any]) -> Any:
        for _ in range(TRIES):
            answer = await self._side.ask(request if self.protocol == 1 else in_protocol_2(request))
            errors = said(answer)
            if not PASSING & set(errors if isinstance(errors, list) else [errors]):
                break
            await self._side.pause()
        return answer


# --- the scripts ---


async def a_commit(play: Player) -> None:
    """Records are seen once the transaction is committed, offsets too."""
    own = await play.init()
    await play.state()
    await play.add(own, "x", "y")
    await play.add_offsets(own)
    await play.produce(own, "x", 0, "1", "2")
    await play.produce(own, "y", 0, "3")
    await play.commit_offset(own, "x", 5)
    await play.offset("x")
    await play.ends("x", settled=False)
    await play.is_open("x")
    await play.state()
    await play.read("x")
    await play.end(own, commits=True)
    await play.ends("x")
    await play.ends("y")
    await play.state()
    await play.is_open("x")
    await play.read("x")
    await play.read("y")
    await play.offset("x")
    await play.end(own, commits=True)
    await play.end(own, commits=False)


async def an_abort(play: Player) -> None:
    """Nobody sees what was aborted; the next transaction of the producer goes on in its sequence."""
    own = await play.init()
    await play.add(own, "x")
    await play.add_offsets(own)
    await play.produce(own, "x", 0, "1")
    await play.commit_offset(own, "x", 5)
    await play.end(own, commits=False)
    await play.ends("x")
    await play.read("x")
    await play.offset("x")
    await play.end(own, commits=False)
    await play.end(own, commits=True)
    await play.add(own, "x")
    await play.produce(own, "x", 1, "2")
    await play.end(own, commits=True)
    await play.ends("x")
    await play.read("x")


async def sequences(play: Player) -> None:
    """A batch that comes again is known; one that leaves a gap is refused."""
    own = await play.init()
    await play.add(own, "x")
    await play.produce(own, "x", 0, "1", "2")
    await play.produce(own, "x", 0, "1", "2")
    await play.produce(own, "x", 3, "4")
    await play.produce(own, "x", 2, "3")
    await play.produce(own, "x", 0, "1", "2")
    await play.end(own, commits=True)
    await play.ends("x")
    await play.read("x")


async def a_fenced_producer(play: Player) -> None:
    """A second start aborts the transaction of the first, which is refused from then on, whatever it asks."""
    first = await play.init()
    await play.add(first, "x")
    await play.add_offsets(first)
    await play.produce(first, "x", 0, "1")
    second = await play.init()
    await play.ends("x")
    await play.state()
    await play.produce(first, "x", 1, "2")
    await play.produce(first, "y", 0, "2")
    await play.add(first, "y")
    await play.add_offsets(first)
    await play.commit_offset(first, "x", 9)
    await play.end(first, commits=True)
    await play.end(first, commits=False)
    await play.raise_epoch(first)
    await play.add(second, "x")
    await play.produce(second, "x", 0, "3")
    await play.end(second, commits=True)
    await play.ends("x")
    await play.read("x")
    await play.offset("x")


async def outside_a_transaction(play: Player) -> None:
    """What was not added is refused; so is what comes after the end."""
    own = await play.init()
    await play.produce(own, "x", 0, "1")
    await play.commit_offset(own, "x", 1)
    await play.end(own, commits=True)
    await play.end(own, commits=False)
    await play.add(own, "x")
    await play.produce(own, "y", 0, "1")
    await play.produce(own, "x", 0, "1")
    await play.commit_offset(own, "x", 1)
    await play.end(own, commits=True)
    await play.ends("x")
    await play.produce(own, "x", 1, "2")
    await play.ends("x")
    await play.read("x")


async def a_late_end(play: Player) -> None:
    """An end that comes again, late, ends the next transaction: what comes after it is refused."""
    own = await play.init()
    await play.add(own, "x")
    await play.produce(own, "x", 0, "1")
    await play.end(own, commits=True)
    await play.ends("x")
    await play.add(own, "x")
    await play.produce(own, "x", 1, "2")
    await play.end(own, commits=True)
    await play.ends("x")
    await play.produce(own, "x", 2, "3")
    await play.read("x")


async def a_raised_epoch(play: Player) -> None:
    """A producer raises its epoch: it counts from 0 again, and its former epoch is refused."""
    own = await play.init()
    await play.add(own, "x")
    await play.produce(own, "x", 0, "1", "2")
    await play.end(own, commits=True)
    await play.ends("x")
    raised = await play.raise_epoch(own)
    await play.raise_epoch(own)
    await play.add(own, "x")
    await play.end(own, commits=True)
    await play.add(raised, "x")
    await play.produce(own, "x", 2, "no")
    await play.produce(raised, "x", 2, "no")
    await play.produce(raised, "x", 0, "3")
    await play.end(own, commits=True)
    await play.end(raised, commits=True)
    await play.ends("x")
    await play.read("x")


async def a_raise_in_a_transaction(play: Player) -> None:
    """A raise that comes in an open transaction aborts it."""
    own = await play.init()
    await play.add(own, "x")
    await play.produce(own, "x", 0, "1")
    await play.raise_epoch(own)
    await play.ends("x")
    await play.end(own, commits=True)
    await play.read("x")


async def a_raise_after_another_start(play: Player) -> None:
    """A producer that was overtaken may not raise its epoch."""
    first = await play.init()
    second = await play.init()
    await play.raise_epoch(first)
    await play.add(second, "x")
    await play.produce(second, "x", 0, "1")
    await play.end(second, commits=True)
    await play.ends("x")
    await play.read("x")


async def two_producers(play: Player) -> None:
    """The last stable offset waits for the older of two open transactions."""
    one, two = await play.init("one"), await play.init("two")
    await play.add(one, "x", who="one")
    await play.add(two, "x", who="two")
    await play.produce(one, "x", 0, "1", who="one")
    await play.produce(two, "x", 0, "2", who="two")
    await play.is_open("x")
    await play.end(two, commits=True, who="two")
    await play.state("two")
    await play.ends("x", settled=False)
    await play.read("x")
    await play.end(one, commits=False, who="one")
    await play.ends("x")
    await play.read("x")


async def partitions_without_records(play: Player) -> None:
    """Every partition that was added gets a marker, records or not."""
    own = await play.init()
    await play.add(own, "x", "y")
    await play.end(own, commits=False)
    await play.state()
    await play.ends("x")
    await play.ends("y")
    await play.add(own, "x")
    await play.add(own, "x")
    await play.end(own, commits=True)
    await play.state()
    await play.ends("x")


async def unknown_producers(play: Player) -> None:
    """Nobody knows of an id that was never started, nor of another's producer id."""
    own = await play.init("known")
    await play.state("unknown")
    await play.add(own, "x", who="unknown")
    await play.end(own, commits=True, who="unknown")
    await play.add_offsets(own, who="unknown")
    other = await play.init("other")
    await play.add(other, "x", who="known")
    await play.end(other, commits=True, who="known")
    await play.raise_epoch(other, who="known")


async def a_timeout_that_is_remembered(play: Player) -> None:
    """The timeout of a start is told until the next start, whatever is committed or aborted meanwhile."""
    own = await play.init(timeout_ms=9_999)
    await play.remembered()
    await play.add(own, "x")
    await play.produce(own, "x", 0, "1")
    await play.remembered()
    await play.end(own, commits=True)
    await play.state()
    await play.remembered()
    raised = await play.raise_epoch(own, timeout_ms=600_000)
    await play.state()
    await play.remembered()
    await play.add(raised, "x")
    await play.end(raised, commits=True)
    await play.state()
    await play.remembered()
    await play.add(raised, "x")
    last = await play.init(timeout_ms=9_999)
    await play.state()
    await play.remembered()
    await play.add(last, "x")
    await play.end(last, commits=False)
    await play.state()
    await play.remembered()
    await play.ends("x")


# --- those of protocol 2 ---


async def a_commit_by_which_the_epoch_rises(play: Player) -> None:
    """Records and offsets add themselves; the end gives the epoch of the next transaction, and may come again."""
    play.protocol = 2
    own = await play.init()
    await play.produce(own, "x", 0, "1", "2")
    await play.state()
    await play.produce(own, "y", 0, "3")
    await play.commit_offset(own, "x", 5)
    await play.offset("x")
    await play.ends("x", settled=False)
    await play.is_open("x")
    await play.read("x")
    later = await play.end(own, commits=True)
    await play.ends("x")
    await play.ends("y")
    await play.state()
    await play.is_open("x")
    await play.read("x")
    await play.read("y")
    await play.offset("x")
    await play.end(own, commits=True)
    await play.end(own, commits=False)
    await play.produce(later, "x", 2, "no")
    await play.state()
    await play.produce(later, "x", 0, "4")
    last = await play.end(later, commits=True)
    await play.ends("x")
    await play.read("x")
    await play.end(own, commits=True)
    await play.end(later, commits=True)
    await play.end(last, commits=True)


async def an_abort_by_which_the_epoch_rises(play: Player) -> None:
    """Nobody sees what was aborted; the next transaction counts from 0."""
    play.protocol = 2
    own = await play.init()
    await play.produce(own, "x", 0, "1")
    await play.commit_offset(own, "x", 5)
    later = await play.end(own, commits=False)
    await play.ends("x")
    await play.read("x")
    await play.offset("x")
    await play.end(own, commits=False)
    await play.end(own, commits=True)
    await play.produce(later, "x", 1, "no")
    await play.produce(later, "x", 0, "2")
    await play.end(later, commits=True)
    await play.ends("x")
    await play.read("x")


async def what_comes_late_in_protocol_2(play: Player) -> None:
    """Records, offsets and ends of the transaction before are refused, and leave the next one alone."""
    play.protocol = 2
    own = await play.init()
    await play.produce(own, "x", 0, "1")
    later = await play.end(own, commits=True)
    await play.ends("x")
    await play.produce(own, "x", 1, "late")
    await play.produce(own, "y", 0, "late")
    await play.commit_offset(own, "x", 3)
    await play.produce(later, "x", 0, "2")
    await play.produce(own, "x", 1, "late")
    await play.produce(own, "y", 0, "late")
    await play.commit_offset(own, "x", 3)
    await play.end(own, commits=True)
    await play.end(own, commits=False)
    await play.state()
    await play.produce(later, "x", 1, "3")
    await play.end(later, commits=True)
    await play.ends("x")
    await play.ends("y")
    await play.read("x")
    await play.offset("x")


async def ends_of_nothing_in_protocol_2(play: Player) -> None:
    """An abort of nothing raises the epoch, too; a commit of nothing is refused."""
    play.protocol = 2
    own = await play.init()
    await play.end(own, commits=True)
    later = await play.end(own, commits=False)
    await play.state()
    again = await play.end(later, commits=False)
    await play.state()
    await play.end(again, commits=True)
    await play.produce(again, "x", 0, "1")
    last = await play.end(again, commits=True)
    await play.ends("x")
    await play.end(last, commits=False)
    await play.state()
    await play.ends("x")
    await play.read("x")


async def a_fenced_producer_in_protocol_2(play: Player) -> None:
    """A second start aborts the transaction of the first, which is refused from then on, whatever it asks."""
    play.protocol = 2
    first = await play.init()
    await play.produce(first, "x", 0, "1")
    await play.commit_offset(first, "x", 5)
    second = await play.init()
    await play.ends("x")
    await play.state()
    await play.produce(first, "x", 1, "2")
    await play.produce(first, "y", 0, "2")
    await play.commit_offset(first, "x", 9)
    await play.end(first, commits=True)
    await play.end(first, commits=False)
    await play.raise_epoch(first)
    await play.produce(second, "x", 0, "3")
    await play.end(first, commits=True)
    await play.end(second, commits=True)
    await play.ends("x")
    await play.read("x")
    await play.offset("x")


async def a_start_after_an_end_in_protocol_2(play: Player) -> None:
    """A start between two transactions raises the epoch once more."""
    play.protocol = 2
    first = await play.init()
    await play.produce(first, "x", 0, "1")
    later = await play.end(first, commits=True)
    await play.ends("x")
    second = await play.init()
    await play.produce(later, "x", 0, "no")
    await play.end(later, commits=True)
    await play.end(first, commits=True)
    await play.produce(second, "x", 0, "2")
    await play.end(second, commits=True)
    await play.ends("x")
    await play.read("x")


async def raised_epochs_in_protocol_2(play: Player) -> None:
    """Whoever had no answer to an end may raise its epoch from the one before the end."""
    play.protocol = 2
    own = await play.init()
    await play.produce(own, "x", 0, "1")
    await play.end(own, commits=True)
    await play.ends("x")
    raised = await play.raise_epoch(own)
    await play.raise_epoch(own)
    higher = await play.raise_epoch(raised)
    await play.raise_epoch(own)
    await play.end(own, commits=True)
    await play.end(raised, commits=True)
    await play.produce(raised, "x", 0, "no")
    await play.produce(higher, "x", 0, "2")
    await play.end(higher, commits=True)
    await play.ends("x")
    await play.read("x")


async def a_raise_in_a_transaction_of_protocol_2(play: Player) -> None:
    """A raise that comes in an open transaction aborts it."""
    play.protocol = 2
    own = await play.init()
    await play.produce(own, "x", 0, "1")
    raised = await play.raise_epoch(own)
    await play.ends("x")
    await play.state()
    await play.end(own, commits=True)
    await play.end(own, commits=False)
    await play.produce(raised, "x", 0, "2")
    await play.end(raised, commits=True)
    await play.ends("x")
    await play.read("x")


async def added_first_in_protocol_2(play: Player) -> None:
    """Partitions and group may be added before; the end raises the epoch all the same."""
    play.protocol = 2
    own = await play.init()
    await play.add(own, "x", "y")
    await play.add_offsets(own)
    await play.state()
    await play.produce(own, "x", 0, "1")
    await play.commit_offset(own, "x", 5)
    later = await play.end(own, commits=True)
    await play.ends("x")
    await play.ends("y")
    await play.offset("x")
    await play.add(own, "x")
    await play.add_offsets(own)
    await play.add(later, "x")
    await play.end(later, commits=False)
    await play.state()
    await play.ends("x")
    await play.read("x")


async def both_protocols_in_turn(play: Player) -> None:
    """A transaction of the one protocol may be ended by the other, and followed by one of the other."""
    play.protocol = 2
    own = await play.init()
    await play.produce(own, "x", 0, "1")
    play.protocol = 1
    await play.end(own, commits=True)
    await play.ends("x")
    await play.end(own, commits=True)
    await play.end(own, commits=False)
    await play.add(own, "x")
    await play.produce(own, "x", 1, "2")
    play.protocol = 2
    later = await play.end(own, commits=True)
    await play.ends("x")
    play.protocol = 1
    await play.end(own, commits=True)
    await play.end(later, commits=True)
    await play.add(own, "x")
    await play.add(later, "x")
    await play.produce(later, "x", 0, "3")
    await play.end(own, commits=True)
    await play.end(later, commits=True)
    await play.ends("x")
    play.protocol = 2
    await play.end(own, commits=True)
    await play.end(later, commits=True)
    await play.read("x")


async def unknown_producers_in_protocol_2(play: Player) -> None:
    """Nobody knows of an id that was never started, nor of another's producer id."""
    play.protocol = 2
    own = await play.init("known")
    await play.produce(own, "x", 0, "no", who="unknown")
    await play.commit_offset(own, "x", 1, who="unknown")
    await play.end(own, commits=True, who="unknown")
    other = await play.init("other")
    await play.produce(other, "x", 0, "no", who="known")
    await play.commit_offset(other, "x", 1, who="known")
    await play.end(other, commits=True, who="known")
    await play.ends("x")
    await play.read("x")


async def a_batch_that_comes_again_in_protocol_2(play: Player) -> None:
    """A batch that comes again is known; one that leaves a gap is refused."""
    play.protocol = 2
    own = await play.init()
    await play.produce(own, "x", 0, "1", "2")
    await play.produce(own, "x", 0, "1", "2")
    await play.produce(own, "x", 3, "4")
    await play.produce(own, "x", 2, "3")
    later = await play.end(own, commits=True)
    await play.ends("x")
    await play.produce(own, "x", 2, "3")
    await play.produce(later, "x", 0, "1", "2")
    await play.end(later, commits=True)
    await play.ends("x")
    await play.read("x")


async def a_timeout_that_ends_of_protocol_2_leave_alone(play: Player) -> None:
    """The timeout of a start is told until the next start."""
    play.protocol = 2
    own = await play.init(timeout_ms=9_999)
    await play.produce(own, "x", 0, "1")
    later = await play.end(own, commits=True)
    await play.state()
    await play.remembered()
    await play.produce(later, "x", 0, "1")
    last = await play.end(later, commits=False)
    await play.state()
    await play.remembered()
    await play.raise_epoch(last, timeout_ms=600_000)
    await play.state()
    await play.remembered()
    await play.ends("x")


SCRIPTS: Mapping[str, Callable[[Player], Awaitable[None]]] = {
    each.__name__.replace("_", " "): each
    for each in (
        a_commit,
        an_abort,
        sequences,
        a_fenced_producer,
        outside_a_transaction,
        a_late_end,
        a_raised_epoch,
        a_raise_in_a_transaction,
        a_raise_after_another_start,
        two_producers,
        partitions_without_records,
        unknown_producers,
        a_timeout_that_is_remembered,
        a_commit_by_which_the_epoch_rises,
        an_abort_by_which_the_epoch_rises,
        what_comes_late_in_protocol_2,
        ends_of_nothing_in_protocol_2,
        a_fenced_producer_in_protocol_2,
        a_start_after_an_end_in_protocol_2,
        raised_epochs_in_protocol_2,
        a_raise_in_a_transaction_of_protocol_2,
        added_first_in_protocol_2,
        both_protocols_in_turn,
        unknown_producers_in_protocol_2,
        a_batch_that_comes_again_in_protocol_2,
        a_timeout_that_ends_of_protocol_2_leave_alone,
    )
}


# --- the two sides ---


class InMemory:
    """The broker in memory."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._later: list[Callable[[], None]] = []
        self._broker = Broker({f"{name}.{topic}": 1 for topic in "xy"}, lambda _, call: self._later.append(call))
        self._broker.leaders = dict.fromkeys(self._broker.logs, 0)
        self._broker.coordinator = lambda _: 0  # type: ignore[method-assign]

    async def ask(self, request: Any) -> Any:
        return answer_to(request.prepare(VERSIONS), self._broker, 0)

    async def pause(self) -> None:
        later, self._later = self._later, []
        for call in later:
            call()

    async def ends(self, topic: str) -> tuple[int, int]:
        log = self._broker.logs[TopicPartition(topic, 0)]
        return log.stable_end, log.end

    async def values(self, topic: str) -> list[str]:
        await self.pause()
        log = self._broker.logs[TopicPartition(topic, 0)]
        return [(stored.value or b"").decode() for _, stored in log.read(0, log.stable_end)]

    async def offset(self, topic: str) -> int | None:
        await self.pause()
        return self._broker.committed(self.name, TopicPartition(topic, 0))


class Real:
    """A real broker."""

    def __init__(self, bootstrap_servers: str, name: str) -> None:
        self.name = name
        self._options = {"bootstrap_servers": bootstrap_servers}
        self._client = AIOKafkaClient(**self._options)
        self._node = -1

    async def start(self) -> None:
        """Makes the topics, and connects."""
        admin = AIOKafkaAdminClient(**self._options)
        await admin.start()
        try:
            await admin.create_topics([NewTopic(f"{self.name}.{topic}", 1, 1) for topic in "xy"])
        finally:
            await admin.close()
        await self._client.bootstrap()
        [node] = self._client.cluster.brokers()
        self._node = node.nodeId
        await self._client.ready(self._node)
        keys = ((CoordinationType.TRANSACTION, f"{self.name}-p"), (CoordinationType.GROUP, self.name))
        for kind, key in keys:  # whoever asks first has the broker make its topics of transactions and offsets
            for _ in range(TRIES):
                with suppress(KafkaError):
                    await self._client.coordinator_lookup(kind, key)
                    break
                await asyncio.sleep(0.2)

    async def stop(self) -> None:
        """Ends the connection."""
        await self._client.close()

    async def ask(self, request: Any) -> Any:
        return await self._client.send(self._node, request)

    async def pause(self) -> None:
        await asyncio.sleep(0.02)

    async def ends(self, topic: str) -> tuple[int, int]:
        tp, found = TopicPartition(topic, 0), []
        for level in ("read_committed", "read_uncommitted"):
            consumer = AIOKafkaConsumer(**self._options, isolation_level=level)
            await consumer.start()
            found.append((await consumer.end_offsets([tp]))[tp])
            await consumer.stop()
        return found[0], found[1]

    async def values(self, topic: str) -> list[str]:
        tp, values = TopicPartition(topic, 0), []
        consumer = AIOKafkaConsumer(**self._options, isolation_level="read_committed", auto_offset_reset="earliest")
        await consumer.start()
        consumer.assign([tp])
        consumer.seek(tp, 0)
        end = (await consumer.end_offsets([tp]))[tp]
        while await consumer.position(tp) < end:
            for records in (await consumer.getmany(tp, timeout_ms=100)).values():
                values += [record.value.decode() for record in records]
        await consumer.stop()
        return values

    async def offset(self, topic: str) -> int | None:
        tp = TopicPartition(topic, 0)
        admin = AIOKafkaAdminClient(**self._options)
        await admin.start()
        found: int | None = None
        for _ in range(25):  # the marker may not be written in the group's partition yet
            offsets = await admin.list_consumer_group_offsets(self.name, partitions=[tp])
            found = offsets[tp].offset if tp in offsets and offsets[tp].offset >= 0 else None
            if found is not None:
                break
            await self.pause()
        await admin.close()
        return found


async def played(side: Side, script: str) -> list[Any]:
    """Plays a script to a side; gives what it said."""
    player = Player(side)
    await SCRIPTS[script](player)
    return player.notes


_numbers = itertools.count(1)


async def played_to_a_real_one(bootstrap_servers: str, script: str) -> list[Any]:
    """Plays a script to a real broker, on topics of its own."""
    side = Real(bootstrap_servers, f"exchange{next(_numbers)}")
    await side.start()
    try:
        return await played(side, script)
    finally:
        await side.stop()


def main() -> None:
    """Asks a real broker anew, and keeps what it says."""
    folder = Path(tempfile.mkdtemp())
    running = local.start(folder, local.free_port())
    try:
        said = {script: asyncio.run(played_to_a_real_one(running.bootstrap_servers, script)) for script in SCRIPTS}
    finally:
        local.stop(folder)
    lines = [
        f"{json.dumps(script)}: [\n  " + ",\n  ".join(map(json.dumps, notes)) + "\n]" for script, notes in said.items()
    ]
    KEPT.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
