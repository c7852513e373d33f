"""When time alone may decide the tier next."""

from streams.engine.case import Case
from streams.engine.measures.accounts import is_converted
from streams.engine.measures.closing_totals import daily_changes
from streams.engine.state import CustomerState
from streams.engine.tiers.tenure import falls_due_ms
from streams.policy.policy import Policy
from streams.values.calendar import earliest


def note_due(case: Case) -> None:
    """Writes the next instant at which time alone may decide into the state, and into the case whether it moved."""
    if due_moves(case.state, case.policy, case.now_ms):
        case.due_moves = True


def due_moves(state: CustomerState, policy: Policy, now_ms: int) -> bool:
    """Writes the next instant at which time alone may decide the tier into the state; says whether it has moved."""
    due_ms = _tier_due_ms(state, policy, now_ms)
    if due_ms == state.tier_due_ms:
        return False
    state.tier_due_ms = due_ms
    return True


def _tier_due_ms(state: CustomerState, policy: Policy, now_ms: int) -> int | None:
    """Gives the next instant at which time alone may decide the tier of this customer; always later than now."""
    pin = None if state.special is None else state.special.pin
    if policy.timeless and pin is None:
        return None
    others_ms = _others_ms(state, policy, now_ms)
    return others_ms if policy.rates is None else earliest((others_ms, _rates_ms(state, policy, now_ms)))


def is_due_by_rates(state: CustomerState, policy: Policy, now_ms: int) -> bool:
    """Says whether the tier is due now for nothing but a day that begins, whose rates may be others."""
    return policy.rates is not None and _others_ms(state, policy, now_ms - 1) != now_ms


def _rates_ms(state: CustomerState, policy: Policy, now_ms: int) -> int | None:
    """Gives when other rates may hold: the next midnight, where something is held in another currency."""
    if state.tier is None or policy.by_calendar or not is_converted(state, policy):
        return None
    calendar = policy.calendar
    return calendar.midnight_ms(calendar.day_of(now_ms) + 1)


def _others_ms(state: CustomerState, policy: Policy, now_ms: int) -> int | None:
    """Gives what _tier_due_ms does, rates aside."""
    pin = None if state.special is None else state.special.pin
    instants: list[int | None] = [None if pin is None else pin.until_ms]
    if state.tier is not None:
        instants.append(_moves_on_ms(state, policy, now_ms))
        tenure = state.tenure
        if tenure is not None and (
            not policy.at_once or policy.next_month or policy.falling.term_months or tenure.below_since_ms is not None
        ):
            instants += [tenure.rises_ms, tenure.falls_ms, tenure.effective_ms, *falls_due_ms(tenure, policy)]
    return earliest([at_ms for at_ms in instants if at_ms is not None and at_ms > now_ms])


def _moves_on_ms(state: CustomerState, policy: Policy, now_ms: int) -> int | None:
    """Gives when one of the measures that are rated at once next moves by time alone; always later than now."""
    calendar = policy.calendar
    day = earliest([window.moves_on_day for window in state.windows])
    if policy.moving_days:
        today = calendar.day_of(now_ms)
        looked_at = today - max(policy.moving_days) + 1
        if any(changed >= looked_at for changes in daily_changes(state).values() for changed in changes):
            day = earliest([day, today + 1])
    day_ms = None if day is None else calendar.midnight_ms(day)
    return earliest((day_ms, calendar.next_month_begins_ms(now_ms))) if policy.moving_months else day_ms
