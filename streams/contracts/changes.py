"""A tier change as subscribers read it: JSON value and CloudEvents headers (docs/messages.md#tierchanges)."""

from bisect import bisect_right
from collections.abc import Sequence

import msgspec

from streams.contracts.envelope import Envelope, Headers, encode, without_rate
from streams.contracts.figures import format_figure
from streams.contracts.outputs import (
    CHANGE_TYPE,
    Components,
    Condition,
    NextTier,
    Service,
    Strategy,
    TierChangeMessage,
)
from streams.engine.outcomes import TierChange
from streams.engine.tiers.looked_at import looked_at, next_tier, shown_value
from streams.policy.policy import Policy
from streams.policy.services import Service as TierService
from streams.policy.services import Strategy as TierStrategy
from streams.values.calendar import date_text
from streams.values.money import format_value
from streams.values.standings import STANDING_UNLESS_KNOWN


class ChangeWriter:
    """The writer of one partition's tier changes under one policy. What repeats from change to change is made once."""

    def __init__(self, envelope: Envelope) -> None:
        policy = envelope.policy
        self._policy = policy
        self._envelope = envelope
        self._strategies: dict[tuple[str | None, str, int], msgspec.Raw] = {}
        measures = [None if floor.measure is None else policy.measures[floor.measure] for floor in policy.floors]
        self._floors = [
            ("value" if measure is None else measure.name, measure, format_figure(floor.at_least_e16, measure))
            for floor, measure in zip(policy.floors, measures, strict=True)
        ]
        self._caps = [(standing, policy.tiers[rank].id) for standing, rank in policy.caps.items()]

    def value(self, change: TierChange, next_offsets: Sequence[int], *, backfill: bool = False) -> bytes:
        """Writes the change as JSON. next_offsets: by topic number, the offset after the last one worked."""
        figures = change.figures
        message = TierChangeMessage(
            id=f"{change.customer_id}:{change.sequence}",
            customer_id=change.customer_id,
            sequence=change.sequence,
            direction=change.direction,
            previous_tier=change.previous_tier,
            tier=change.tier,
            earned_tier=change.earned_tier,
            reason=change.reason,
            decided_at=self._policy.calendar.rfc3339(change.decided_at_ms),
            backfill=backfill,
            value=None if (shown := shown_value(figures, self._policy)) is None else format_value(shown),
            currency=self._policy.currency,
            components=Components(
                format_value(figures.assets),
                format_value(figures.activity),
                format_value(figures.credit),
            ),
            without_rate=without_rate(change.unrated) or msgspec.UNSET,
            conditions=self._conditions(change),
            next_tier=self._next_tier(change),
            policy=self._envelope.policy_name,
            strategy=self._strategy(change),
            cause=self._envelope.cause(change.cause),
            positions=self._envelope.positions(next_offsets),
        )
        return encode(message)

    def headers(self, change: TierChange) -> Headers:
        """Gives the CloudEvents 1.0 headers of the change."""
        id_ = f"{change.customer_id}:{change.sequence}"
        return self._envelope.headers(id_, CHANGE_TYPE, change.decided_at_ms, change.customer_id)

    def _conditions(self, change: TierChange) -> list[Condition]:
        looks = zip(looked_at(change.figures, self._policy), self._floors, strict=True)
        conditions = [
            Condition(
                measure=name,
                is_=format_figure(look.figure, measure),
                at_least=at_least,
                tier=look.floor.tier,
                rule="keep" if look.floor.rule == "keep" else None,
                met=look.met,
            )
            for look, (name, measure, at_least) in looks
        ]
        standing = change.standing or STANDING_UNLESS_KNOWN
        for capped, tier in self._caps:
            conditions.append(Condition("standing", standing, is_not=capped, tier=tier, met=standing != capped))
        return conditions

    def _next_tier(self, change: TierChange) -> NextTier | None:
        above = next_tier(change.tier, change.figures, self._policy)
        if above is None:
            return None
        return NextTier(above.tier, None if above.missing is None else format_value(above.missing))

    def _strategy(self, change: TierChange) -> msgspec.Raw:
        day = self._policy.calendar.day_of(change.decided_at_ms)
        key = (change.previous_tier, change.tier, bisect_right(self._policy.strategy_days, day))
        if key not in self._strategies:
            made = strategy(self._policy, change.previous_tier, change.tier, day)
            self._strategies[key] = msgspec.Raw(encode(made))
        return self._strategies[key]


def strategy(policy: Policy, previous: str | None, tier: str, day: int) -> Strategy:
    """Gives a tier's strategy on a local day, with the ids of the services that come and go against the former tier.

    previous: None for a first change. A former tier that the policy does not have counts as one without services.
    """
    made = policy.tiers[policy.rank[tier]].strategy
    services = services_on(made, day)
    has = [service.id for service in services]
    had: list[str] = []
    if previous is not None and previous in policy.rank:
        had = [service.id for service in services_on(policy.tiers[policy.rank[previous]].strategy, day)]
    return Strategy(
        needs=made.needs,
        services=list(map(_service, services)),
        campaigns=made.campaigns,
        risk_controls=made.risk_controls,
        granted=[service for service in has if service not in had],
        withdrawn=[service for service in had if service not in has],
    )


def services_on(made: TierStrategy, day: int) -> list[TierService]:
    """Gives the services of a tier that are valid on a local day; their first and last days are included."""
    return [
        service
        for service in made.services
        if (service.first_day is None or service.first_day <= day)
        and (service.last_day is None or day <= service.last_day)
    ]


def _service(service: TierService) -> Service:
    return Service(
        id=service.id,
        kind=service.kind,
        name=service.name,
        valid_from=None if service.first_day is None else date_text(service.first_day),
        valid_until=None if service.last_day is None else date_text(service.last_day),
    )
