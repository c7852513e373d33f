"""Records of the outputs in the words of a relationship manager, in any language: one line each."""

from collections.abc import Iterator, Mapping
from decimal import ROUND_DOWN, Decimal
from typing import NamedTuple

import msgspec

from streams.contracts.display import is_held_out, percent_up, verdict_of
from streams.contracts.outputs import RiskCondition
from streams.contracts.shown import (
    ShownChange,
    ShownErasure,
    ShownRisk,
    ShownTrigger,
    decode_change,
    decode_decided,
    decode_erasure,
    decode_risk,
    decode_trigger,
)
from streams.languages.words import Words
from streams.languages.writing import Writing, grouped
from streams.policy.language.document import PolicyFile

Names = Mapping[str, Mapping[str, str]]
_OF_FLOOR = {"at_risk": "watch_missing_keep", "fee_alert": "watch_missing_floor"}


class Named(NamedTuple):
    """The names that a policy gives its tiers and campaigns, by id and language."""

    tiers: Names
    campaigns: Names


NOTHING_NAMED = Named({}, {})


class Told(NamedTuple):
    """A record for people: when, of whom, what happened, and what else there is to say. kind: its style."""

    at: str
    customer_id: str
    what: str
    more: list[str]
    kind: str


def named_by(file: PolicyFile) -> Named:
    """Gives the names that a policy file has."""
    return Named({one.id: one.name for one in file.tiers}, {one.id: one.name for one in file.campaigns})


def digest_of(value: bytes) -> str:
    """Gives the digest of the policy by which a record of an output was decided; nothing where there is none."""
    try:
        policy = decode_decided(value).policy
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    return "" if policy is None else policy.digest


def told(name: str, value: bytes, named: Named, words: Words) -> Told:
    """Tells what a record of an output says. name: of the output, such as changes.

    Raises:
        msgspec.DecodeError: The record is no such message.
    """
    teller = _Teller(named, words)
    match name:
        case "changes":
            return teller.change(decode_change(value))
        case "campaigns":
            return teller.trigger(decode_trigger(value))
        case "risk":
            return teller.risk(decode_risk(value))
        case _:
            return teller.erasure(decode_erasure(value))


class _Teller:
    def __init__(self, named: Named, words: Words) -> None:
        self._named, self._writing = named, Writing(words)
        self._say, self._money = self._writing.say, self._writing.money

    def change(self, change: ShownChange) -> Told:
        tier, previous = self._tier(change.tier), self._tier(change.previous_tier or "")
        why = self._writing.why(change.reason, change.direction, previous)
        direction = change.direction if change.direction in {"initial", "downgrade"} else "upgrade"
        what = self._say(f"watch_{direction}", tier=tier, previous=previous, why=why)
        more = []
        if change.value is not None:
            more.append(self._say("watch_value", value=self._money(change.value, change.currency, ROUND_DOWN)))
        above = change.next_tier
        if above is not None and above.missing is not None and Decimal(above.missing) > 0:
            amount = self._money(above.missing, change.currency)
            more.append(self._say("watch_missing", amount=amount, next=self._tier(above.tier)))
        return Told(self._at(change.decided_at), change.customer_id, what, more, direction)

    def trigger(self, trigger: ShownTrigger) -> Told:
        name = self._writing.name(self._named.campaigns.get(trigger.campaign, {}), trigger.campaign)
        what = self._say("watch_campaign", campaign=name)
        return Told(self._at(trigger.triggered_at), trigger.customer_id, what, [*self._offered(trigger)], "campaign")

    def _offered(self, trigger: ShownTrigger) -> Iterator[str]:
        if trigger.amount is not None:
            amount = self._money(trigger.amount, trigger.currency, ROUND_DOWN)
            yield self._say("watch_amount_for", amount=amount, period=trigger.period) if trigger.period else amount
        if trigger.missing is not None:
            floor = _OF_FLOOR.get(trigger.kind, "watch_missing_next")
            yield self._say(floor, amount=self._money(trigger.missing, trigger.currency))
        if trigger.due is not None:
            yield self._say("watch_due", date=self._writing.date(trigger.due))
        if is_held_out(trigger):
            yield self._say("watch_held_out")

    def risk(self, risk: ShownRisk) -> Told:
        verdict = verdict_of(risk)
        outcome = self._writing.words.outcomes.get(verdict, verdict)
        amount = self._money(risk.amount, risk.currency, ROUND_DOWN)
        what = self._say("watch_loan", loan=risk.loan_id, amount=amount, outcome=outcome)
        return Told(self._at(risk.decided_at), risk.customer_id, what, [*self._grounds(risk)], verdict)

    def _grounds(self, risk: ShownRisk) -> Iterator[str]:
        for one in risk.conditions:
            if risk.kind == "alert" or (one.met and one.outcome == risk.outcome):
                yield self._ground(one, risk.currency, is_alert=risk.kind == "alert")
        if risk.customer == "new":
            yield self._say("watch_unknown")

    def _ground(self, one: RiskCondition, currency: str, *, is_alert: bool) -> str:  # noqa: PLR0911 - one for each measure
        match one.measure:
            case "amount" if one.more_than is not None:
                return self._say("watch_over_assets", floor=self._money(one.more_than, currency, ROUND_DOWN))
            case "amount" if one.at_least is not None:
                return self._say("watch_at_least", floor=self._money(one.at_least, currency, ROUND_DOWN))
            case "fresh_assets" | "volatile_assets" as share:
                return self._say(f"watch_{share.removesuffix('_assets')}", share=percent_up(one.is_))
            case "assets" if is_alert:
                return self._say("watch_assets_fell", amount=self._money(one.is_, currency, ROUND_DOWN))
            case "standing":
                return self._say("watch_standing", standing=self._writing.standing(one.is_))
            case "tier":
                return self._tier(one.is_)
            case _:
                measure = self._writing.words.measures.get(one.measure, one.measure)
                figure = grouped(one.is_) if one.is_.replace(".", "", 1).isdigit() else one.is_
                return self._say("watch_other", measure=measure, figure=figure)

    def erasure(self, erasure: ShownErasure) -> Told:
        void = erasure.last_sequence
        what = self._say("watch_void", number=f"{void:,}") if void else self._say("watch_erased")
        return Told(self._at(erasure.decided_at), erasure.customer_id, what, [], "erased")

    def _tier(self, tier: str) -> str:
        return self._writing.name(self._named.tiers.get(tier, {}), tier)

    def _at(self, at: str) -> str:
        return self._writing.moment(at)
