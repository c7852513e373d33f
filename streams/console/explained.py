"""The explanation of a tier as the page needs it: made of the engine's, with names and sentences."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import msgspec

from streams.console.answers.explained import (
    Explained,
    Fall,
    FloorNow,
    Held,
    LostTier,
    NamedCampaign,
    NamedService,
    NextTier,
    Pinned,
    StrategyNow,
    TierName,
)
from streams.console.published import Compiled, compiled_of
from streams.engine.sections import special_of
from streams.errors import UsageError
from streams.explain.explanation import explain
from streams.explain.known import Known, state_of
from streams.explain.lost import lost_by
from streams.explain.message import ConditionNow, Explanation, KeepsNow, NextTierNow
from streams.explain.sentences import Lost, Told, sentences
from streams.languages.known import LANGUAGES
from streams.policy.day_rates import told_rates

_encode = msgspec.json.Encoder().encode


class Question(NamedTuple):
    """What is to be explained. document: the policy that rated the customer last. lost: the newest downgrade's message.

    clock_ms: of the customer's partition. at_ms: as of when.
    """

    customer_id: str
    packed: bytes
    clock_ms: int
    document: str
    at_ms: int
    lost: bytes | None
    rates: tuple[tuple[str, int], ...] = ()  # of a topic, each with its currency (e8): those that the worker goes by


def explain_it(question: Question) -> bytes:
    """Explains a customer's tier, as JSON.

    Raises:
        UsageError: The customer has no tier, or the state or the policy cannot be read.
    """
    return _encode(_Explaining(question).explained())


@lru_cache(16)
def _compiled(document: str) -> Compiled:
    made = compiled_of(document)
    if made is None:
        raise UsageError("this release cannot compile the policy that rated the customer")
    return made


class _Explaining:
    def __init__(self, asked: Question) -> None:
        self._compiled = _compiled(asked.document)
        self._policy = self._compiled.policy
        known = Known(asked.customer_id, asked.packed, asked.clock_ms, told_rates(self._policy, dict(asked.rates)))
        self._of: Explanation = explain(known, asked.at_ms)
        self._special = special_of(state_of(asked.customer_id, asked.packed))
        self._lost = None if asked.lost is None else lost_by(asked.lost)

    def explained(self) -> Explained:
        of, change = self._of, self._of.change
        told = Told(of, self._compiled.all_names, self._still_lost(), self._special.opted_out)
        return Explained(
            customer_id=of.customer_id,
            tier=self._tier(of.tier),
            earned_tier=self._tier(of.earned_tier),
            since=None if change is None else change.decided_at,
            direction=None if change is None else change.direction,
            reason=None if change is None else change.reason,
            as_of=of.at,
            currency=of.currency,
            value=of.value,
            floors=[self._floor(found) for found in of.conditions if found.rule == "enter"],
            next=None if of.next_tier is None else self._next(of.next_tier),
            held_by=_held(of.keeps),
            falls=self._falls(),
            pin=self._pin(of.keeps),
            consent="opted_out" if self._special.opted_out else "opted_in",
            lost=self._lost_tier(),
            strategy=self._strategy(of.tier),
            sentences={tag: sentences(told, words) for tag, words in LANGUAGES.items()},  # type: ignore[misc]
        )

    def _still_lost(self) -> Lost | None:
        """Gives the tier that was lost, unless the customer has it again."""
        lost, rank = self._lost, self._policy.rank
        return None if lost is None or rank.get(lost.tier, 0) <= rank.get(self._of.tier, 0) else lost

    def _tier(self, tier: str) -> TierName:
        return TierName(id=tier, names=self._compiled.tier_names(tier))

    def _floor(self, found: ConditionNow) -> FloorNow:
        known = ((tag, words.measures.get(found.measure)) for tag, words in LANGUAGES.items())
        return FloorNow(
            tier=found.tier,
            names=self._compiled.tier_names(found.tier),
            measure=found.measure,
            measure_names={tag: name for tag, name in known if name is not None},
            is_=found.is_,
            at_least=found.at_least,
            missing=found.missing,
            met=found.met,
        )

    def _next(self, above: NextTierNow) -> NextTier:
        return NextTier(
            tier=above.tier, names=self._compiled.tier_names(above.tier), missing=_one_amount(above.missing)
        )

    def _falls(self) -> Fall | None:
        fall = self._of.outlook.falls
        return None if fall is None else Fall(tier=fall.tier, names=self._compiled.tier_names(fall.tier), at=fall.at)

    def _pin(self, keeps: KeepsNow) -> Pinned | None:
        pin, pinned_ms = keeps.pin, self._special.pinned_ms
        if pin is None:
            return None
        at = None if pinned_ms is None else self._policy.calendar.rfc3339(pinned_ms)
        return Pinned(tier=pin.tier, until=pin.until, reason=pin.reason, by=pin.by, at=at)

    def _lost_tier(self) -> LostTier | None:
        lost = self._lost
        if lost is None:
            return None
        names = self._compiled.tier_names(lost.tier)
        return LostTier(tier=lost.tier, names=names, at=lost.at, reason=lost.reason, missing=lost.missing)

    def _strategy(self, tier: str) -> StrategyNow:
        strategy = next(one.strategy for one in self._policy.tiers if one.id == tier)
        return StrategyNow(
            needs=[{"en": need} for need in strategy.needs],
            services=[NamedService(id=one.id, kind=one.kind, names=dict(one.name)) for one in strategy.services],
            campaigns=[NamedCampaign(id=one, names=self._compiled.campaign_names(one)) for one in strategy.campaigns],
            risk_controls=list(strategy.risk_controls),
        )


def _held(keeps: KeepsNow) -> list[Held]:
    held = []
    if keeps.pin is not None:
        held.append(Held(kind="pin", until=keeps.pin.until, reason=keeps.pin.reason, by=keeps.pin.by))
    if keeps.protected_until is not None:
        held.append(Held(kind="protection", until=keeps.protected_until))
    if keeps.grace_until is not None:
        held.append(Held(kind="grace", until=keeps.grace_until))
    if keeps.term_until is not None:
        held.append(Held(kind="term", until=keeps.term_until))
    if keeps.capped_at is not None:
        held.append(Held(kind="cap", reason=keeps.standing))
    return held


def _one_amount(missing: Sequence[ConditionNow]) -> str | None:
    """Gives what is missing, if that is one amount."""
    if len(missing) != 1 or "." not in missing[0].missing:
        return None
    return missing[0].missing_at_next_rating or missing[0].missing
