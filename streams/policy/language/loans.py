"""The tables of risk control, as a policy file writes them (docs/policies.md#loans-enhanced-or-referred)."""

import msgspec

from streams.policy.language.words import FloorText, Part, Period, Times, Word
from streams.policy.loans import Stricter
from streams.values.standings import Standing


class AgainstAssetsRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A large loan of more than so many times the assets, and its outcome."""

    more_than_times: Times
    outcome: Stricter = "refer"


class ShareRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """More than a share of the assets, looked at over the last days, and the outcome."""

    days: Period
    more_than: Part
    outcome: Stricter = "enhanced"


class MonitoringRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How long a loan is watched that was not a standard one, and when there is an alert.

    assets_at_most: the shares of the assets at the decision at which there is one.
    """

    days: Period
    assets_at_most: list[Part] = []


class RiskRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How loan applications are decided.

    large_loan: by tier id, the amount from which on a loan is large, and so at least enhanced. standing: the outcome by
    credit standing. against_assets: the amount, in times of the assets. fresh_assets: the share of the assets that came
    in during the last days. volatile_assets: how far their daily totals lie apart, as a share of the highest.
    """

    large_loan: dict[Word, FloorText] = {}
    standing: dict[Standing, Stricter] = {}
    against_assets: AgainstAssetsRule | None = None
    fresh_assets: ShareRule | None = None
    volatile_assets: ShareRule | None = None
    monitoring: MonitoringRule | None = None
