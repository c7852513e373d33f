"""What one batch writes for others: tier changes, campaign triggers, risk messages, dead letters."""

from collections import Counter
from typing import NamedTuple, Self

from streams.contracts.changes import ChangeWriter
from streams.contracts.decode import Rejection
from streams.contracts.envelope import Envelope, Headers
from streams.contracts.log import DeadLetterMessage, base64_or_none, encode_json
from streams.contracts.packing import pack_change
from streams.contracts.risks import RiskWriter
from streams.contracts.triggers import TriggerWriter
from streams.engine.apply import NOTHING, Outcome
from streams.engine.campaigns import Trigger
from streams.engine.decide import TierChange
from streams.engine.risk import LoanDecision, RiskMessage
from streams.engine.state import CustomerState
from streams.entries import Entry
from streams.rules import PartitionRules

# The output topics, without prefix; candidates are on their way to a campaign's budget.
CHANGES, CAMPAIGNS, RISK, CANDIDATES, DEAD_LETTERS = "changes", "campaigns", "risk", "candidates", "dead-letters"


class Message(NamedTuple):
    """A message of an output topic."""

    key: bytes
    value: bytes
    headers: Headers


class Writers(NamedTuple):
    """What writes the messages of one partition under one policy."""

    changes: ChangeWriter
    triggers: TriggerWriter
    risks: RiskWriter

    @classmethod
    def of(cls, rules: PartitionRules) -> Self:
        """Those for these rules."""
        envelope = Envelope(rules.policy, rules.topics, rules.partition, rules.source)
        return cls(ChangeWriter(envelope), TriggerWriter(envelope), RiskWriter(envelope))


class Outgoing:
    """The messages of one batch, in the order in which they were decided, and what is counted of them."""

    def __init__(self, rules: PartitionRules, writers: Writers, *, is_backfill: bool) -> None:
        self.log: list[tuple[str, bytes]] = []  # topic and value of every message
        self.changes: list[Message] = []
        self.current: dict[bytes, tuple[bytes | None, Headers]] = {}
        self.campaigns: list[Message] = []
        self.candidates: list[Message] = []  # by campaign: triggers whose budget has the last word
        self.risks: list[Message] = []
        self.dead_letters: list[tuple[bytes | None, bytes]] = []
        self.tiers: Counter[str] = Counter()  # customers won and lost, by tier
        self.kinds: Counter[tuple[str, str, str]] = Counter()  # of changes: direction, reason, tier
        self.triggered: Counter[tuple[str, str]] = Counter()  # campaign and group
        self.risk_kinds: Counter[tuple[str, str]] = Counter()  # decision and outcome, or alert and reason
        self.reasons: Counter[str] = Counter()  # of dead letters
        self._rules = rules
        self._writers = writers
        self._is_backfill = is_backfill

    def tell(self, key: bytes, state: CustomerState, outcome: Outcome, next_offsets: list[int]) -> None:
        """Puts down what came of an event, or of time alone; next_offsets is where each topic stands after it."""
        if outcome is NOTHING:
            return
        if outcome.change is not None:
            self._tell_change(key, state, outcome.change, next_offsets)
        for trigger in outcome.triggers:
            self._tell_trigger(key, trigger)
        for risk in outcome.risks:
            self._tell_risk(key, risk, next_offsets)

    def forget(self, key: bytes, state: CustomerState) -> None:
        """The customer is erased."""
        if state.tier is not None:
            self.tiers[state.tier] -= 1
        self.current[key] = (None, [])

    def reject(self, entry: Entry, rejection: Rejection, wall_ms: int) -> None:
        """The input cannot be used."""
        rules, record = self._rules, entry.record
        letter = DeadLetterMessage(
            topic=rules.topics[entry.topic],
            partition=rules.partition,
            offset=entry.offset,
            key_base64=base64_or_none(record.key),
            value_base64=base64_or_none(record.value),
            reason=rejection.reason,
            detail=rejection.detail,
            at=rules.policy.calendar.rfc3339(wall_ms),
        )
        value = encode_json(letter)
        self.dead_letters.append((record.key, value))
        self.log.append((DEAD_LETTERS, value))
        self.reasons[rejection.reason] += 1

    def _tell_change(self, key: bytes, state: CustomerState, change: TierChange, next_offsets: list[int]) -> None:
        backfill = self._is_backfill or change.reason == "policy_changed"  # nobody has done anything
        state.change = pack_change(change, next_offsets, self._rules.policy.mark, backfill=backfill)
        writer = self._writers.changes
        value, headers = writer.value(change, next_offsets, backfill=backfill), writer.headers(change)
        self.changes.append(Message(key, value, headers))
        self.log.append((CHANGES, value))
        self.current[key] = (value, headers)
        self.kinds[change.direction, change.reason, change.tier] += 1
        self.tiers[change.tier] += 1
        if change.previous_tier is not None:
            self.tiers[change.previous_tier] -= 1

    def _tell_trigger(self, key: bytes, trigger: Trigger) -> None:
        writer, campaign = self._writers.triggers, trigger.campaign
        if campaign.budget is not None:
            candidate = writer.candidate(trigger, campaign.budget)
            self.candidates.append(Message(campaign.id.encode(), candidate, writer.headers(trigger)))
            self.log.append((CANDIDATES, candidate))
            return
        value = writer.value(trigger)
        self.campaigns.append(Message(key, value, writer.headers(trigger)))
        self.log.append((CAMPAIGNS, value))
        self.triggered[campaign.id, trigger.group] += 1

    def _tell_risk(self, key: bytes, risk: RiskMessage, next_offsets: list[int]) -> None:
        writer = self._writers.risks
        value = writer.value(risk, next_offsets, backfill=self._is_backfill)
        self.risks.append(Message(key, value, writer.headers(risk)))
        self.log.append((RISK, value))
        if isinstance(risk, LoanDecision):
            self.risk_kinds["decision", risk.outcome] += 1
        else:
            self.risk_kinds["alert", risk.reason] += 1
