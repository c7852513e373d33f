"""Risk control as a policy file writes it: how a loan application is looked at, and how long it is watched."""

import msgspec

from streams.policy.language.words import FloorText, Part, Period, Times, Word
from streams.policy.loans import Stricter
from streams.values.standings import Standing


class AgainstAssetsRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A large loan of more than so many times the assets."""

    more_than_times: Times
    outcome: Stricter = "refer"


class ShareRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """More than a share of the assets, over the last days."""

    days: Period
    more_than: Part
    outcome: Stricter = "enhanced"


class MonitoringRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How long a loan that was not a standard one is watched, and at which shares of the assets there is an alert."""

    days: Period
    assets_at_most: list[Part] = []


class RiskRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How loan applications are decided.

    large_loan: by tier, the amount from which a loan is large, and so at least enhanced. standing: what a credit
    standing makes of it. against_assets, fresh_assets, volatile_assets: the amount against the assets; the share of the
    assets that came in during the last days; how far their daily totals lie apart, as a share of the highest.
    """

    large_loan: dict[Word, FloorText] = {}
    standing: dict[Standing, Stricter] = {}
    against_assets: AgainstAssetsRule | None = None
    fresh_assets: ShareRule | None = None
    volatile_assets: ShareRule | None = None
    monitoring: MonitoringRule | None = None
