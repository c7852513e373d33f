"""What campaigns trigger and pay in a simulation, read from the messages that campaign systems would get."""

from collections import Counter, defaultdict
from decimal import Decimal
from typing import NamedTuple

import msgspec


class _Trigger(msgspec.Struct):
    campaign: str
    group: str
    amount: str | None = None


_decode = msgspec.json.Decoder(_Trigger).decode


class Spent:
    """By campaign: how many customers were approached how often, and what was paid. Who is held out gets nothing."""

    def __init__(self) -> None:
        self.triggers = Counter[str]()
        self.paid: defaultdict[str, Decimal] = defaultdict(Decimal)

    def take(self, message: bytes) -> None:
        """Counts a trigger."""
        trigger = _decode(message)
        if trigger.group != "treated":
            return
        self.triggers[trigger.campaign] += 1
        if trigger.amount is not None:
            self.paid[trigger.campaign] += Decimal(trigger.amount)

    @property
    def all_paid(self) -> Decimal:
        """Sums what all campaigns paid."""
        return sum(self.paid.values(), Decimal())


class CampaignMoved(NamedTuple):
    """A campaign under both policies: its triggers, and what it pays in the currency of each."""

    campaign: str
    triggers: tuple[int, int]
    paid: tuple[Decimal, Decimal]


def campaigns_moved(before: Spent, after: Spent) -> list[CampaignMoved]:
    """Gives the campaigns that trigger or pay otherwise under the second policy, by their ids."""
    rows = [
        CampaignMoved(
            campaign,
            (before.triggers[campaign], after.triggers[campaign]),
            (before.paid.get(campaign, Decimal()), after.paid.get(campaign, Decimal())),
        )
        for campaign in sorted(before.triggers.keys() | after.triggers.keys())
    ]
    return [row for row in rows if row.triggers[0] != row.triggers[1] or row.paid[0] != row.paid[1]]
