"""The text of a policy file -> the policy. What cannot be used is said with its place in the file."""

import re
import tomllib
from collections.abc import Sequence
from decimal import Decimal
from hashlib import sha256
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from streams.engine.calendar import Calendar
from streams.engine.campaigns import woken_by
from streams.engine.compile_campaigns import CampaignCompiler
from streams.engine.compile_falling import compile_falling
from streams.engine.compile_risk import compile_risk, days_looked_back
from streams.engine.events import TRANSACTION_TYPES
from streams.engine.floors import floors_of, value_floors
from streams.engine.measures import standing_e16
from streams.engine.money import ONE_RATE, RATE_DECIMALS, SHARE_DECIMALS, VALUE_DECIMALS, parse_fixed
from streams.engine.occasions import CashBack, FeeAlert
from streams.engine.policy import (
    MARK_BITS,
    Condition,
    Floor,
    LookBack,
    Measure,
    Policy,
    PolicyError,
    Term,
    Tier,
)
from streams.engine.problems import Path, Problem, Problems
from streams.engine.rules import ConditionRule, FallingRule, MeasureRule, PolicyFile, Service
from streams.engine.schedule import Schedule
from streams.engine.shape import fit
from streams.engine.texts import quoted, unknown
from streams.engine.validity import day_number, strategy_days

_BUILT_IN = {
    "assets": MeasureRule(total="assets"),
    "loans": MeasureRule(total="loans"),
}
_ALWAYS = Condition()


class Reading(NamedTuple):
    """What became of a document: the policy and the file that it is of, or else the problems."""

    policy: Policy | None
    file: PolicyFile | None
    problems: tuple[Problem, ...]


def load_policy(document: str) -> Policy:
    """Compiles a policy document (the text of a TOML file); PolicyError where it cannot be used."""
    reading = read_policy(document)
    if reading.policy is None:
        raise PolicyError(reading.problems)
    return reading.policy


def read_policy(document: str) -> Reading:
    """Compiles a policy document; where it cannot be used, all problems that could be found."""
    try:
        written = tomllib.loads(document, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        return Reading(None, None, (_toml_problem(document, str(error)),))
    except (RecursionError, ArithmeticError, ValueError):  # lists in lists without end; numbers and dates beyond all
        return Reading(None, None, (Problem((), "", "this is not valid TOML: something in it is beyond all size"),))
    problems = Problems(written)
    file = fit(written, problems)
    policy = _Compiler(file, problems).policy(document)
    if problems.found:
        return Reading(None, None, tuple(problems.found))
    return Reading(policy, file, ())


def _toml_problem(document: str, said: str) -> Problem:
    message, _, place = said.partition(" (at ")
    line = re.match(r"line ([0-9]+)", place)
    last = document.rstrip().count("\n") + 1
    return Problem((), "", f"this is not valid TOML: {message}", int(line[1]) if line else last)


class _Compiler:
    """One file on its way to a policy. Measures get their numbers as conditions and terms ask for them."""

    def __init__(self, file: PolicyFile, problems: Problems) -> None:
        self.file = file
        self.problems = problems
        self.add = problems.add_unless_known
        self.measures: list[Measure] = []
        self.rises = self._schedule("rating", file.rating.when)
        self.falls = self.rises if file.falling.when is None else self._schedule("falling", file.falling.when)

    def policy(self, document: str) -> Policy:
        """The whole policy; not to be used where a problem was noted."""
        file, digest = self.file, sha256(document.encode()).hexdigest()
        terms = tuple(self._terms())
        tiers = tuple(self._tiers())
        floors = tuple(floor for tier in tiers for floor in floors_of(tier))
        rank = {tier.id: index for index, tier in enumerate(tiers)}
        history_days = file.history.transaction_days
        caps: dict[str, int] = {standing: self._rank(rank, standing, tier) for standing, tier in file.caps.items()}
        self._look_at_unused_measures()
        types = frozenset(type_ for measure in self.measures for type_ in measure.types)
        campaigns = CampaignCompiler(file, self.problems, tiers, self._measure_of_campaign).campaigns()
        months = [campaign.rule.month for campaign in campaigns if isinstance(campaign.rule, CashBack)]
        fees = [campaign.rule.measure for campaign in campaigns if isinstance(campaign.rule, FeeAlert)]
        risk = None if file.risk is None else compile_risk(file.risk, rank, self.problems)
        seen = [*self.measures, *months, *fees]
        seen_types = types.union(*(measure.types for measure in seen))
        return Policy(
            name=file.name,
            version=file.version,
            digest=f"sha256:{digest}",
            mark=int(digest[: MARK_BITS // 4], 16),
            document=document,
            currency=file.currency,
            calendar=Calendar(self._zone()),
            to_value=self._to_value(),
            measures=tuple(self.measures),
            windows=tuple(measure for measure in self.measures if measure.window is not None),
            terms=terms,
            credit_share_e4={standing: _fixed(share, SHARE_DECIMALS) for standing, share in file.value.credit.items()},
            caps=caps,
            tiers=tiers,
            floors_e16=value_floors(tiers),
            floors=floors,
            held_measures=self._held_measures(floors),
            keeps=any(tier.keep is not None for tier in tiers),
            rank=rank,
            look_back=LookBack(seen, max(history_days, days_looked_back(risk))),
            at_once=self.rises.at_once and self.falls.at_once,
            moving_days=tuple(m.days for m in self._rated_at_once() if m.kind == "average" and m.days),
            serves_earned=self._serves_earned(),
            timeless=self._is_timeless(),
            moving_months=any(m.months for m in self._rated_at_once()),
            rises=self.rises,
            falls=self.falls,
            falling=compile_falling(file.falling, self.falls, self.problems),
            next_month=file.rating.effect == "next_month",
            looked_at_types=types,
            kept_types=TRANSACTION_TYPES if history_days else seen_types,
            history_days=history_days,
            daily_totals=frozenset(
                [m.of for m in seen if m.kind in ("average", "month_end")] + ["assets"] * (days_looked_back(risk) > 0)
            ),
            strategy_days=strategy_days(file.tiers),
            campaigns=campaigns,
            woken=woken_by(campaigns),
            risk=risk,
        )

    def _held_measures(self, floors: tuple[Floor, ...]) -> tuple[int | None, ...]:
        """What is held against the floors to enter; a standing is no figure to show."""
        held = {floor.measure: None for floor in floors if floor.rule == "enter"}
        return tuple(m for m in held if m is None or self.measures[m].kind != "standing") or (None,)

    def _measure_of_campaign(self, path: Path, name: str) -> Measure:
        """A measure that a campaign looks at, and perhaps no tier: then it is not worked out at every decision."""
        known = next((measure for measure in self.measures if measure.name == name), None)
        if known is not None:
            return known
        rule = self.file.measures.get(name, _BUILT_IN.get(name))
        if rule is None:
            self.add(path, unknown(name, sorted({*self.file.measures, *_BUILT_IN}), "measure"))
            return Measure(name, "total")
        return self._made(("measures", name), name, rule)

    def _rated_at_once(self) -> list[Measure]:
        return self.measures if self.rises.at_once or self.falls.at_once else []

    def _serves_earned(self) -> bool:
        """Whether how a tier came to be held makes no difference: what the newest event earns is served at once."""
        at_once = self.rises.at_once and self.falls.at_once and self.file.rating.effect == "at_once"
        keeps = any(tier.keep is not None for tier in self.file.tiers)
        return at_once and not keeps and msgspec.structs.replace(self.file.falling, when=None) == FallingRule()

    def _is_timeless(self) -> bool:
        """Whether only events decide: rated at once, no window that moves on, no fall put off."""
        falling = self.file.falling
        waits = falling.after_days or falling.after_months or falling.protection_days or falling.term_months
        looks_back = any(measure.days or measure.months for measure in self.measures)
        at_once = self.rises.at_once and self.falls.at_once and self.file.rating.effect == "at_once"
        return at_once and not waits and not looks_back

    def _terms(self) -> list[Term]:
        rules = self.file.value.terms
        if not rules:
            self.add(("value", "terms"), 'the list is empty; write at least one term: [{ measure = "assets" }]')
        terms = []
        for number, rule in enumerate(rules):
            at_most = None if rule.at_most is None else _fixed(rule.at_most, VALUE_DECIMALS)
            measure = self._measure(("value", "terms", number, "measure"), rule.measure)
            terms.append(Term(measure, _fixed(rule.weight, SHARE_DECIMALS), at_most))
        return terms

    def _tiers(self) -> list[Tier]:
        if not self.file.tiers:
            self.add(("tiers",), 'there is no tier; write at least one [[tiers]], and below it id = "low"')
        tiers: list[Tier] = []
        for number, rule in enumerate(self.file.tiers):
            path = ("tiers", number)
            if rule.id in {tier.id for tier in tiers}:
                self.add((*path, "id"), f"another tier has the id {quoted(rule.id)} already; write another id")
            if rule.at_least is not None and rule.enter is not None:
                self.add(
                    (*path, "at_least"),
                    "this tier has at_least and enter; at_least is short for an enter: write one of the two",
                )
            self._look_at_services((*path, "strategy", "services"), rule.strategy.services)
            tiers.append(Tier(rule.id, self._enter(path, number), self._keep(path, number), rule.strategy))
        return tiers

    def _look_at_services(self, path: Path, services: Sequence[Service]) -> None:
        for number, service in enumerate(services):
            if service.id in {other.id for other in services[:number]}:
                self.add((*path, number, "id"), f"this tier has {quoted(service.id)} already; write another id")
            begins, ends = service.valid_from, service.valid_until
            if begins is not None and ends is not None and day_number(ends) < day_number(begins):
                self.add((*path, number, "valid_until"), f"{ends} is before valid_from; write a later day")

    def _enter(self, path: Path, number: int) -> Condition | None:
        rule = self.file.tiers[number]
        if number == 0:
            for word in ("at_least", "enter"):
                if getattr(rule, word) is not None:
                    self.add((*path, word), "the first tier is everybody's and asks nothing; take the line out")
            return None
        if rule.at_least is not None:
            return Condition(None, _fixed(rule.at_least, VALUE_DECIMALS))
        if rule.enter is not None:
            return self._condition((*path, "enter"), rule.enter)
        self.add(path, 'this tier says nothing of who is in it; write at_least = "500000" or a condition to enter')
        return _ALWAYS

    def _keep(self, path: Path, number: int) -> Condition | None:
        rule = self.file.tiers[number].keep
        if rule is not None and number == 0:
            self.add((*path, "keep"), "the first tier cannot be lost; take the line out")
            return None
        return None if rule is None else self._condition((*path, "keep"), rule)

    def _condition(self, path: Path, rule: ConditionRule) -> Condition:
        standing = rule.standing_at_least
        forms = [part is not None for part in (rule.measure, rule.all, rule.any, standing)]
        if rule.at_least is not None and not any(forms):
            self.add(path, "there is a floor and no measure; write measure, too, or at_least as a line of the tier")
        elif forms.count(True) != 1 or (rule.measure is None) != (rule.at_least is None):
            self.add(
                path,
                "a condition is a measure and at_least, or standing_at_least, or all = [ … ], or any = [ … ]; "
                "write one of these",
            )
        elif standing is not None:
            return Condition(self._measure(path, "standing"), standing_e16(standing))
        elif rule.measure is not None and rule.at_least is not None:
            measure = None if rule.measure == "value" else self._measure((*path, "measure"), rule.measure)
            return Condition(measure, _fixed(rule.at_least, VALUE_DECIMALS))
        else:
            word, rules = ("all", rule.all) if rule.all is not None else ("any", rule.any)
            parts = tuple(self._condition((*path, word, number), part) for number, part in enumerate(rules or []))
            if not parts:
                self.add((*path, word), "the list of conditions is empty; write at least one condition")
            return Condition(all=parts) if word == "all" else Condition(any=parts)
        return _ALWAYS

    def _measure(self, path: Path, name: str) -> int:
        for number, measure in enumerate(self.measures):
            if measure.name == name:
                return number
        if name == "score" or (name == "standing" and path[-1] != "measure"):
            self.measures.append(Measure(name, "score" if name == "score" else "standing"))
            return len(self.measures) - 1
        rule = self.file.measures.get(name, _BUILT_IN.get(name))
        if rule is None:
            if not self.problems.has_broken_measures():
                self.add(path, self._no_measure(name, is_term=path[0] == "value"))
            return 0
        measure = self._made(("measures", name), name, rule)
        if measure.types and measure.days and (self.rises.at_once or self.falls.at_once):
            measure = msgspec.structs.replace(measure, window=sum(m.window is not None for m in self.measures))
        self.measures.append(measure)
        return len(self.measures) - 1

    def _no_measure(self, name: str, *, is_term: bool) -> str:
        if name == "standing" and is_term:
            return 'a standing is no amount; write credit = { poor = "-0.10" } in [value] to count it'
        if name == "standing":
            return 'a standing is no amount; write standing_at_least = "good" instead of measure and at_least'
        if is_term and name == "value":
            return "the value cannot be a part of itself; write a measure such as assets"
        also = () if is_term else ("value",)
        return unknown(name, sorted({*self.file.measures, *_BUILT_IN, "score", *also}), "measure")

    def _look_at_unused_measures(self) -> None:
        """What no rule looks at is made all the same, so that its problems are told; nothing is kept for it."""
        used = {measure.name for measure in self.measures}
        for name, rule in self.file.measures.items():
            if name in _BUILT_IN or name in {"score", "standing", "value"}:
                self.add(("measures", name), f"{quoted(name)} is a measure by itself; write another name for this one")
            elif name not in used:
                self._made(("measures", name), name, rule)

    def _made(self, path: Path, name: str, rule: MeasureRule) -> Measure:
        given = [kind for kind in ("total", "average", "month_end", "sum", "count") if getattr(rule, kind) is not None]
        if len(given) != 1:
            says = f"it has {' and '.join(given)}" if given else "it does not say of what"
            self.add(path, f"{says}; a measure is one of total, average, month_end, sum, count: write one of them")
            return Measure(name, "total")
        kind, days, months = given[0], rule.days or 0, rule.months or 0
        if kind in {"total", "month_end"}:
            for word in ("days", "months"):
                if getattr(rule, word) is not None:
                    self.add((*path, word), f"{kind} looks at one moment; take this line out, or write average instead")
            holding = rule.total or rule.month_end or "assets"
            return Measure(name, "total" if kind == "total" else "month_end", holding, months=int(kind == "month_end"))
        if days and months:
            self.add((*path, "months"), "days and months are both there; write one of the two")
        elif not days and not months:
            self.add(path, f"{kind} needs a span; write days = 90 (today included) or months = 3 (whole months)")
        if kind == "average":
            return Measure(name, "average", rule.average or "assets", days=days, months=0 if days else months)
        types = frozenset(rule.sum or rule.count or ())
        if not types:
            self.add(
                (*path, kind), f"the list is empty; write types of transactions: {', '.join(sorted(TRANSACTION_TYPES))}"
            )
        return Measure(name, "sum" if kind == "sum" else "count", types=types, days=days, months=0 if days else months)

    def _schedule(self, table: str, when: str | list[str]) -> Schedule:
        if when in ("at_once", "daily", "month_end"):
            return Schedule(when)  # type: ignore[arg-type]
        if not when:
            self.add((table, "when"), 'the list of dates is empty; write days of the year: ["06-30", "12-31"]')
        dates = [
            (int(month), int(day)) for month, _, day in (text.partition("-") for text in when) if _is_day(month, day)
        ]
        return Schedule("dates", tuple(sorted(set(dates))))

    def _zone(self) -> ZoneInfo:
        try:
            return ZoneInfo(self.file.time_zone)
        except (KeyError, ValueError, OSError):  # told already: texts.py
            return ZoneInfo("UTC")

    def _to_value(self) -> dict[str, int]:
        rates = {currency: _fixed(rate, RATE_DECIMALS) for currency, rate in self.file.rates.items()}
        if self.file.currency in rates:
            self.add(("rates", self.file.currency), "the policy's own currency has no rate; take the line out")
        rates[self.file.currency] = ONE_RATE
        return {currency: rate_e8 * 10**SHARE_DECIMALS for currency, rate_e8 in rates.items()}

    def _rank(self, rank: dict[str, int], standing: str, tier: str) -> int:
        if tier not in rank and not self.problems.has_broken_tiers():
            self.add(("caps", standing), unknown(tier, list(rank), "tier"))
        return rank.get(tier, 0)


def _is_day(month: str, day: str) -> bool:
    return month.isascii() and day.isascii() and month.isdecimal() and day.isdecimal()


def _fixed(text: str, decimals: int) -> int:
    """The number in a text that texts.py has looked at; 0 for one that was told to be wrong."""
    try:
        return parse_fixed(text, decimals)
    except ValueError:
        return 0
