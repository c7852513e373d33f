"""A tier explained in sentences, in any language: what is said and in what order. The words are in languages/."""

from collections.abc import Iterator, Mapping
from decimal import ROUND_DOWN, ROUND_UP
from typing import NamedTuple

from streams.explain.message import ConditionNow, Explanation, LastChange, NextTierNow
from streams.languages.words import Words
from streams.languages.writing import Writing

Names = Mapping[str, Mapping[str, str]]
"""The names of tiers, by tier id and language, as the policy gives them."""


class Lost(NamedTuple):
    """The newest downgrade of a customer. missing: what the floor lacked then; None where that is no one amount."""

    tier: str
    at: str
    direction: str
    reason: str
    missing: str | None
    currency: str


class Told(NamedTuple):
    """All that is told of a customer. lost: None where no tier was lost, or the customer has it again."""

    explanation: Explanation
    names: Names
    lost: Lost | None = None
    opted_out: bool = False


def sentences(told: Told, words: Words) -> list[str]:
    """Tells why the customer has the tier, what the next one needs, what keeps this one and what will happen."""
    return list(_Teller(told, words).all())


class _Teller:
    def __init__(self, told: Told, words: Words) -> None:
        self._told, self._writing = told, Writing(words)
        self._of = told.explanation
        self._say, self._date = self._writing.say, self._writing.date
        self._standing = self._writing.standing

    def all(self) -> Iterator[str]:
        of = self._of
        if of.change is not None:
            yield self._since(of.change)
        if of.earned_tier != of.tier:
            yield self._say("earned", earned=self._tier(of.earned_tier))
        if self._told.lost is not None:
            yield self._lost(self._told.lost)
        if of.value is not None:
            yield self._say("value", value=self._money(of.value, rounding=ROUND_DOWN))
        yield from self._next(of.next_tier)
        yield from self._held()
        yield from self._ahead()
        if self._told.opted_out:
            yield self._say("opted_out")

    # --- what was ---

    def _since(self, change: LastChange) -> str:
        why = self._why(change.reason, change.direction, change.previous_tier)
        return self._say("since", tier=self._tier(self._of.tier), date=self._date(change.decided_at), why=why)

    def _lost(self, lost: Lost) -> str:
        why = self._why(lost.reason, lost.direction, lost.tier)
        fields = {"lost": self._tier(lost.tier), "date": self._date(lost.at), "why": why}
        if lost.missing is None:
            return self._say("lost", **fields)
        return self._say("lost_missing", **fields, missing=self._money(lost.missing, lost.currency))

    # --- what is missing ---

    def _next(self, above: NextTierNow | None) -> Iterator[str]:
        if above is None:
            yield self._say("highest", tier=self._tier(self._of.tier))
            return
        tier = self._tier(above.tier)
        if above.missing:
            joint = self._say("or" if above.needs == "any" else "and")
            yield self._say("next", next=tier, lacks=joint.join(map(self._lack, above.missing)))
        if above.by_itself_at is not None:
            yield self._say("by_itself", next=tier, date=self._date(above.by_itself_at))
        for way in above.deposits[:1]:
            fields = {"amount": self._money(way.amount), "date": self._date(way.held_until), "at": self._date(way.at)}
            yield self._say("way", next=tier, **fields)
        if above.missing and not above.deposits and above.by_itself_at is None:
            yield self._say("no_way", next=tier)

    def _lack(self, found: ConditionNow) -> str:
        if found.measure == "standing":
            return self._say("lack_standing", standing=self._standing(found.missing))
        missing = found.missing_at_next_rating or found.missing
        # A number of transactions, or a score, has no decimals, and no currency.
        amount = self._money(missing) if "." in missing else missing
        return self._say("lack", amount=amount, measure=self._writing.words.measures.get(found.measure, found.measure))

    # --- what keeps it, what will be ---

    def _held(self) -> Iterator[str]:
        keeps = self._of.keeps
        if keeps.pin is not None:
            pin = keeps.pin
            until = self._date(pin.until)
            yield self._say("pin", tier=self._tier(pin.tier), date=until, by=pin.by, reason=pin.reason)
        if keeps.protected_until is not None:
            yield self._say("protection", date=self._date(keeps.protected_until))
        if keeps.below_since is not None and keeps.grace_until is not None:
            yield self._say("grace", since=self._date(keeps.below_since), date=self._date(keeps.grace_until))
        if keeps.term_until is not None:
            yield self._say("term", date=self._date(keeps.term_until))
        if keeps.ratings_below and keeps.pin is None:
            yield self._say("ratings", below=str(keeps.ratings_below), needed=str(keeps.ratings_needed))
        if keeps.capped_at is not None:
            yield self._say("cap", standing=self._standing(keeps.standing), cap=self._tier(keeps.capped_at))

    def _ahead(self) -> Iterator[str]:
        ahead = self._of.outlook
        if ahead.falls is None:
            if not self._of.keeps.is_lowest:
                yield self._say("stays", date=self._date(ahead.until))
            return
        yield self._say("falls", tier=self._tier(ahead.falls.tier), date=self._date(ahead.falls.at))
        if ahead.deposit is not None:
            held = self._date(ahead.deposit.held_until)
            yield self._say("rescue", amount=self._money(ahead.deposit.amount), date=held)

    # --- words ---

    def _why(self, reason: str, direction: str, previous: str | None) -> str:
        return self._writing.why(reason, direction, self._tier(previous or ""))

    def _tier(self, tier: str) -> str:
        return self._writing.name(self._told.names.get(tier, {}), tier)

    def _money(self, amount: str, currency: str | None = None, rounding: str = ROUND_UP) -> str:
        return self._writing.money(amount, currency or self._of.currency, rounding)
