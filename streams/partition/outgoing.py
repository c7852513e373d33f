"""What a batch of customers writes for others: tier changes, triggers, risk messages, erasures, dead letters."""

from collections import Counter
from collections.abc import Sequence

from msgspec import UNSET

from streams.contracts.changes import ChangeWriter
from streams.contracts.envelope import Envelope, Headers
from streams.contracts.erasures import ErasureWriter
from streams.contracts.letters import dead_letter, letter_key
from streams.contracts.log import encode_json
from streams.contracts.outputs import ENGINE_VERSION, OrderMessage
from streams.contracts.rates_read import RefusedRate
from streams.contracts.rejection import Place, Rejection
from streams.contracts.risks import RiskWriter
from streams.contracts.trace import trace_of
from streams.contracts.triggers import TriggerWriter
from streams.engine.outcomes import Erasure, LoanDecision, RiskMessage, TierChange, Trigger
from streams.partition.entries import Entry
from streams.partition.setup import PartitionSetup
from streams.partition.work import (
    CAMPAIGNS,
    CANDIDATES,
    CHANGES,
    CURRENT,
    DEAD_LETTERS,
    ERASURES,
    MERGES,
    RISK,
    Batch,
    Message,
    Tally,
)
from streams.values.fingerprint import REMEMBERED_AT_LEAST


class Writers:
    """The writers of one partition's messages under one policy. They make bytes and headers."""

    def __init__(self, setup: PartitionSetup) -> None:
        envelope = Envelope(setup.policy, setup.topics, setup.partition, setup.source)
        self.changes = ChangeWriter(envelope)
        self.triggers = TriggerWriter(envelope)
        self.risks = RiskWriter(envelope)
        self.erasures = ErasureWriter(envelope)


class Outgoing:
    """Adds the messages of one batch to it, in the order in which they were decided, and counts them.

    The lane writes them.
    """

    def __init__(
        self, setup: PartitionSetup, writers: Writers, messages: list[tuple[str, Message]], tally: Tally
    ) -> None:
        self._setup = setup
        self._writers = writers
        self._messages = messages
        self._tally = tally
        self.trace: Headers = ()  # of the input that what is written now comes of
        self._current: dict[bytes, Message] = {}
        self._changed: Tally = Counter()  # by direction, reason, tier and former tier

    def change(self, key: bytes, change: TierChange, next_offsets: Sequence[int], *, backfill: bool) -> None:
        """Writes a tier change; next_offsets is where each input topic stands after what decided it."""
        writer = self._writers.changes
        headers = self._traced(writer.headers(change))
        message = Message(key, writer.value(change, next_offsets, backfill=backfill), headers)
        self._messages.append((CHANGES, message))
        self._newest(key, message)
        self._changed[change.direction, change.reason, change.tier, change.previous_tier or ""] += 1

    def trigger(self, key: bytes, trigger: Trigger) -> None:
        """Writes a campaign trigger or, where the campaign has a budget, a candidate for one."""
        writer, campaign = self._writers.triggers, trigger.campaign
        headers = self._traced(writer.headers(trigger))
        if campaign.budget is not None:
            candidate = Message(campaign.id.encode(), writer.candidate(trigger, campaign.budget), headers)
            self._messages.append((CANDIDATES, candidate))
            return
        self._messages.append((CAMPAIGNS, Message(key, writer.value(trigger), headers)))
        self._tally["triggered", campaign.id, trigger.group] += 1

    def risk(self, key: bytes, risk: RiskMessage, next_offsets: Sequence[int], *, backfill: bool) -> None:
        """Writes a decision on a loan, or an alert."""
        writer = self._writers.risks
        value = writer.value(risk, next_offsets, backfill=backfill)
        self._messages.append((RISK, Message(key, value, self._traced(writer.headers(risk)))))
        if isinstance(risk, LoanDecision):
            self._tally["risks", "decision", risk.outcome] += 1
        else:
            self._tally["risks", "alert", risk.reason] += 1

    def erase(self, key: bytes, erasure: Erasure, next_offsets: Sequence[int], tier: str | None) -> None:
        """Writes that a customer is erased. tier: the one served until now."""
        writer = self._writers.erasures
        headers = self._traced(writer.headers(erasure))
        self._messages.append((ERASURES, Message(key, writer.value(erasure, next_offsets), headers)))
        if tier is not None:
            self._tally["customers", tier] -= 1
        self._newest(key, Message(key, None, []))

    def merge(self, key: bytes, tier: str | None) -> None:
        """Writes that an id is another's customer now: `tier.current` has nothing of it. tier: the one until now."""
        if tier is not None:
            self._tally["customers", tier] -= 1
        self._newest(key, Message(key, None, []))

    def hand_on(self, key: bytes, value: bytes, headers: Headers) -> None:
        """Writes what goes on to the id that a former id's customer has now."""
        self._messages.append((MERGES, Message(key, value, self._traced(headers))))

    def reject(self, entry: Entry, rejection: Rejection, wall_ms: int) -> None:
        """Writes a dead letter: the input cannot be used."""
        setup, record = self._setup, entry.record
        self._letter(
            Place(setup.topics[entry.topic], setup.partition, entry.offset),
            record.key,
            record.value,
            rejection,
            wall_ms,
            list(trace_of(record)),
        )

    def reject_rate(self, refused: RefusedRate, wall_ms: int) -> None:
        """Writes a dead letter of the topic of rates, which has one partition."""
        place = Place(self._setup.rates_topic, 0, refused.offset)
        self._letter(place, refused.key, refused.value, refused.rejection, wall_ms, [])

    def _letter(  # noqa: PLR0913, PLR0917 - all that it says
        self,
        place: Place,
        key: bytes | None,
        value: bytes | None,
        rejection: Rejection,
        wall_ms: int,
        headers: Headers,
    ) -> None:
        setup = self._setup
        at = setup.policy.calendar.rfc3339(wall_ms)
        letter = dead_letter(place, key, value, rejection, at, setup.letter_bytes)
        self._messages.append((DEAD_LETTERS, Message(letter_key(key), encode_json(letter), headers)))
        self._tally["dead_letters", rejection.reason] += 1

    def finish(self) -> None:
        """Adds what `tier.current` gets: once a customer, the newest change or, for an erased one, a tombstone."""
        self._messages += [(CURRENT, message) for message in self._current.values()]
        for (direction, reason, tier, former), count in self._changed.items():
            self._tally["changes", direction, reason, tier] += count
            self._tally["customers", tier] += count
            if former:
                self._tally["customers", former] -= count

    def _traced(self, headers: Headers) -> Headers:
        return [*headers, *self.trace] if self.trace else headers

    def _newest(self, key: bytes, message: Message) -> None:
        if self._setup.tells_each_current:
            self._messages.append((CURRENT, message))
        else:
            self._current[key] = message


def order(setup: PartitionSetup, batch: Batch, *, is_backfill: bool) -> bytes:
    """Writes what tier.order holds of a batch."""
    lane = batch.lane
    spans = zip(setup.topics, batch.first_offsets, lane.next_offsets, strict=True)
    return encode_json(
        OrderMessage(
            partition=setup.partition,
            counter=lane.counter,
            clock=setup.clock,
            clock_ms=lane.clock_ms,
            wall_ms=batch.wall_ms if setup.ahead_ms is None else UNSET,
            policy=setup.policy.digest,
            engine_version=ENGINE_VERSION,
            partitioner=setup.partitioner,
            tzdata=setup.tzdata,
            due=batch.decided.due,
            rerated=batch.decided.rerated,
            backfill=is_backfill,
            remembered_ids=UNSET if setup.remembered_ids == REMEMBERED_AT_LEAST else setup.remembered_ids,
            rates=UNSET if setup.policy.rates is None else setup.policy.rates.next_offset,
            looks=True if batch.looks else UNSET,
            positions={topic: (first, after) for topic, first, after in spans if after > first},
        )
    )
