"""The campaigns and the rules for loans of policy.toml, once more: what has to come of an event beside a tier.

It shares no code with streams/, and knows the events of ledger.py alone: of those types of transactions that a campaign
pays for none is ever reversed.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final, NamedTuple

TIERS: Final = ("low", "mid", "high")
WELCOMES: Final = {"welcome": ("mid", "high"), "welcome-high": ("high",)}
RATES: Final = {"fee": ("fee-back", Decimal("0.1")), "purchase": ("purchase-back", Decimal("0.01"))}
STANDINGS: Final = ("excellent", "good", "fair", "poor")  # from the best to the worst
_LARGE = {"low": 300_000, "mid": 600_000}
_FALLEN_TO = (Decimal("0.7"), Decimal("0.4"))
_LONG_AGO_MS = -1


class Budget(NamedTuple):
    """What a campaign may spend for ever: so many triggers, so much money, or both."""

    triggers: int | None = None
    amount: Decimal | None = None

    def holds(self, triggers: int, amount: Decimal) -> bool:
        return (self.triggers is None or triggers <= self.triggers) and (self.amount is None or amount <= self.amount)


BUDGETS: Final = {"purchase-back": Budget(amount=Decimal(4000)), "welcome-high": Budget(triggers=200)}


class Moment(NamedTuple):
    """A customer just after an event, its tier decided. before: the tier, if an event has changed it."""

    customer: str
    topic: str
    value: Mapping[str, Any]
    at_ms: int
    cause: tuple[str, int]
    assets: Decimal
    tier: str
    before: str | None


class Trigger(NamedTuple):
    """A trigger as it has to be, if its campaign's budget grants it."""

    id: str
    campaign: str
    sequence: int
    tier: str
    amount: Decimal | None
    cause: tuple[str, int]


class Risk(NamedTuple):
    """A decision on a loan, or an alert. what: the outcome, or the reason."""

    id: str
    what: str
    tier: str
    cause: tuple[str, int]


class _Loan:
    """A loan that is watched: the assets at its decision, the worst standing since, and what it was told of."""

    def __init__(self, assets: Decimal, worst: str) -> None:
        self.assets = assets
        self.worst = worst
        self.told: set[Decimal] = set()
        self.alerts = 0


class Offers:
    """What is known of one customer. An erase leaves it: the erased have no loans, and opted out of nothing."""

    def __init__(self) -> None:
        self._opted: tuple[int, str] = _LONG_AGO_MS, "opt_in"
        self._standing: tuple[int, str] = _LONG_AGO_MS, "good"
        self._counts: Counter[str] = Counter()
        self._loans: dict[str, _Loan] = {}

    def triggers(self, moment: Moment) -> list[Trigger]:
        value, action = moment.value, moment.value.get("action", "")
        if action.startswith("opt_") and moment.at_ms >= self._opted[0]:
            self._opted = moment.at_ms, action
        if self._opted[1] == "opt_out":
            return []
        found = [self._trigger(moment, name, None) for name, tiers in WELCOMES.items() if _has_risen(moment, tiers)]
        if moment.topic == "transactions" and value["type"] in RATES:
            campaign, rate = RATES[value["type"]]
            found.append(self._trigger(moment, campaign, Decimal(value["amount"]) * rate))
        return found

    def risks(self, moment: Moment) -> list[Risk]:
        if moment.topic == "loans":
            return [self._decided(moment)]
        if moment.topic == "credit" and moment.at_ms >= self._standing[0]:
            self._standing = moment.at_ms, moment.value["standing"]
        return [alert for loan_id, loan in self._loans.items() for alert in self._alerts(moment, loan_id, loan)]

    def _trigger(self, moment: Moment, campaign: str, amount: Decimal | None) -> Trigger:
        self._counts[campaign] += 1
        number = self._counts[campaign]
        named = f"{moment.customer}:{campaign}:{number}"
        return Trigger(named, campaign, number, moment.tier, amount, moment.cause)

    def _decided(self, moment: Moment) -> Risk:
        loan_id, amount, standing = moment.value["loan_id"], Decimal(moment.value["amount"]), self._standing[1]
        is_large = moment.tier in _LARGE and amount >= _LARGE[moment.tier]
        is_referred = is_large and amount > moment.assets
        outcome = "refer" if is_referred else "enhanced" if is_large or standing == "poor" else "standard"
        if outcome != "standard":
            self._loans[loan_id] = _Loan(moment.assets, standing)
        return Risk(f"{moment.customer}:{loan_id}:decision", outcome, moment.tier, moment.cause)

    def _alerts(self, moment: Moment, loan_id: str, loan: _Loan) -> Iterator[Risk]:
        for reason in self._reasons(moment, loan):
            loan.alerts += 1
            yield Risk(f"{moment.customer}:{loan_id}:alert:{loan.alerts}", reason, moment.tier, moment.cause)

    def _reasons(self, moment: Moment, loan: _Loan) -> Iterator[str]:
        standing = self._standing[1]
        if moment.topic == "credit" and STANDINGS.index(standing) > STANDINGS.index(loan.worst):
            loan.worst = standing
            yield "standing_worse"
        if moment.topic == "balances" and loan.assets > 0:
            passed = [share for share in _FALLEN_TO if moment.assets <= loan.assets * share and share not in loan.told]
            loan.told.update(passed)
            yield from ["assets_fell"] * len(passed)


def _has_risen(moment: Moment, tiers: tuple[str, ...]) -> bool:
    before = moment.before
    return before is not None and TIERS.index(moment.tier) > TIERS.index(before) and moment.tier in tiers
