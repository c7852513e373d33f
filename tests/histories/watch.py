"""Sees what becomes of events, as a read_committed reader of the outputs does: when each is worked, and to what end."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from typing import Any, NamedTuple

from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from tests.faults.schedules.ground import PARTITIONS, Ground
from tests.faults.schedules.watching import Reader, ends_of
from tests.histories.operation import now_ns
from tests.support.patience import until

_ASKED_EVERY_S = 0.1


class Place(NamedTuple):
    """Where an event stands in its topic."""

    topic: str
    partition: int
    offset: int


class Change(NamedTuple):
    """A tier change: its number, the version of the policy that decided it, and when it was seen."""

    sequence: int
    version: int
    seen_ns: int


class Candidate(NamedTuple):
    """A trigger on its way to its budget. at: where it stands among the candidates. period: of the budget."""

    at: Place
    id: str
    period: str
    spends: bool
    version: int
    seen_ns: int


class Watch(Reader):
    """Everything that was seen, by the event that caused it; granted_e4: the amounts by id of the trigger."""

    def __init__(self, ground: Ground) -> None:
        settings = ground.settings
        self._takes: dict[str, Callable[[ConsumerRecord, Any], None]] = {
            settings.output_topic("order"): self._take_order,
            settings.output_topic("changes"): self._take_change,
            settings.output_topic("campaigns"): self._take_trigger,
            settings.candidates_topic: self._take_candidate,
        }
        super().__init__(ground.cluster.servers, self._takes, PARTITIONS)
        self._settings = settings
        self.changes: dict[Place, Change] = {}
        self.candidates: dict[Place, Candidate] = {}
        self.granted_e4: dict[str, list[int]] = defaultdict(list)
        self._worked_to: dict[tuple[str, int], int] = defaultdict(int)
        self._group: dict[TopicPartition, int] = {}
        self._positions: dict[TopicPartition, int] = {}
        self._news = asyncio.Event()

    async def worked(self, event: Place) -> None:
        """Returns when the event is seen to be worked: its transaction is committed."""
        await self._until(lambda: self._worked_to[event[:2]] > event.offset or event in self.changes)

    async def decided(self, event: Place) -> None:
        """Returns when the candidate of an event is seen to be granted, or worked."""
        await self._until(lambda: event in self.candidates)
        candidate = self.candidates[event]
        at = TopicPartition(*candidate.at[:2])
        await self._until(lambda: candidate.id in self.granted_e4 or self._group.get(at, 0) > candidate.at.offset)

    async def follow(self) -> None:
        """Reads until it is cancelled."""
        while True:
            with suppress(KafkaError, OSError):
                await self._read(self._note_positions)

    async def all_read(self) -> None:
        """Returns when all is read that is there now."""
        topics = list(self._takes)
        goal = await ends_of(self._servers, topics, PARTITIONS, "read_uncommitted")
        await until(lambda: all(self._positions.get(tp, 0) >= end for tp, end in goal.items()), 30, "all is read")

    def _note_positions(self, positions: dict[TopicPartition, int]) -> bool:
        self._positions = positions
        return False

    async def follow_group(self) -> None:
        """Asks how far the group has come with the candidates, until it is cancelled."""
        while True:
            admin = AIOKafkaAdminClient(**self._settings.client_options())
            try:
                await admin.start()
                while True:
                    found = await admin.list_consumer_group_offsets(self._settings.app_id)
                    self._group.update((tp, committed.offset) for tp, committed in found.items())
                    self._tell()
                    await asyncio.sleep(_ASKED_EVERY_S)
            except (KafkaError, OSError):
                await asyncio.sleep(_ASKED_EVERY_S)
            finally:
                await admin.close()

    # --- what is seen ---

    def _note(self, tp: TopicPartition, records: list[ConsumerRecord]) -> None:
        super()._note(tp, records)
        for record in records:
            self._takes[tp.topic](record, json.loads(record.value))
        self._tell()

    def _take_order(self, record: ConsumerRecord, order: Any) -> None:
        for topic, (_, following) in order["positions"].items():
            self._worked_to[topic, record.partition] = following

    def _take_change(self, _: ConsumerRecord, change: Any) -> None:
        if change["cause"] is not None:
            seen = Change(change["sequence"], change["policy"]["version"], now_ns())
            self.changes[_place_of(change["cause"])] = seen

    def _take_trigger(self, _: ConsumerRecord, trigger: Any) -> None:
        self.granted_e4[trigger["id"]].append(int(Decimal(trigger["amount"]) * 10_000))

    def _take_candidate(self, record: ConsumerRecord, candidate: Any) -> None:
        trigger, at = candidate["trigger"], Place(record.topic, record.partition, record.offset)
        period, version = candidate["budget"]["period"], trigger["policy"]["version"]
        seen = Candidate(at, candidate["id"], period, candidate["spends"], version, now_ns())
        self.candidates[_place_of(trigger["cause"])] = seen

    async def _until(self, reached: Callable[[], bool]) -> None:
        while not reached():
            await self._news.wait()

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


def _place_of(cause: Any) -> Place:
    return Place(cause["topic"], cause["partition"], cause["offset"])
