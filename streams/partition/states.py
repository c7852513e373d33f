"""The states of one partition's customers: kept packed, opened by a batch, and what a batch writes of them."""

from collections import Counter
from collections.abc import Container, Iterator, Mapping

from streams.contracts.kept import LaneRecord
from streams.contracts.newest_change import pack_change
from streams.contracts.packing import pack_state, renew_state, unpack_state
from streams.engine.case import Moment
from streams.engine.measures.accounts import is_converted
from streams.engine.outcomes import Outcome
from streams.engine.state import CustomerState
from streams.partition.ahead import (
    candidate_of,
    is_change_ahead,
    is_erasure_ahead,
    is_merge_ahead,
    is_risk_ahead,
    is_trigger_ahead,
    trigger_of,
)
from streams.partition.opened import Opened
from streams.partition.outgoing import Outgoing, Writers
from streams.partition.partition import STEP, Partition
from streams.partition.setup import PartitionSetup
from streams.partition.work import Told, Work
from streams.policy.day_rates import on_day
from streams.policy.policy import Policy
from streams.values.events import CUSTOMERS, TOPICS


class CustomerStates(Partition):
    """The customers' states, as packed records, and those that the batch in hand has opened."""

    follows_from_inputs = False

    def __init__(
        self, setup: PartitionSetup, packed: dict[bytes, bytes] | None = None, lane: LaneRecord | None = None
    ) -> None:
        self.setup = setup
        self.on_event_clock = setup.clock == "event"
        self.customers_by_tier: Counter[str] = Counter()
        self._writers = Writers(setup)
        # Whoever has something in another currency than the policy's, where rates are of a topic, and some who had.
        self.holders: set[bytes] = set()
        super().__init__(len(TOPICS), packed, lane)

    # --- of a batch ---

    def packing(self) -> Iterator[int]:
        """Packs the states of this batch, a step at a time. What is left of it, `pack` does."""
        opened, changed, policy = self._opened, self._changed, self.setup.policy
        has_topic_rates = policy.rates is not None
        while opened:  # they are let go: opened, states take several times their size, and would until the next batch
            key, customer = opened.popitem()
            if customer.is_changed:
                changed[key] = pack_state(customer.state)
                if has_topic_rates and is_converted(customer.state, policy):
                    self.holders.add(key)
                if not len(changed) % STEP:
                    yield len(changed)

    def keep(self, work: Work) -> None:
        """Keeps the states of a committed batch, and how many customers now have each tier."""
        super().keep(work)
        for (metric, *labels), count in work.tally.items():
            if metric == "customers":
                self.customers_by_tier[labels[0]] += count

    def shown(self) -> Mapping[tuple[str, ...], int]:
        """Gives the customers by tier."""
        return {("customers", tier): count for tier, count in self.customers_by_tier.items()}

    def is_ahead(  # noqa: PLR0911 - an answer for each output
        self, output: str, key: bytes | None, value: bytes, expected: Container[Told]
    ) -> bool:
        """Says whether a message has a number of its customer, or an input offset, that this state has not reached."""
        packed, owns = self.packed, self.setup.owns
        match output:
            case "changes":
                return is_change_ahead(packed, key or b"", value, owns)
            case "campaigns":
                return is_trigger_ahead(packed, trigger_of(value), owns)
            case "candidates":
                return is_trigger_ahead(packed, candidate_of(value).trigger, owns)
            case "risk":
                return is_risk_ahead(dict(zip(self.setup.topics, self.next_offsets, strict=True)), value)
            case "erasures":
                return is_erasure_ahead(self.next_offsets[CUSTOMERS], value)
            case "merges":
                return is_merge_ahead(self.next_offsets, self.setup.partition, self.setup.source, value)
            case _:
                return super().is_ahead(output, key, value, expected)

    def renewed(self, state: bytes) -> bytes:
        """Gives a packed state in the form that this release writes."""
        return renew_state(state)

    # --- inside ---

    def _begin(self) -> None:
        super()._begin()
        self._is_backfill = self.backfill
        self._moment: Moment | None = None
        self._opened: dict[bytes, Opened] = {}
        self._out = Outgoing(self.setup, self._writers, self._messages, self._tally)

    def _now(self) -> Moment:
        """Gives the moment of the partition's clock."""
        policy, now_ms = self.setup.policy, self.clock_ms
        today = policy.calendar.day_of(now_ms)
        self._moment = moment = Moment(
            on_day(policy, today), now_ms, today, is_history=self._is_backfill, on_event_clock=self.on_event_clock
        )
        return moment

    def _policy_at(self, at_ms: int) -> Policy:
        """Gives the policy by the rates of an instant's day."""
        policy = self.setup.policy
        return policy if policy.rates is None else on_day(policy, policy.calendar.day_of(at_ms))

    def _customer(self, key: bytes) -> Opened | None:
        """Gives an opened customer, a new one where none is kept; None for a customer of another partition."""
        customer = self._opened.get(key)
        if customer is None:
            packed = self.packed.get(key)
            if packed is not None:
                customer = Opened(unpack_state(packed), len(packed))
            elif self.setup.owns(key):
                customer = Opened(CustomerState(), 0)
            else:
                return None
            self._opened[key] = customer
        return customer

    def _keep_and_write(self, key: bytes, state: CustomerState, outcome: Outcome) -> None:
        """Keeps a tier change in the customer's state, and adds all that came of a decision to the batch."""
        out, next_offsets = self._out, self.next_offsets
        for change in outcome.changes:
            backfill = self._is_backfill or change.reason == "policy_changed"  # the customer did nothing
            state.change = pack_change(change, next_offsets, self.setup.policy.mark, backfill=backfill)
            out.change(key, change, next_offsets, backfill=backfill)
        for trigger in outcome.triggers:
            out.trigger(key, trigger)
        for risk in outcome.risks:
            out.risk(key, risk, next_offsets, backfill=self._is_backfill)
        for campaign in outcome.left_in_peace:
            self.count("left_in_peace", campaign)
