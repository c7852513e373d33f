"""What is decided without an event: by time alone, and anew for customers whom another policy rated last."""

from collections.abc import Iterator, Mapping

from msgspec import UNSET

from streams.contracts.kept import LaneRecord
from streams.contracts.packing import unpack_header, unpack_state
from streams.contracts.rates_read import RefusedRate
from streams.engine.apply import apply_due, apply_policy, apply_rates, is_rated_by_another
from streams.engine.case import Case, Moment
from streams.engine.measures.accounts import is_converted
from streams.engine.outcomes import Outcome
from streams.engine.state import CustomerState
from streams.partition.due import DueTimes
from streams.partition.horizon import latest_ms
from streams.partition.opened import Opened
from streams.partition.ordered import InOrder
from streams.partition.partition import STEP, Partition
from streams.partition.setup import PartitionSetup
from streams.partition.states import CustomerStates

DUE_AT_ONCE = 50
"""Decisions by time alone in one step of the work."""

_TELLS_OF_RATES = 0
"""The partition that writes the dead letters of rates: every one reads them."""


class DecidedByItself(CustomerStates):
    """The customers of whom time alone decides something, or another policy does; in the batch, within its quota."""

    def __init__(
        self, setup: PartitionSetup, packed: dict[bytes, bytes] | None = None, lane: LaneRecord | None = None
    ) -> None:
        self._due = DueTimes()
        self._stale = InOrder()
        self._revalued = InOrder()  # who may have to be looked at since rates have come
        self._begins_to_look = False  # with the batch in hand
        super().__init__(setup, packed, lane)
        self._refused_rates = self._refused_since(0 if lane is None or lane.rates is UNSET else lane.rates)

    def taking_up(self) -> Iterator[int]:
        """Notes of every customer the tier, when time alone may decide, and whether another policy rated last."""
        policy, counts = self.setup.policy, self.customers_by_tier
        may_hold = policy.rates is not None and not policy.by_calendar  # then they are due at the next midnight
        for number, (key, record) in enumerate(self.packed.items(), 1):
            header = unpack_header(record)
            if header.tier is not None:
                counts[header.tier] += 1
            if header.due_ms is not None:
                self._due.add(header.due_ms, key)
            if is_rated_by_another(header.tier, header.policy_mark, policy):
                self._stale.add(key)
            if may_hold and header.due_ms is not None and is_converted(unpack_state(record), policy):
                self.holders.add(key)
            if not number % STEP:
                yield number
        if self._has_news_of_rates():
            yield from self.looking_again()

    def taking_up_from(self, former: Partition) -> Iterator[int]:
        """Takes up what another form of this partition has noted of the same customers, if their policy is the same.

        Where rates have come, whoever has something in another currency is to be looked at, and nobody else.
        """
        if not isinstance(former, DecidedByItself) or former.setup.policy.digest != self.setup.policy.digest:
            yield from self.taking_up()
            return
        self.customers_by_tier, self.holders = former.customers_by_tier, former.holders
        self._due, self._stale, self._revalued, self._begins_to_look = former.noted()
        if self._has_news_of_rates():
            yield from self.looking_again()

    def looking_again(self) -> Iterator[int]:
        """Notes, a step at a time, that whoever has something in another currency is to be looked at."""
        self._revalued = InOrder()
        self._begins_to_look = bool(self.holders)
        for number, key in enumerate(self.holders, 1):
            self._revalued.add(key)
            if not number % STEP:
                yield number

    def noted(self) -> tuple[DueTimes, InOrder, InOrder, bool]:
        """Gives what is noted: who is due, whom another policy rated, who is to be looked at; has that just begun?"""
        return self._due, self._stale, self._revalued, self._begins_to_look

    @property
    def is_stale(self) -> bool:
        """Whether customers are left whom another policy rated last, or who wait for rates; or letters of rates are."""
        return bool(self._stale) or bool(self._revalued) or bool(self._refused_rates)

    def next_due_ms(self) -> int | None:
        """Gives the instant at which time alone may next decide for one of the customers."""
        return self._due.next_ms

    def due(self, at_ms: int) -> int:
        """Counts the customers who are due at an instant; some may have been put off since they were noted."""
        return self._due.count(at_ms)

    def shown(self) -> Mapping[tuple[str, ...], int]:
        """Gives the customers by tier, and how many are left to be rated anew."""
        return {**super().shown(), ("stale",): len(self._stale) + len(self._revalued)}

    def latest_ms(self, wall_ms: int) -> int:
        """Gives the latest time that an event may have now: a later one is refused, and waits for nobody."""
        return latest_ms(self.setup, wall_ms, self.clock_ms)

    # --- inside ---

    def _refused_since(self, offset: int) -> list[RefusedRate]:
        """Gives the records of the topic of rates, from an offset on, that become dead letters: here, if anywhere."""
        setup = self.setup
        if setup.partition != _TELLS_OF_RATES or setup.policy.rates is None:
            return []
        return [refused for refused in setup.refused_rates if refused.offset >= offset]

    def _begin(self) -> None:
        super()._begin()
        self._wall_ms = self._latest_ms = self.clock_ms
        self._due_quota = self._due_limit = self._due_worked = self._rerated = 0

    def _limit_due(self, limit: int) -> None:
        """Lets so many decisions by time alone be made in this batch."""
        self._due_limit = limit
        self._goes_on()

    def _goes_on(self) -> bool:
        """Says whether the quota has room: a step decides DUE_AT_ONCE by time alone, so that none takes long."""
        self._due_quota = min(self._due_worked + DUE_AT_ONCE, self._due_limit)
        return self._due_worked < self._due_quota

    def _let_time_pass(self, key: bytes, customer: Opened, at_ms: int) -> Moment | None:
        """Decides what comes before the customer's event.

        Gives the moment at which the event is worked; None where what comes before it would pass the quota.
        """
        if self.on_event_clock and not self._move_clock(at_ms):
            return None
        state, moment = customer.state, self._moment
        if moment is None or moment.now_ms != self.clock_ms:
            moment = self._now()
        # What is due for this customer comes first, whatever is left of the quota.
        while state.due_ms is not None and state.due_ms <= moment.now_ms:
            self._decide_due(key, customer, state.due_ms)
        policy = moment.policy
        if state.policy_mark != policy.mark and is_rated_by_another(state.tier, state.policy_mark, policy):
            self._rerate(key, customer)
        return moment

    def _move_clock(self, at_ms: int) -> bool:
        """Decides what is due before an event on the event clock; False where that would pass the quota."""
        # Up to the clock, too: customers who came from another partition may be due before it.
        if not self._advance(max(at_ms, self.clock_ms)):
            return False
        if at_ms > self.clock_ms:
            self.clock_ms = at_ms
            if self.setup.ahead_ms is not None:
                self._latest_ms = self.latest_ms(self._wall_ms)
        return True

    def _advance(self, to_ms: int) -> bool:
        """Decides what falls due until an instant, by due time, then by customer; False where the quota is used up."""
        while (due_ms := self._due.next_ms) is not None and due_ms <= to_ms:
            if self._due_worked >= self._due_quota:
                return False
            self._work_due()
        return True

    def _work_due(self) -> None:
        due_ms, key = self._due.pop()
        customer = self._customer(key)
        if customer is None or customer.state.due_ms != due_ms:
            return  # put off or done since it was noted
        self._due_worked += 1
        self.clock_ms = max(self.clock_ms, due_ms)
        self._decide_due(key, customer, due_ms)

    def _decide_due(self, key: bytes, customer: Opened, due_ms: int) -> None:
        case = Case(customer.state, key.decode(), self._policy_at(due_ms), due_ms)
        case.is_history = self._is_backfill
        self._came_of_itself(key, customer, apply_due(case))

    def _rerating(self, quota: int) -> Iterator[int]:
        while self._stale and self._rerated < quota:
            key = self._stale.pop()
            customer = self._customer(key)
            if customer is not None:
                state = customer.state
                if is_rated_by_another(state.tier, state.policy_mark, self.setup.policy):
                    self._rerated += 1
                    self._rerate(key, customer)
            yield self._rerated
        while self._revalued and self._rerated < quota:
            key = self._revalued.pop()
            customer = self._customer(key)
            if customer is not None and self._is_revalued(customer.state):
                self._rerated += 1
                self._value_anew(key, customer)
            yield self._rerated

    def _is_revalued(self, state: CustomerState) -> bool:
        """Says whether rates that have come matter to a customer. Whom another policy rated last, they do not yet."""
        policy = self.setup.policy
        return state.tier is not None and state.policy_mark == policy.mark and is_converted(state, policy)

    def _has_news_of_rates(self) -> bool:
        """Says whether rates matter that came since the newest transaction, or customers were left to be looked at.

        A partition that is new since a growth has had no transaction, and customers who came from elsewhere.
        """
        policy, before = self.setup.policy, self._rates_read
        if self.setup.looks is not None:
            return self.setup.looks
        if policy.rates is None or policy.by_calendar:
            return False
        return before != policy.rates.next_offset or (self._looking is True and not self._revalued)

    def _rerate(self, key: bytes, customer: Opened) -> None:
        case = Case(customer.state, key.decode(), self._policy_at(self.clock_ms), self.clock_ms)
        self._came_of_itself(key, customer, apply_policy(case))

    def _value_anew(self, key: bytes, customer: Opened) -> None:
        case = Case(customer.state, key.decode(), self._policy_at(self.clock_ms), self.clock_ms)
        case.is_history = self._is_backfill
        self._came_of_itself(key, customer, apply_rates(case))

    def _came_of_itself(self, key: bytes, customer: Opened, outcome: Outcome) -> None:
        """Keeps the state after a decision without an event, and writes what came of it."""
        customer.is_changed = True
        if customer.state.due_ms is not None:
            self._due.add(customer.state.due_ms, key)
        self._keep_and_write(key, customer.state, outcome)
