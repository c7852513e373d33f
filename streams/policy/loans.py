"""The rules for loan applications, compiled. What is done with them is in engine/loans."""

from typing import Literal

import msgspec

from streams.values.standings import Standing

Stricter = Literal["enhanced", "refer"]


class ShareLimit(msgspec.Struct, frozen=True):
    """More than a share of the assets, over the last days; and what that makes of a loan."""

    days: int
    more_than_e4: int
    outcome: Stricter


class LoanRules(msgspec.Struct, frozen=True, kw_only=True):
    """How loan applications are decided, and how long a loan is watched that was not a standard one."""

    large_loan_e16: dict[str, int]  # by tier
    standing: dict[Standing, Stricter]
    times_assets_e16: int | None
    against_assets: Stricter
    fresh: ShareLimit | None
    volatile: ShareLimit | None
    monitor_days: int
    alert_shares_e4: tuple[int, ...]
