"""What campaigns have spent. Structs alone; see budgets.py."""

from typing import NamedTuple

import msgspec


class Spent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a campaign has spent in a period, and how many candidates were refused."""

    triggers: int = 0
    amount_e4: int = 0
    refused: int = 0
    amount_cents: int | msgspec.UnsetType = msgspec.UNSET  # instead of amount_e4, in an older record


class BudgetName(NamedTuple):
    """A campaign's budget in one period."""

    campaign: str
    period: str
