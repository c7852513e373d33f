"""What campaigns have spent: candidates come in, and those that a budget grants go out as triggers.

The same candidates in the same order always give the same grants. What is spent is kept for good, one small record a
campaign and period, since an old event may still ask for a share of an old period
(docs/adr/0005-a-budget-is-spent-in-one-place.md).
"""

from collections.abc import Iterable
from typing import TypeVar

import msgspec

from streams.contracts.kept import LaneRecord
from streams.contracts.outputs import BudgetMessage, CandidateMessage
from streams.contracts.packing import unread
from streams.contracts.templates import encode
from streams.partition.entries import Entry, Record
from streams.partition.partition import ForeignRecordError, Partition
from streams.partition.spent import BudgetName, Spent
from streams.partition.work import CAMPAIGNS
from streams.values.calendar import NEVER_MS

_NOTHING = encode(Spent())
_Amounts = TypeVar("_Amounts", CandidateMessage, BudgetMessage, Spent)


class Budgets(Partition):
    """What is spent by campaign and period, in one partition of the candidates."""

    def __init__(self, packed: dict[bytes, bytes] | None = None, lane: LaneRecord | None = None) -> None:
        super().__init__(1, packed, lane)

    def decode(self, topic: int, records: Iterable[Record]) -> list[Entry]:
        """Decodes candidates.

        Raises:
            ForeignRecordError: A record is not a candidate; only tierflow writes there, so the worker stops.
        """
        return [Entry(NEVER_MS, topic, record.offset, _decoded(record), record) for record in records]

    def work_entry(self, entry: Entry) -> bool:
        """Grants the next candidate and writes its trigger, or refuses it and writes nothing."""
        candidate: CandidateMessage = entry.event
        if self._grant(candidate):
            trigger, headers = bytes(candidate.trigger), list(getattr(entry.record, "headers", ()))
            self.tell(CAMPAIGNS, candidate.customer_id.encode(), trigger, headers)
        return True

    def renewed(self, state: bytes) -> bytes:
        """Gives what is spent in the form that this release writes."""
        return encode(_spent(state))

    def spent(self, campaign: str, period: str) -> Spent:
        """Gives what the campaign has spent in the period."""
        return _spent(self.get(encode(BudgetName(campaign, period))) or _NOTHING)

    def _grant(self, candidate: CandidateMessage) -> bool:
        """Says whether a candidate is granted, by the limits that it carries, and keeps what is spent.

        A treated one is granted if the budget holds it whole. A held-out one spends nothing, but is granted only if a
        treated one in its place would be. So both groups end together.
        """
        name = BudgetName(candidate.budget.campaign, candidate.budget.period)
        spent = self.spent(*name)
        triggers, amount_e4 = spent.triggers + 1, spent.amount_e4 + candidate.amount_e4
        if not _holds(candidate.budget, triggers, amount_e4):
            if not spent.refused:
                self.count("spent", *name)
            self.count("refused", name.campaign)
            self.put(encode(name), encode(msgspec.structs.replace(spent, refused=spent.refused + 1)))
            return False
        if candidate.spends:
            after = msgspec.structs.replace(spent, triggers=triggers, amount_e4=amount_e4)
            self.put(encode(name), encode(after))
        self.count("granted", name.campaign)
        self.count("triggered", name.campaign, "treated" if candidate.spends else "held_out")
        return True


def campaign_of(key: bytes) -> bytes:
    """Gives the campaign's part of the key under which is kept what it has spent."""
    return _decode_name(key).campaign.encode()


def _holds(budget: BudgetMessage, triggers: int, amount_e4: int) -> bool:
    return (budget.triggers is None or triggers <= budget.triggers) and (
        budget.amount_e4 is None or amount_e4 <= budget.amount_e4
    )


def _decoded(record: Record) -> CandidateMessage:
    try:
        candidate = _decode_candidate(record.value or b"")
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ForeignRecordError(str(error)) from error
    if candidate.amount_cents is msgspec.UNSET:
        return candidate
    return msgspec.structs.replace(_in_e4(candidate), budget=_in_e4(candidate.budget))


def _spent(packed: bytes) -> Spent:
    """Unpacks what is spent.

    Raises:
        UnknownVersionError: A later release wrote it.
        DamagedRecordError: It cannot be read.
    """
    try:
        return _in_e4(_decode_spent(packed))
    except (msgspec.DecodeError, ValueError) as error:
        raise unread(error) from error


def _in_e4(older: _Amounts) -> _Amounts:
    """Gives what an older release wrote in cents in ten-thousandths."""
    cents = older.amount_cents
    if cents is msgspec.UNSET:
        return older
    amount_e4 = None if cents is None else cents * 100
    return msgspec.structs.replace(older, amount_e4=amount_e4, amount_cents=msgspec.UNSET)


_decode_candidate = msgspec.json.Decoder(CandidateMessage).decode
_decode_name = msgspec.json.Decoder(BudgetName).decode
_decode_spent = msgspec.json.Decoder(Spent).decode
