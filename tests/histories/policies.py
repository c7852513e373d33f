"""The policies of a history: each version names its measure after itself, and lets each budget hold more.

The tiers are those of assets-only.toml in every version, so that no policy changes what anybody is.
"""

from typing import NamedTuple

from streams.settings import policy_folder

FLOORS = {"low": 0, "mid": 500_000, "high": 5_000_000}


class Limits(NamedTuple):
    """What a budget holds: so many triggers, so much money, or both."""

    triggers: int | None = None
    amount: int | None = None


# By type of transaction: the first version's limits. A hundredth of each transaction is asked for.
_BUDGETS = {
    "purchase": Limits(triggers=20),
    "transfer_in": Limits(amount=300),
    "cash": Limits(triggers=25, amount=400),
    "deposit": Limits(amount=250),
    "fee": Limits(triggers=3),
    "refund": Limits(amount=150),
}
_HELD_OUT = {"deposit": "0.3", "purchase": "0.2"}
_PER = {"fee": "day", "refund": "year"}
_FOR_GOOD = {"fee", "refund"}  # whose limits stay
CAMPAIGNS = tuple(_BUDGETS)


def limits(campaign: str, version: int) -> Limits:
    """What the budget of a campaign holds by this version of the policy."""
    first, times = _BUDGETS[campaign], 1 if campaign in _FOR_GOOD else version
    return Limits(*(None if limit is None else limit * times for limit in first))


def document(version: int) -> str:
    """The policy file of a version."""
    table = (policy_folder() / "assets-only.toml").read_text().replace("version = 1", f"version = {version}")
    measure = f'[measures.v{version}]\ntotal = "assets"\n\n[value]\nterms = [{{ measure = "v{version}" }}]\n'
    return "\n".join([table, measure, *(_campaign(campaign, version) for campaign in CAMPAIGNS)])


def version_of(by_name: dict[str, str]) -> int:
    """The version by which somebody is measured, of the measures' names."""
    [name] = by_name
    return int(name.removeprefix("v"))


def _campaign(campaign: str, version: int) -> str:
    triggers, amount = limits(campaign, version)
    holds = [
        *([] if triggers is None else [f"triggers = {triggers}"]),
        *([] if amount is None else [f'amount = "{amount}"']),
        f'per = "{_PER.get(campaign, "ever")}"',
    ]
    return f"""[[campaigns]]
id = "{campaign}"
kind = "cash_back"
per = "transaction"
types = ["{campaign}"]
rate = "0.01"
hold_out = "{_HELD_OUT.get(campaign, "0")}"
budget = {{ {", ".join(holds)} }}
"""
