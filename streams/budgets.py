"""What campaigns may spend, and have spent: candidates come in, in their order, and go out granted or refused.

A Budgets does no I/O and reads no clock. Who works the same candidates in the same order comes to the same grants: the
worker's grant lane, the audit and `simulate` run this very class. What is spent is kept for good, one small record a
campaign and period: an event of any age may still ask for its share.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple, Protocol

import msgspec

from streams.contracts.envelope import Headers, encode
from streams.contracts.packing import LaneRecord
from streams.contracts.triggers import BudgetMessage, CandidateMessage
from streams.engine.state import NEVER_MS
from streams.outgoing import Message


class CandidateRecord(Protocol):
    """What is read of a record of the candidates topic."""

    @property
    def offset(self) -> int:
        """Where it stands in its partition."""

    @property
    def value(self) -> bytes | None:
        """A CandidateMessage."""

    @property
    def headers(self) -> Headers:
        """Those of the trigger."""


class Spent(msgspec.Struct, frozen=True, kw_only=True):
    """What a campaign has spent in a period, and how many candidates were refused."""

    triggers: int = 0
    amount_cents: int = 0
    refused: int = 0


class BudgetName(NamedTuple):
    """A campaign's budget in one period."""

    campaign: str
    period: str


class Verdict(NamedTuple):
    """What became of a candidate."""

    candidate: CandidateMessage
    granted: bool
    first_refusal: bool  # the first one of this campaign and period: the budget is spent


class Grants(NamedTuple):
    """One batch of candidates, worked: all that its transaction writes."""

    triggers: list[Message]  # keyed by customer
    states: dict[bytes, bytes]
    lane: LaneRecord
    granted: Counter[tuple[str, str]]  # by campaign and group
    refused: Counter[str]  # by campaign
    spent: list[BudgetName]  # budgets that had their first refusal


class NoCandidateError(ValueError):
    """A record that is none of ours."""


class Budgets:
    """What is spent by campaign and period, in one partition of the candidates."""

    def __init__(self, packed: Mapping[bytes, bytes] | None = None, counter: int = 0) -> None:
        self._spent = {_name(key): _decode_spent(value) for key, value in (packed or {}).items()}
        self._touched: set[BudgetName] = set()
        self._counter = counter

    def work(self, records: Iterable[CandidateRecord]) -> Grants:
        """Works a batch of at least one record. NoCandidateError: somebody else has written there."""
        grants = Grants([], {}, LaneRecord((0,), 0, NEVER_MS), Counter(), Counter(), [])
        next_offset = 0
        for record in records:
            next_offset = record.offset + 1
            candidate, granted, first_refusal = self.grant(record.value)
            if granted:
                customer, trigger = candidate.customer_id.encode(), bytes(candidate.trigger)
                grants.triggers.append(Message(customer, trigger, list(record.headers)))
                grants.granted[candidate.budget.campaign, "treated" if candidate.spends else "held_out"] += 1
            else:
                grants.refused[candidate.budget.campaign] += 1
                if first_refusal:
                    grants.spent.append(BudgetName(candidate.budget.campaign, candidate.budget.period))
        self._counter += 1
        return grants._replace(states=self._pack(), lane=LaneRecord((next_offset,), self._counter, NEVER_MS))

    def granted(self, value: bytes | None) -> bytes | None:
        """The candidate's trigger as it goes out; None where it is refused."""
        verdict = self.grant(value)
        return bytes(verdict.candidate.trigger) if verdict.granted else None

    def grant(self, value: bytes | None) -> Verdict:
        """Grants the next candidate, or refuses it, by the limits that it bears.

        A treated one is granted if the budget holds it whole. A held-out one is granted if one treated in its place
        would be, and spends nothing: both groups end together.
        """
        candidate = _decoded(value)
        name = BudgetName(candidate.budget.campaign, candidate.budget.period)
        spent = self._spent.get(name, Spent())
        triggers, amount_cents = spent.triggers + 1, spent.amount_cents + candidate.amount_cents
        granted = _holds(candidate.budget, triggers, amount_cents)
        if not granted:
            self._put(name, msgspec.structs.replace(spent, refused=spent.refused + 1))
        elif candidate.spends:
            self._put(name, msgspec.structs.replace(spent, triggers=triggers, amount_cents=amount_cents))
        return Verdict(candidate, granted, not granted and not spent.refused)

    def spent(self, campaign: str, period: str) -> Spent:
        """What the campaign has spent in the period."""
        return self._spent.get(BudgetName(campaign, period), Spent())

    def _put(self, name: BudgetName, spent: Spent) -> None:
        self._spent[name] = spent
        self._touched.add(name)

    def _pack(self) -> dict[bytes, bytes]:
        """The changelog records of what has changed since the last time."""
        touched, self._touched = self._touched, set()
        return {encode(name): encode(self._spent[name]) for name in sorted(touched)}


def _holds(budget: BudgetMessage, triggers: int, amount_cents: int) -> bool:
    return (budget.triggers is None or triggers <= budget.triggers) and (
        budget.amount_cents is None or amount_cents <= budget.amount_cents
    )


def _decoded(value: bytes | None) -> CandidateMessage:
    try:
        return _decode_candidate(value or b"")
    except msgspec.DecodeError as error:
        raise NoCandidateError(str(error)) from error


def _name(key: bytes) -> BudgetName:
    return BudgetName(*_decode_name(key))


_decode_candidate = msgspec.json.Decoder(CandidateMessage).decode
_decode_name = msgspec.json.Decoder(tuple[str, str]).decode
_decode_spent = msgspec.json.Decoder(Spent).decode
