"""What a worker answers over HTTP: its customers and tiers from memory, and which worker holds the others."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import to_builtins

from streams.api.source import Anyone, CustomerView, Local, Remote, Unavailable
from streams.contracts.changes import ChangeWriter
from streams.contracts.envelope import Envelope, rates_of_days, without_rate
from streams.contracts.figures import format_figure
from streams.contracts.newest_change import change_of, merged_into, unpack_change
from streams.contracts.packing import unpack_state
from streams.engine.measures.accounts import number_of_accounts, rates_of, unrated_of
from streams.engine.measures.figures import measure
from streams.engine.measures.windows import sum_anew
from streams.engine.sections import special_of
from streams.engine.state import CustomerState
from streams.engine.tiers.looked_at import shown_value
from streams.kafka.partitioner import partition_of
from streams.kafka.wall_clock import wall_ms
from streams.partition.customers import Customers
from streams.policy.day_rates import on_day
from streams.policy.policy import Policy
from streams.stages.customers import NAME as CUSTOMERS
from streams.values.money import format_value
from streams.values.standings import STANDING_UNLESS_KNOWN
from streams.worker.app import TierflowApp
from streams.worker.live import CUT_OFF, LiveLanes

RETRY_AFTER_S = 1.0
COMMITTED_WITHIN_S = 1.0
COMMITTING = "A transaction that writes the customer's state is under way."


class WorkerSource(LiveLanes[TierflowApp]):
    """The TierSource (api/source.py) of a running worker."""

    def customer(self, customer_id: str) -> CustomerView | None:
        """Gives the newest tier change as it was sent, and the measures as of now; None for an unknown customer."""
        key = customer_id.encode()
        for customers in self._app.customer_partitions():
            if key in customers.packed:
                return self._view(customers, customers.packed[key], customer_id)
        return None

    async def owner(self, customer_id: str) -> Local | Remote | Anyone | Unavailable:
        """Says which worker serves the customer, once no transaction under way here writes the customer's state.

        The brokers may have committed it before this worker hears of that: whoever has read the outputs would be shown
        an older state than they know.
        """
        key = customer_id.encode()
        try:
            async with asyncio.timeout(COMMITTED_WITHIN_S):
                for lane in self._app.lanes_of(CUSTOMERS):
                    await lane.committed(key)
        except TimeoutError:
            return Unavailable(RETRY_AFTER_S, COMMITTING)
        return self._owner(key)

    def _owner(self, key: bytes) -> Local | Remote | Anyone | Unavailable:
        """By the partitioner; without one it is this worker if the customer is in what is served here, else anyone."""
        app = self._app
        if app.settings.partitioner == "none":
            return self._searched(key)
        number = partition_of(key, app.partitions, app.settings.partitioner)
        lane = app.lanes.get((CUSTOMERS, number))
        if lane is not None:
            return Local() if app.serving and lane.serving else self._unavailable()
        url = next((url for url, held in self._held_elsewhere().items() if number in held), None)
        return self._unavailable() if url is None else Remote(url)

    def _searched(self, key: bytes) -> Local | Anyone:
        lanes = self._app.lanes_of(CUSTOMERS) if self._app.serving else []
        held = [lane.partition for lane in lanes if lane.serving and isinstance(lane.partition, Customers)]
        if any(key in customers.packed for customers in held):
            return Local()
        return Anyone(self.peers(), searched=self.ready().ready)

    def _unavailable(self) -> Unavailable:
        cut_off = self._app.assigned and not self._app.is_member
        return Unavailable(RETRY_AFTER_S, CUT_OFF) if cut_off else Unavailable(RETRY_AFTER_S)

    def distribution(self) -> Mapping[str, int]:
        """Counts the customers of the partitions held here, by tier id; every tier of the policy is there.

        Where others may have the partitions nobody is counted: they are counted there.
        """
        counted: Counter[str] = Counter({tier.id: 0 for tier in self._app.policy.tiers})
        if self._app.assigned and not self._app.is_member:
            return counted
        for customers in self._app.customer_partitions():
            counted.update(customers.customers_by_tier)
        return counted

    def peers(self) -> list[str]:
        """Gives the base URLs of the other workers of the last assignment."""
        return list(self._held_elsewhere())

    def held(self) -> Mapping[str, Sequence[int]]:
        """Gives the partitions of all workers of the last assignment, by base URL."""
        own = [number for stage, number in self._app.lanes if stage == CUSTOMERS]
        return {self._app.settings.http_url: own, **self._held_elsewhere()}

    def _held_elsewhere(self) -> dict[str, list[int]]:
        changelog = self._app.settings.changelog_topic
        distribution = self._app.assignor.changelog_distribution
        own = str(self._app.conf.canonical_url)
        return {
            url.rstrip("/"): list(topics.get(changelog, ()))
            for url, topics in distribution.items()
            if url.rstrip("/") != own.rstrip("/")
        }

    def _view(self, partition: Customers, packed: bytes, customer_id: str) -> CustomerView:
        policy, state = partition.setup.policy, unpack_state(packed)
        now_ms = wall_ms() if partition.setup.clock == "wall" else partition.kept_clock_ms
        today = policy.calendar.day_of(now_ms)
        sum_anew(state, today, policy)
        return CustomerView(
            self._current(partition, state, customer_id),
            _live_measures(state, on_day(policy, today), today),
            packed,
            partition.kept_clock_ms,
            merged_into(state),
        )

    def _current(self, partition: Customers, state: CustomerState, customer_id: str) -> bytes | None:
        kept = unpack_change(state, customer_id)
        if kept is None:
            return None
        setup = partition.setup
        # The change is written again under the policy that decided it.
        policy = self._app.policies.get(kept.policy_mark, setup.policy)
        number = setup.partition if kept.decided_in is None else kept.decided_in
        writer = ChangeWriter(Envelope(policy, setup.topics, number, setup.source))
        return writer.value(change_of(kept), kept.next_offsets, backfill=kept.backfill)


def _rates(state: CustomerState, policy: Policy) -> dict[str, Any]:
    """Gives the rates that the figures are made with, where they are of a topic."""
    return {} if policy.rates is None else {"rates": to_builtins(rates_of_days(rates_of(state, policy)))}


def _live_measures(state: CustomerState, policy: Policy, day: int) -> dict[str, Any]:
    figures, pin = measure(state, policy, day), special_of(state).pin
    shown = shown_value(figures, policy)
    named = zip(policy.measures, figures.measures, strict=True)
    return {
        "value": None if shown is None else format_value(shown),
        "assets": format_value(figures.assets),
        "activity": format_value(figures.activity),
        "credit": format_value(figures.credit),
        "by_name": {rule.name: format_figure(figure, rule) for rule, figure in named},
        "currency": policy.currency,
        "without_rate": [to_builtins(held) for held in without_rate(unrated_of(state, policy))],
        **_rates(state, policy),
        "standing": state.standing or STANDING_UNLESS_KNOWN,
        "score": state.score,
        "accounts": number_of_accounts(state),
        "earned_tier": state.earned_tier,
        "pinned_until": None if pin is None else policy.calendar.rfc3339(pin.until_ms),
        "opted_out": special_of(state).opted_out,
    }
