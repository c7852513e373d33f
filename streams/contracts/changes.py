"""A tier change as subscribers read it: JSON value and CloudEvents headers (docs/messages.md#tierchanges)."""

from bisect import bisect_right
from collections.abc import Callable, Sequence

from streams.contracts.envelope import Envelope, Headers, optional_rates, without_rate
from streams.contracts.figures import figure_json, format_figure, value_json
from streams.contracts.outputs import (
    CHANGE_TYPE,
    Components,
    Condition,
    NextTier,
    Service,
    Strategy,
    TierChangeMessage,
)
from streams.contracts.templates import NULL, OPTIONAL, encode, optional, slots, template
from streams.engine.outcomes import Figures, TierChange
from streams.engine.tiers.looked_at import figure_of, missing, reaches, shown_value, tier_above
from streams.policy.measures import Condition as EnterCondition
from streams.policy.measures import Floor
from streams.policy.policy import Policy
from streams.policy.services import Service as TierService
from streams.policy.services import Strategy as TierStrategy
from streams.values.calendar import date_text
from streams.values.money import Figure
from streams.values.standings import STANDING_UNLESS_KNOWN, STANDINGS

_TYPE = CHANGE_TYPE.encode()


class ChangeWriter:
    """The writer of one partition's tier changes under one policy. What repeats from change to change is made once."""

    def __init__(self, envelope: Envelope) -> None:
        policy = envelope.policy
        self._policy = policy
        self._envelope = envelope
        self._floors = [_floor_templates(policy, floor) for floor in policy.floors]
        self._caps: dict[str, list[bytes]] = {standing: _cap_conditions(policy, standing) for standing in STANDINGS}
        self._above = {tier.id: _next_tier_template(policy, tier.id) for tier in policy.tiers}
        self._messages: dict[tuple[str, str, str | None, str, str, bool, int], bytes] = {}

    def value(self, change: TierChange, next_offsets: Sequence[int], *, backfill: bool = False) -> bytes:
        """Writes the change as JSON. next_offsets: by topic number, the offset after the last one worked."""
        figures, envelope = change.figures, self._envelope
        shown = shown_value(figures, self._policy)
        return self._message(change, backfill=backfill) % (  # in the order of the message's fields
            encode(f"{change.customer_id}:{change.sequence}"),
            encode(change.customer_id),
            encode(change.sequence),
            envelope.time(change.decided_at_ms),
            NULL if shown is None else value_json(shown),
            value_json(figures.assets),
            value_json(figures.activity),
            value_json(figures.credit),
            optional("without_rate", encode(without_rate(change.unrated))) if change.unrated else b"",
            optional_rates(change.rates),
            self._conditions(change),
            self._next_tier(change.tier, figures),
            envelope.cause(change.cause),
            envelope.positions(next_offsets),
        )

    def headers(self, change: TierChange) -> Headers:
        """Gives the CloudEvents 1.0 headers of the change."""
        id_ = f"{change.customer_id}:{change.sequence}"
        return self._envelope.headers(id_, _TYPE, change.decided_at_ms, change.customer_id)

    def _conditions(self, change: TierChange) -> bytes:
        conditions = []
        for floor, written, not_met, met in self._floors:
            figure = figure_of(floor.measure, change.figures)
            conditions.append((met if reaches(figure, floor) else not_met) % written(figure))
        conditions += self._caps[change.standing or STANDING_UNLESS_KNOWN]
        return b"[%b]" % b",".join(conditions)

    def _next_tier(self, tier: str, figures: Figures) -> bytes:
        written, enter = self._above[tier]
        return written if enter is None else written % value_json(missing(enter, figures))

    def _message(self, change: TierChange, *, backfill: bool) -> bytes:
        """Gives the template of all changes that go the same way, for the same reason, at a time of the same services.

        There are few such ways, so each is made once.
        """
        policy, days = self._policy, self._policy.strategy_days
        day = policy.calendar.day_of(change.decided_at_ms) if days else 0
        kind = (
            change.direction,
            change.reason,
            change.previous_tier,
            change.tier,
            change.earned_tier,
            backfill,
            bisect_right(days, day) if days else 0,
        )
        written = self._messages.get(kind)
        if written is None:
            self._messages[kind] = written = template(
                TierChangeMessage,
                direction=change.direction,
                previous_tier=change.previous_tier,
                tier=change.tier,
                earned_tier=change.earned_tier,
                reason=change.reason,
                backfill=backfill,
                currency=policy.currency,
                components=slots(Components),
                without_rate=OPTIONAL,
                rates=OPTIONAL,
                policy=self._envelope.policy_name,
                strategy=strategy(policy, change.previous_tier, change.tier, day),
            )
        return written


def _floor_templates(policy: Policy, floor: Floor) -> tuple[Floor, Callable[[Figure], bytes], bytes, bytes]:
    """Gives a floor, what writes its figures, and the condition where it is not met, and where it is."""
    measure = None if floor.measure is None else policy.measures[floor.measure]
    not_met, met = [
        template(
            Condition,
            measure="value" if measure is None else measure.name,
            at_least=format_figure(floor.at_least_e16, measure),
            is_not=None,
            tier=floor.tier,
            rule="keep" if floor.rule == "keep" else None,
            met=met,
        )
        for met in (False, True)
    ]
    return floor, figure_json(measure), not_met, met


def _cap_conditions(policy: Policy, standing: str) -> list[bytes]:
    """Writes what the caps by credit standing make of a customer of this standing."""
    return [
        encode(Condition("standing", standing, is_not=capped, tier=policy.tiers[rank].id, met=standing != capped))
        for capped, rank in policy.caps.items()
    ]


def _next_tier_template(policy: Policy, tier: str) -> tuple[bytes, EnterCondition | None]:
    """Gives the tier above as it is written and, where that is a template, the floor that is held against."""
    above = tier_above(tier, policy)
    if above is None:
        return NULL, None
    if above.enter is None:
        return encode(NextTier(above.tier, None)), None
    return template(NextTier, tier=above.tier), above.enter


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
