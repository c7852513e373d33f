"""Budgets audited: the candidates are those that the replay has, and what was granted follows from them in their order.

Candidates of one campaign come from all partitions, so this looks at all of them together, after the replay. Each is
kept as a hash, not as its bytes: there may be millions.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import msgspec
from aiokafka import ConsumerRecord, TopicPartition

from streams.audit.log import Cut
from streams.audit.report import Difference, Kind
from streams.budgets import Budgets, NoCandidateError
from streams.contracts.envelope import Headers
from streams.engine.policy import Policy
from streams.kafka.replay import Tape
from streams.outgoing import Message
from streams.settings import Settings


class _PolicyName(msgspec.Struct):
    digest: str


class _Trigger(msgspec.Struct):
    """What is read of a trigger."""

    id: str
    campaign: str
    policy: _PolicyName


class _Wanted(NamedTuple):
    """A record that should be there: its content, and whether its absence is a difference."""

    digest: int
    required: bool


_decode_trigger = msgspec.json.Decoder(_Trigger).decode


def has_budget(value: bytes | None, policies: Mapping[str, Policy]) -> bool:
    """Whether a record of `tier.campaigns` was granted by a budget, and not written by a customer's lane."""
    try:
        trigger = _decode_trigger(value or b"")
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    policy = policies.get(trigger.policy.digest)
    campaigns = () if policy is None else policy.campaigns
    return any(campaign.id == trigger.campaign and campaign.budget is not None for campaign in campaigns)


class BudgetAudit:
    """Takes in what the replay and the partitions of `tier.campaigns` say; `run` holds both against the candidates."""

    def __init__(self, settings: Settings, report: Callable[[Difference], None]) -> None:
        self.compared = 0
        self._settings = settings
        self._report = report
        self._candidates: dict[bytes, _Wanted] = {}
        self._granted: dict[bytes, list[tuple[int, TopicPartition, int]]] = {}

    def expect(self, candidates: Iterable[Message], *, required: bool) -> None:
        """The candidates that a transaction should have written. required: whether its end lies before the cut."""
        for _, value, headers in candidates:
            self._candidates[_id_of(headers)] = _Wanted(_digest(value, headers), required)

    def see(self, record: ConsumerRecord, tp: TopicPartition) -> None:
        """A trigger that was granted."""
        found = self._granted.setdefault(_id_of(record.headers), [])
        found.append((_digest(record.value, record.headers), tp, record.offset))

    async def run(self, cuts: Iterable[Cut]) -> None:
        """Compares; the findings go into the report."""
        for cut in cuts:
            await self._look_at(cut)
        for name, wanted in self._candidates.items():
            if wanted.required:
                self._differs("missing", TopicPartition(self._settings.candidates_topic, -1), None, name)
        for name, found in self._granted.items():
            for _, tp, offset in found:
                self._differs("extra", tp, offset, name)

    async def _look_at(self, cut: Cut) -> None:
        tp = TopicPartition(self._settings.candidates_topic, cut.partition)
        budgets, tape = Budgets(), Tape(self._settings.client_options(), tp, *cut.candidates)
        try:
            while (record := await tape.next()) is not None:
                self._look_at_candidate(record, tp)
                try:
                    grants = budgets.work([record])
                except NoCandidateError:
                    continue
                for trigger in grants.triggers:
                    self._look_at_grant(trigger, required=record.offset < cut.granted_until)
        finally:
            await tape.close()

    def _look_at_candidate(self, record: ConsumerRecord, tp: TopicPartition) -> None:
        name = _id_of(record.headers)
        self.compared += 1
        wanted = self._candidates.pop(name, None)
        if wanted is None:
            self._differs("extra", tp, record.offset, name)
        elif wanted.digest != _digest(record.value, record.headers):
            self._differs("different", tp, record.offset, name)

    def _look_at_grant(self, trigger: Message, *, required: bool) -> None:
        name = _id_of(trigger.headers)
        found = self._granted.pop(name, [])
        if not found and required:
            self._differs("missing", TopicPartition(self._settings.output_topic("campaigns"), -1), None, name)
        for number, (digest, tp, offset) in enumerate(found):
            if number:
                self._differs("doubled", tp, offset, name)
            elif digest != _digest(trigger.value, trigger.headers):
                self._differs("different", tp, offset, name)

    def _differs(self, kind: Kind, tp: TopicPartition, offset: int | None, name: bytes) -> None:
        what = name.decode(errors="replace") or "a record of unknown form"
        self._report(
            Difference(
                kind=kind, topic=tp.topic, partition=tp.partition, offset=offset, what=what, transaction=None, fields=()
            )
        )


def _id_of(headers: Headers) -> bytes:
    """A trigger's first header is its id."""
    return headers[0][1] if headers else b""


def _digest(value: bytes | None, headers: Headers) -> int:
    return hash((value, tuple(headers)))
