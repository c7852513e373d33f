"""The consumer group of one endpoint: its partitions, where they begin, and how far they are committed."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

from aiokafka import ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import CommitFailedError, IllegalStateError

from streams.deliver.config import Endpoint
from streams.kafka.group import GroupConsumer
from streams.settings import Settings

# A killed process is noticed after this time, as a killed worker is.
SESSION_MS = 6_000
# How soon a process learns that partitions are to be assigned again.
HEARTBEAT_MS = 1_000
# How long the group waits for its members to give partitions away. Each first waits for the answers to its requests,
# up to courier.DRAIN_S, and commits: this is longer.
REBALANCE_MS = 30_000
POLL_MS = 500

_log = logging.getLogger(__name__)
Batch = Mapping[TopicPartition, list[ConsumerRecord]]


class Hooks(NamedTuple):
    """What is called when partitions change.

    `revoked`: before they are given away. `assigned`: once their positions are known. `failed`: with an error that
    came of either, or of the seek between.
    """

    revoked: Callable[[], Awaitable[None]]
    assigned: Callable[[], None]
    failed: Callable[[BaseException], None]


class Subscription(ConsumerRebalanceListener):  # type: ignore[misc]
    """The consumer of one endpoint. Partition N of all topics goes to one process, so that a customer's events do."""

    def __init__(self, settings: Settings, endpoint: Endpoint, hooks: Hooks) -> None:
        self.group = settings.deliver_groups + endpoint.name
        self.topics = [*map(settings.output_topic, endpoint.events), settings.resend_topic]
        self._endpoint = endpoint
        self._resend_topic = settings.resend_topic
        self._hooks = hooks
        self._committed: dict[TopicPartition, int] = {}
        self._consumer = GroupConsumer(
            **settings.client_options(),
            group_id=self.group,
            isolation_level="read_committed",
            enable_auto_commit=False,
            # What retention has deleted cannot be sent any more; `_begin` logs it.
            auto_offset_reset="earliest",
            partition_assignment_strategy=(RangePartitionAssignor,),
            session_timeout_ms=SESSION_MS,
            heartbeat_interval_ms=HEARTBEAT_MS,
            rebalance_timeout_ms=REBALANCE_MS,
        )

    async def start(self) -> None:
        """Joins the group. The hooks say when partitions come."""
        await self._consumer.start()
        self._consumer.subscribe(self.topics, listener=self)

    async def stop(self) -> None:
        """Leaves the group. Positions must be committed before."""
        await self._consumer.stop()

    async def read(self, most: int) -> Batch:
        """Gives the next records, at most so many; none if none come within half a second."""
        found: Batch = await self._consumer.getmany(timeout_ms=POLL_MS, max_records=most)
        return found

    @property
    def member_until(self) -> float:
        """Until when the group counts this process as a member for certain (time.monotonic); 0 before it joined."""
        return self._consumer.member_until

    async def touch(self) -> None:
        """Polls without reading. A consumer that is not polled loses its partitions.

        In aiokafka 0.14.0 it leaves the group after `max_poll_interval_ms`, 5 minutes.
        """
        held = self._consumer.assignment()
        self._consumer.pause(*held)
        await self._consumer.getmany(timeout_ms=0)
        self._consumer.resume(*(held & self._consumer.assignment()))

    async def positions(self) -> dict[TopicPartition, int]:
        """Gives the next offset to read of each partition, past control records; nothing while partitions change."""
        try:
            return {tp: await self._consumer.position(tp) for tp in self._consumer.assignment()}
        except IllegalStateError:
            return {}

    def ends(self) -> dict[TopicPartition, int | None]:
        """Gives the end of each partition; None where it is not known yet."""
        return {tp: self._consumer.highwater(tp) for tp in self._consumer.assignment()}

    async def commit(self, next_offsets: Mapping[TopicPartition, int]) -> None:
        """Commits what changed. If partitions move meanwhile, whoever gets them sends the last events again."""
        changed = {tp: offset for tp, offset in next_offsets.items() if self._committed.get(tp) != offset}
        if not changed:
            return
        try:
            await self._consumer.commit(changed)
        except (CommitFailedError, IllegalStateError):
            _log.info(
                "endpoint %s: the partitions are being shared anew; the last events may come twice", self._endpoint.name
            )
        else:
            self._committed.update(changed)

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        """Calls the hook before partitions go. aiokafka only logs what is raised here: errors go to `failed`."""
        if not revoked:
            return
        try:
            await self._hooks.revoked()
        except Exception as error:  # noqa: BLE001 - handed on
            self._hooks.failed(error)

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        """Seeks, then calls the hook. aiokafka only logs what is raised here: errors go to `failed`."""
        try:
            self._committed = await self._begin(assigned)
        except Exception as error:  # noqa: BLE001 - handed on
            self._hooks.failed(error)
        else:
            held = ", ".join(map(str, sorted({tp.partition for tp in assigned})))
            _log.info("endpoint %s: this process has the partitions %s", self._endpoint.name, held or "none")
            self._hooks.assigned()

    async def _begin(self, assigned: set[TopicPartition]) -> dict[TopicPartition, int]:
        """Seeks each partition to where it goes on; gives the committed offsets, by partition.

        A partition without a committed offset gets one, before anything of it is sent.
        """
        tps = sorted(assigned)
        if not tps:
            return {}
        found = dict(zip(tps, await asyncio.gather(*map(self._consumer.committed, tps)), strict=True))
        oldest: dict[TopicPartition, int] = await self._consumer.beginning_offsets(tps)
        new = [tp for tp in tps if found[tp] is None]
        if new:
            newest = await self._consumer.end_offsets(new)
            found |= {tp: oldest[tp] if self._from_oldest(tp) else newest[tp] for tp in new}
            await self._consumer.commit({tp: found[tp] for tp in new})
            _log.info(
                "endpoint %s begins %s, on %d partitions", self._endpoint.name,
                "with the oldest events" if self._endpoint.begin == "earliest" else "now", len(new),
            )  # fmt: skip
        for tp in tps:
            if found[tp] < oldest[tp]:
                _log.error(
                    "endpoint %s: %s partition %d was deleted from offset %d to %d before it was sent",
                    self._endpoint.name, tp.topic, tp.partition, found[tp], oldest[tp],
                )  # fmt: skip
            # aiokafka may have looked a position up before the commit above, and then has another one: so seek always.
            self._consumer.seek(tp, max(found[tp], oldest[tp]))
        return found

    def _from_oldest(self, tp: TopicPartition) -> bool:
        """Says whether a new position begins at the oldest record. It always does for events that are sent again."""
        return self._endpoint.begin == "earliest" or tp.topic == self._resend_topic
