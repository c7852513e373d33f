"""What becomes of a customer if nothing else happens, what keeps the tier, and which deposit would change that.

No rule is written here a second time: the engine itself is run forward on copies of the state, with a deposit and
without, and the smallest deposit and the shortest time are found by bisection over such runs.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator

import msgspec

from streams.engine.case import Case, Moment
from streams.engine.codec import decode_state, encode_state
from streams.engine.outcomes import TierChange
from streams.engine.prospects import Deposit, Keeping, Outlook, Rescue, Rise
from streams.engine.ratings import next_rating_ms
from streams.engine.sections import special_of
from streams.engine.state import CustomerState, Tenure
from streams.engine.tiers.conditions import entered_rank, is_met
from streams.engine.tiers.rated import figures_now
from streams.engine.tiers.step import pass_time, step_event, take_in
from streams.engine.tiers.tenure import falls_due_ms
from streams.policy.day_rates import fixed_on
from streams.policy.policy import Policy
from streams.values.calendar import month_of, month_start
from streams.values.events import BALANCES, Balance
from streams.values.money import AMOUNT_LIMIT_E4
from streams.values.standings import STANDING_UNLESS_KNOWN

HORIZON_MONTHS = 60
OCCASIONS = 4  # at most so many ratings by the calendar are tried for a rise
_CENT_E4 = 100
_LIMIT_CENTS = AMOUNT_LIMIT_E4 // _CENT_E4 - 1
# The account of the deposit that is tried out; no bank's account has such an id.
_ACCOUNT = "\x00deposit"


def outlook(state: CustomerState, customer_id: str, policy: Policy, now_ms: int) -> Outlook:
    """Finds what becomes of a customer if no further event comes, and which deposit would change that.

    now_ms: the time up to which the state has been worked. The state is not changed.
    """
    return _Futures(state, customer_id, policy, now_ms).outlook()


def keeping(state: CustomerState, policy: Policy, now_ms: int) -> Keeping:
    """Gives the rules that hold the served tier now: figures, pin, cap, protection, grace, term, ratings to come."""
    tenure, falling, pin = state.tenure or Tenure(), policy.falling, special_of(state).pin
    held, earned = policy.rank.get(state.tier or "", 0), policy.rank.get(state.earned_tier or "", 0)
    cap = policy.caps.get(state.standing or STANDING_UNLESS_KNOWN)
    protected_ms = tenure.protected_until_ms
    has_term = falling.term_months > 0
    row = [] if has_term else falls_due_ms(msgspec.structs.replace(tenure, protected_until_ms=None), policy)
    term = falls_due_ms(tenure, policy) if has_term else [None, None]
    return Keeping(
        earned=earned >= held,
        floor_to_keep=pin is None and earned >= held and _is_kept_only(state, held, policy, now_ms),
        pin=pin,
        cap=None if cap is None else policy.tiers[cap].id,
        protected_until_ms=protected_ms if protected_ms is not None and protected_ms > now_ms else None,
        below_since_ms=tenure.below_since_ms,
        grace_until_ms=row[0] if row else None,
        ratings_below=tenure.ratings_below if policy.counts_ratings else 0,
        ratings_needed=falling.after_months if policy.counts_ratings else 0,
        term_until_ms=term[0],
        term_grace_until_ms=term[1],
        last_ratings=tuple(tier for tier in (tenure.former, tenure.last) if tier is not None)
        if falling.to == "higher_of_last_two"
        else (),
        effective_ms=tenure.effective_ms,
        next_rise_ms=tenure.rises_ms,
        next_fall_ms=tenure.falls_ms,
    )


def _is_kept_only(state: CustomerState, held: int, policy: Policy, now_ms: int) -> bool:
    """Says whether the tier would not be entered on these figures, and its condition to stay is met."""
    keep, figures = policy.tiers[held].keep, figures_now(state, policy, now_ms).figures
    return keep is not None and entered_rank(figures, policy) < held and is_met(keep, figures)


class _Futures:
    """The possible futures of one customer: without a deposit, with one that stays, with one withdrawn later."""

    def __init__(self, state: CustomerState, customer_id: str, policy: Policy, now_ms: int) -> None:
        self._packed = encode_state(state)
        self._customer_id = customer_id
        self._now_ms = now_ms
        self._today = policy.calendar.day_of(now_ms)
        self._policy = fixed_on(policy, self._today)
        self._held = policy.rank.get(state.tier or "", 0)
        self._horizon_ms = policy.calendar.months_later_ms(now_ms, HORIZON_MONTHS)

    def outlook(self) -> Outlook:
        """Gives the changes to come, the first fall, the deposit that prevents it, and the ways up."""
        changes = tuple(self._changes(self._horizon_ms))
        fall = next((change for change in changes if self._rank(change) < self._held), None)
        rescue = None if fall is None else self._rescue(fall.decided_at_ms)
        return Outlook(self._horizon_ms, changes, fall, rescue, tuple(self._rises(changes)))

    # --- one future ---

    def _changes(self, until_ms: int, cents: int = 0, withdrawn_ms: int | None = None) -> Iterator[TierChange]:
        """Yields the changes until an instant, if so many cents are deposited now, and withdrawn at `withdrawn_ms`."""
        state = decode_state(self._packed)
        if cents:
            yield from self._deposit(state, cents, self._now_ms)
            if withdrawn_ms is not None and withdrawn_ms <= until_ms:
                yield from pass_time(state, self._customer_id, self._policy, withdrawn_ms)
                yield from self._deposit(state, 0, withdrawn_ms)
        yield from pass_time(state, self._customer_id, self._policy, until_ms)

    def _deposit(self, state: CustomerState, cents: int, at_ms: int) -> Iterator[TierChange]:
        """Sets the balance of the trial account; yields the change that this causes, if any."""
        policy = self._policy
        event = Balance("", self._customer_id, at_ms, _ACCOUNT, cents * _CENT_E4, policy.currency, "deposit")
        case = Case(state, self._customer_id, policy, at_ms, event, BALANCES)
        case.begins_policy, case.tier_before = state.policy_mark != policy.mark, state.tier
        is_rated = not case.begins_policy and case.tier_before is not None
        moment = Moment(policy, at_ms, policy.calendar.day_of(at_ms))
        moves, is_late = take_in(state, event, moment, is_rated=is_rated)
        if moves:
            step_event(case, event, is_late=is_late)
        if case.change is not None:
            yield case.change

    def _rank(self, change: TierChange) -> int:
        return self._policy.rank[change.tier]

    def _falls_ms(self, cents: int, withdrawn_ms: int | None = None) -> int | None:
        """Gives when the customer first falls below the tier held now; None: not before the horizon."""
        changes = self._changes(self._horizon_ms, cents, withdrawn_ms)
        return next((change.decided_at_ms for change in changes if self._rank(change) < self._held), None)

    # --- the smallest deposit, the shortest time ---

    def _smallest(self, does: Callable[[int, int | None], bool], until_ms: int) -> Deposit | None:
        """Gives the smallest deposit that is enough, and how long it must stay; None where no deposit is enough.

        does: says whether so many cents are enough if they are withdrawn at an instant (None: never withdrawn).
        """
        cents = _fewest(lambda cents: does(cents, None))
        if cents is None:
            return None
        midnight_ms = self._policy.calendar.midnight_ms
        days = range(self._today + 1, self._policy.calendar.day_of(until_ms) + 1)
        held = self._today + 1 + bisect_left(days, x=True, key=lambda day: does(cents, midnight_ms(day)))
        return Deposit(cents, midnight_ms(held))

    def _rescue(self, fall_ms: int) -> Rescue | None:
        """Gives the smallest deposit that keeps the tier past `fall_ms`; None where no deposit does."""

        def keeps(cents: int, withdrawn_ms: int | None) -> bool:
            return all(self._rank(change) >= self._held for change in self._changes(fall_ms, cents, withdrawn_ms))

        deposit = self._smallest(keeps, fall_ms)
        if deposit is None:
            return None
        held_ms, withdrawn_ms = self._falls_ms(deposit.cents), self._falls_ms(deposit.cents, deposit.until_ms)
        lasting = deposit.cents if held_ms is None else _fewest(lambda cents: self._falls_ms(cents) is None)
        return Rescue(deposit, held_ms, withdrawn_ms, lasting)

    def _rises(self, changes: tuple[TierChange, ...]) -> Iterator[Rise]:
        """Yields the soonest way up; then those at later occasions, as long as each takes a smaller deposit."""
        by_itself_ms = next((change.decided_at_ms for change in changes if self._rank(change) > self._held), None)
        asked = _LIMIT_CENTS
        for occasion_ms in self._occasions():
            if by_itself_ms is not None and occasion_ms >= by_itself_ms:
                return
            deposit = self._smallest(self._reaches_by(occasion_ms), occasion_ms)
            if deposit is None or deposit.cents >= asked:
                return
            asked = deposit.cents
            reached = self._changes(occasion_ms, deposit.cents, deposit.until_ms)
            yield Rise(next(change.decided_at_ms for change in reached if self._rank(change) > self._held), deposit)

    def _reaches_by(self, occasion_ms: int) -> Callable[[int, int | None], bool]:
        """Gives the question whether a deposit lifts the tier by an instant, as `_smallest` asks it."""

        def reaches(cents: int, withdrawn_ms: int | None) -> bool:
            return any(self._rank(change) > self._held for change in self._changes(occasion_ms, cents, withdrawn_ms))

        return reaches

    def _occasions(self) -> list[int]:
        """Gives the instants at which a deposit may have lifted the tier.

        The first is the earliest at which the largest possible deposit does. At the later ones a smaller deposit may be
        enough, since it has been in an average for longer, or in one more rating.
        """
        if self._held + 1 >= len(self._policy.tiers):
            return []
        changes = self._changes(self._horizon_ms, _LIMIT_CENTS)
        first = next((change for change in changes if self._rank(change) > self._held), None)
        if first is None:
            return []
        policy, calendar = self._policy, self._policy.calendar
        occasions = [first.decided_at_ms]
        if policy.rises_at_once:
            spans = [calendar.midnight_ms(self._today + days - 1) for days in policy.moving_days]
            months = [rule.months for rule in policy.measures if rule.kind == "average" and rule.months]
            begins = [calendar.midnight_ms(month_start(month_of(self._today) + 1 + count)) for count in months]
            return occasions + sorted(at_ms for at_ms in {*spans, *begins} if at_ms > occasions[0])
        while len(occasions) < OCCASIONS:
            at_ms = next_rating_ms(policy.rises, occasions[-1], calendar)
            if at_ms is None:
                break
            waits = policy.next_month and calendar.month_begins_ms(at_ms) != at_ms
            occasions.append(calendar.next_month_begins_ms(at_ms) if waits else at_ms)
        return occasions


def _fewest(do: Callable[[int], bool]) -> int | None:
    """Gives the smallest number of cents that is enough; None where none is.

    Wherever a number of cents is enough, every larger one has to be enough, too: this is a bisection.
    """
    if not do(_LIMIT_CENTS):
        return None
    return 1 + bisect_left(range(1, _LIMIT_CENTS), x=True, key=do)
