"""`tier.order` as instructions: how each transaction of a partition is worked again, with the worker's own Partition.

What an order record holds: docs/messages.md#tierorder.
"""

import sys
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import msgspec

from streams.audit.rates import RatesThen
from streams.contracts.inputs import LATEST_MS
from streams.contracts.kept import LaneRecord
from streams.contracts.log import decode_order
from streams.contracts.outputs import ENGINE_VERSION, OrderMessage
from streams.errors import UsageError
from streams.partition.customers import Customers
from streams.partition.entries import Entry, Record
from streams.partition.heads import merge_heads
from streams.partition.work import Quota, Work
from streams.policy.day_rates import with_rates
from streams.policy.policy import Policy
from streams.settings import Settings
from streams.stages.customers import partition_setup
from streams.values.fingerprint import REMEMBERED_AT_LEAST

if TYPE_CHECKING:
    from streams.settings import Partitioner
    from streams.values.calendar import Clock


def order_of(record: Any) -> OrderMessage | None:
    """Reads an order record; gives None if it has another form."""
    try:
        return decode_order(record.value or b"")
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def check_replayable(settings: Settings, order: OrderMessage, offset: int) -> None:
    """Checks that this release and these settings can replay an order record. offset: of that record.

    Raises:
        UsageError: They cannot; the message says why.
    """
    where = f"{settings.output_topic('order')} partition {order.partition} offset {offset}"
    if order.engine_version != ENGINE_VERSION:
        raise UsageError(
            f"{where} was worked by engine version {order.engine_version}, this release has {ENGINE_VERSION}; audit it "
            "with the release that wrote it. This one can audit what comes after a starting point: let the workers "
            "rest, tierflow audit --write-start FILE, and from then on tierflow audit --start FILE"
        )
    if order.partitioner not in {msgspec.UNSET, "murmur2", "crc32", "none"}:
        raise UsageError(
            f"{where} was worked with a partitioner {order.partitioner!r}, which this release does not know"
        )
    if order.clock not in ("wall", "event"):
        raise UsageError(f"{where} was worked on a clock {order.clock!r}, which this release does not know")
    if order.rates is not msgspec.UNSET and not settings.rates:
        raise UsageError(f"{where} was worked by rates of a topic, which is not read here; write TIERFLOW_RATES=on")
    for topic in order.positions:
        if topic not in settings.input_topics():
            raise UsageError(f"{where} names the input topic {topic}; set TIERFLOW_INPUT_PREFIX as the workers have it")


def _wall_ms(order: OrderMessage) -> int:
    """The wall time of a transaction. Releases that did not note it held events against the partition's clock.

    On the event clock they held them against nothing.
    """
    if order.wall_ms is not msgspec.UNSET:
        return order.wall_ms
    return order.clock_ms if order.clock == "wall" else LATEST_MS


def _remembered_ids(order: OrderMessage) -> int:
    return REMEMBERED_AT_LEAST if order.remembered_ids is msgspec.UNSET else order.remembered_ids


class Order:
    """The replay of one partition of customers, transaction by transaction.

    lane: where the first one begins.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - all that it goes by
        self,
        settings: Settings,
        policies: Mapping[str, Policy],
        partition: int,
        partitions: int,
        lane: LaneRecord,
        rates: RatesThen | None = None,
    ) -> None:
        self._settings = settings
        self._policies = policies
        self._rates = rates or RatesThen()
        self._number = partition
        self._partitions = partitions
        self._packed: dict[bytes, bytes] = {}
        self._lane = lane
        self._partition: Customers | None = None
        self._deciding: tuple[object, ...] = ()  # what the partition was opened under

    @property
    def packed(self) -> dict[bytes, bytes]:
        """Gives the states after the newest transaction, by key."""
        return self._packed

    def begin_with(self, packed: Mapping[bytes, bytes]) -> None:
        """Takes up the states that the first transaction begins with, where these are not none."""
        self._packed = dict(packed)

    @property
    def partitions(self) -> int:
        """Gives how many partitions there were then."""
        return self._partitions

    def grow(self, packed: dict[bytes, bytes], clock_ms: int, partitions: int) -> None:
        """Goes on with other customers, after a growth to so many partitions. packed: their states, by key."""
        self._packed, self._partitions, self._partition = packed, partitions, None
        self._lane = msgspec.structs.replace(self._lane, counter=self._lane.counter + 1, clock_ms=clock_ms)

    @property
    def lane(self) -> LaneRecord:
        """Gives the lane record after the newest transaction: how far the replay is."""
        return self._lane

    def work(self, order: OrderMessage, records: Sequence[Sequence[Record]]) -> Work:
        """Works one transaction as the worker did. records: those of the transaction, by topic number."""
        partition = self._partition_under(order)
        queues = [deque(partition.decode(topic, found) if found else ()) for topic, found in enumerate(records)]
        wall_ms = _wall_ms(order)
        entries: list[Entry] = merge_heads(queues, frozenset(), sys.maxsize, partition.latest_ms(wall_ms))
        partition.backfill = order.backfill
        work = partition.replay(entries, self.next_offsets(order), wall_ms, Quota(order.due, order.rerated))
        partition.keep(work)
        self._lane = work.lane
        return work

    def next_offsets(self, order: OrderMessage) -> list[int]:
        """Gives the next offset of each input topic after the transaction, by topic number."""
        topics = self._settings.input_topics()
        return [
            order.positions[topic][1] if topic in order.positions else offset
            for topic, offset in zip(topics, self._lane.next_offsets, strict=True)
        ]

    def _partition_under(self, order: OrderMessage) -> Customers:
        """Gives the partition under the transaction's policy, clock and so on, opened again where one of them changes.

        The time zone data are always ours: the order's are only written down again.
        """
        deciding = order.policy, order.clock, order.partitioner, order.tzdata, order.remembered_ids, order.rates
        if self._partition is None or deciding != self._deciding or order.looks is True:
            settings = self._settings
            if order.partitioner is not msgspec.UNSET:
                settings = replace(settings, partitioner=cast("Partitioner", order.partitioner))
            rates = self._rates.until(0 if order.rates is msgspec.UNSET else order.rates)
            setup = partition_setup(
                settings,
                with_rates(self._policies[order.policy], rates.table),
                self._number,
                self._partitions,
                cast("Clock", order.clock),
                remembered_ids=_remembered_ids(order),
            )
            setup = setup._replace(
                partitioner=order.partitioner,
                tzdata=order.tzdata,
                refused_rates=rates.refused,
                looks=order.looks is True,
            )
            former, self._partition = self._partition, Customers(setup, self._packed, self._lane, takes_up=False)
            partition = self._partition
            for _ in partition.taking_up() if former is None else partition.taking_up_from(former):
                pass
            self._deciding = deciding
        return self._partition
