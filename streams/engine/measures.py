"""What the rules look at: a customer's composite value and its components, exact, in the policy's currency."""

import msgspec

from streams.engine.money import ONE_SHARE
from streams.engine.policy import Policy
from streams.engine.state import CustomerState


class Measures(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """The components of the value, in units of 10**-16 of the policy's currency."""

    assets_e16: int
    activity_e16: int
    credit_e16: int

    @property
    def value_e16(self) -> int:
        """The composite value: what is held against the floors."""
        return self.assets_e16 + self.activity_e16 + self.credit_e16


def measure(state: CustomerState, policy: Policy) -> Measures:
    """The measures as of the day that the state's windows were rolled to."""
    to_value = policy.to_value
    assets = 0
    for currency, amount_e4 in state.assets_e4_by_currency.items():
        assets += amount_e4 * to_value.get(currency, 0)
    share_e4 = policy.credit_share_e4.get(state.standing or "good", 0)
    credit = max(assets, 0) * share_e4 // ONE_SHARE if share_e4 else 0
    return Measures(assets, _activity(state, policy), credit)


def _activity(state: CustomerState, policy: Policy) -> int:
    rule = policy.activity
    if rule is None:
        return 0
    volume: int = 0
    for currency, amount_e4 in state.windows[rule.window].sum_e4_by_currency.items():
        volume += amount_e4 * policy.to_value.get(currency, 0)
    activity: int = volume * rule.share_e4 // ONE_SHARE
    return activity if rule.at_most_e16 is None else min(activity, rule.at_most_e16)
