"""The rules for loan applications, compiled (docs/policies.md#loans-enhanced-or-referred).

engine/loans works them. Amounts are in units of 10**-16 (`_e16`), shares in ten-thousandths (`_e4`).
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

from streams.values.standings import Standing

LoanOutcome = Literal["standard", "enhanced", "refer"]
Stricter = Literal["enhanced", "refer"]

STRICTNESS: Mapping[LoanOutcome, int] = {"standard": 0, "enhanced": 1, "refer": 2}
"""By outcome: the stricter, the higher."""


class ShareLimit(msgspec.Struct, frozen=True):
    """A share of the assets, looked at over the last days, and the outcome of a loan where more than it is found."""

    days: int
    more_than_e4: int
    outcome: Stricter


class LoanRules(msgspec.Struct, frozen=True, kw_only=True):
    """How loan applications are decided, and how long a loan is watched that was not a standard one.

    large_loan_e16: by tier id, the amount from which on a loan is large. times_assets_e16: a large loan of more than
    so many times the assets gets the outcome against_assets; None: no such rule. fresh: the share that came in during
    the last days. volatile: how far the daily totals lie apart, as a share of the highest. monitor_days: 0 where no
    loan is watched. alert_shares_e4: of the assets at the decision, from the highest down.
    """

    large_loan_e16: dict[str, int]
    standing: dict[Standing, Stricter]
    times_assets_e16: int | None
    against_assets: Stricter
    fresh: ShareLimit | None
    volatile: ShareLimit | None
    monitor_days: int
    alert_shares_e4: tuple[int, ...]
