"""Whether a tier stands: most events move a figure by a little and past no floor, and a decision finds all as it is.

Such a decision is left out (apply.py). That it would have changed nothing is a law (tests/engine/test_stands.py).
"""

from streams.engine.outcomes import Figures
from streams.engine.state import CustomerState
from streams.engine.tiers.conditions import entered_rank
from streams.policy.policy import Policy


def stands(state: CustomerState, figures: Figures, policy: Policy) -> bool:
    """Says whether new figures enter the tier that was earned before and is served: a decision would leave it so.

    For a customer whom this policy has rated, where Policy.stands_between_floors, nothing is due, and the event was no
    word on the credit standing. Where more than figures decides (a pin, a cap, a tier that is kept, a fall that is put
    off), another tier is served, or entered, than was earned: that is left to the decision.
    """
    entered = policy.tiers[entered_rank(figures, policy)].id
    return entered == state.earned_tier == state.tier
