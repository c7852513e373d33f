"""The text of a policy file -> the policy. What cannot be used is said with its place in the file."""

import tomllib
from collections.abc import Mapping
from hashlib import sha256
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from streams.engine.calendar import Calendar
from streams.engine.events import TRANSACTION_TYPES
from streams.engine.money import ONE_RATE, RATE_DECIMALS, SHARE_DECIMALS, VALUE_DECIMALS, parse_fixed
from streams.engine.policy import MARK_BITS, Condition, Falling, LookBack, Measure, Policy, PolicyError, Term, Tier
from streams.engine.rules import ConditionRule, FallingRule, MeasureRule, PolicyFile
from streams.engine.schedule import Schedule

DAYS_LIMIT = 3_660
MONTHS_LIMIT = 120
_BUILT_IN = {
    "assets": MeasureRule(total="assets"),
    "loans": MeasureRule(total="loans"),
}
_LONGEST_MONTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def load_policy(document: str) -> Policy:
    """Compiles a policy document (the text of a TOML file); PolicyError where it cannot be used."""
    try:
        file = msgspec.convert(tomllib.loads(document), PolicyFile)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"the policy is not valid TOML: {error}") from error
    except msgspec.ValidationError as error:
        raise PolicyError(f"the policy does not fit its form: {error}") from error
    return _Compiler(file).policy(document)


class _Compiler:
    """One file on its way to a policy. Measures get their numbers as conditions and terms ask for them."""

    def __init__(self, file: PolicyFile) -> None:
        self.file = file
        self.measures: list[Measure] = []
        self.rises = _schedule("rating.when", file.rating.when)
        self.falls = self.rises if file.falling.when is None else _schedule("falling.when", file.falling.when)

    def policy(self, document: str) -> Policy:
        """The whole policy."""
        file, digest = self.file, sha256(document.encode()).hexdigest()
        terms = tuple(self._terms())
        tiers = tuple(self._tiers())
        rank = {tier.id: index for index, tier in enumerate(tiers)}
        history_days = _within("history.transaction_days", file.history.transaction_days, 0, DAYS_LIMIT)
        types = frozenset(type_ for measure in self.measures for type_ in measure.types)
        return Policy(
            name=file.name,
            version=file.version,
            digest=f"sha256:{digest}",
            mark=int(digest[: MARK_BITS // 4], 16),
            document=document,
            currency=file.currency,
            calendar=Calendar(_zone(file)),
            to_value=_to_value(file),
            measures=tuple(self.measures),
            windows=tuple(measure for measure in self.measures if measure.window is not None),
            terms=terms,
            credit_share_e4={
                standing: figure(f"value.credit.{standing}", share, SHARE_DECIMALS)
                for standing, share in file.value.credit.items()
            },
            caps={standing: _rank(rank, f"caps.{standing}", tier) for standing, tier in file.caps.items()},
            tiers=tiers,
            floors_e16=_floors(tiers),
            keeps=any(tier.keep is not None for tier in tiers),
            rank=rank,
            look_back=LookBack(self.measures, history_days),
            at_once=self.rises.at_once and self.falls.at_once,
            moving_days=tuple(m.days for m in self._rated_at_once() if m.kind == "average" and m.days),
            moving_months=any(m.months for m in self._rated_at_once()),
            rises=self.rises,
            falls=self.falls,
            falling=_falling(file.falling),
            next_month=file.rating.effect == "next_month",
            kept_types=TRANSACTION_TYPES if history_days else types,
            history_days=history_days,
            daily_totals=frozenset(m.of for m in self.measures if m.kind in ("average", "month_end")),
        )

    def _rated_at_once(self) -> list[Measure]:
        return self.measures if self.rises.at_once or self.falls.at_once else []

    def _terms(self) -> list[Term]:
        terms = []
        for number, rule in enumerate(self.file.value.terms):
            where = f"value.terms[{number}]"
            at_most = None if rule.at_most is None else figure(f"{where}.at_most", rule.at_most, VALUE_DECIMALS)
            weight_e4 = figure(f"{where}.weight", rule.weight, SHARE_DECIMALS)
            terms.append(Term(self._measure(f"{where}.measure", rule.measure), weight_e4, at_most))
        return terms

    def _tiers(self) -> list[Tier]:
        if not self.file.tiers:
            raise PolicyError("tiers: there is none; write at least one [[tiers]]")
        tiers: list[Tier] = []
        for number, rule in enumerate(self.file.tiers):
            where = f"tiers[{number}] ({rule.id})"
            if rule.id in {tier.id for tier in tiers}:
                raise PolicyError(f"{where}: the id is there twice")
            if rule.at_least is not None and rule.enter is not None:
                raise PolicyError(f"{where}: at_least is short for a condition to enter; write one of the two")
            enter = ConditionRule(measure="value", at_least=rule.at_least) if rule.at_least else rule.enter
            if (number == 0) != (enter is None):
                raise PolicyError(f"{where}: the first tier is everybody's, every other one has at_least or enter")
            if number == 0 and rule.keep is not None:
                raise PolicyError(f"{where}.keep: the first tier cannot be lost; take the line out")
            tiers.append(
                Tier(
                    rule.id,
                    None if enter is None else self._condition(f"{where}.enter", enter),
                    None if rule.keep is None else self._condition(f"{where}.keep", rule.keep),
                    rule.strategy,
                )
            )
        return tiers

    def _condition(self, where: str, rule: ConditionRule) -> Condition:
        forms = [rule.measure is not None, rule.all is not None, rule.any is not None]
        if forms.count(True) != 1 or (rule.measure is None) != (rule.at_least is None):
            raise PolicyError(f"{where}: write measure and at_least, or all = [...], or any = [...]")
        if rule.measure is not None and rule.at_least is not None:
            floor = figure(f"{where}.at_least", rule.at_least, VALUE_DECIMALS)
            return Condition(
                None if rule.measure == "value" else self._measure(f"{where}.measure", rule.measure), floor
            )
        rules = rule.all or rule.any or []
        parts = tuple(self._condition(f"{where}[{number}]", part) for number, part in enumerate(rules))
        if not parts:
            raise PolicyError(f"{where}: the list of conditions is empty")
        return Condition(all=parts) if rule.all is not None else Condition(any=parts)

    def _measure(self, where: str, name: str) -> int:
        for number, measure in enumerate(self.measures):
            if measure.name == name:
                return number
        if name == "score":
            self.measures.append(Measure(name, "score"))
            return len(self.measures) - 1
        rule = self.file.measures.get(name, _BUILT_IN.get(name))
        if rule is None:
            known = sorted({*self.file.measures, *_BUILT_IN, "score"})
            raise PolicyError(f"{where}: there is no measure {name!r}; there are {', '.join(known)}")
        measure = _measure(f"measures.{name}", name, rule)
        if measure.types and measure.days and (self.rises.at_once or self.falls.at_once):
            measure = msgspec.structs.replace(measure, window=sum(m.window is not None for m in self.measures))
        self.measures.append(measure)
        return len(self.measures) - 1


def _measure(where: str, name: str, rule: MeasureRule) -> Measure:
    given = [kind for kind in ("total", "average", "month_end", "sum", "count") if getattr(rule, kind) is not None]
    if len(given) != 1:
        raise PolicyError(f"{where}: write one of total, average, month_end, sum, count")
    days = 0 if rule.days is None else _within(f"{where}.days", rule.days, 1, DAYS_LIMIT)
    months = 0 if rule.months is None else _within(f"{where}.months", rule.months, 1, MONTHS_LIMIT)
    spans = (days > 0) + (months > 0)
    match given[0]:
        case "total" | "month_end" as kind:
            if spans:
                raise PolicyError(f"{where}: {kind} looks at one moment; take days and months out")
            holding = rule.total or rule.month_end or "assets"
            return Measure(name, kind, of=holding, months=1 if kind == "month_end" else 0)
        case _ if spans != 1:
            raise PolicyError(f"{where}: write days = N (today included) or months = N (whole months)")
        case "average":
            return Measure(name, "average", of=rule.average or "assets", days=days, months=months)
        case kind:
            types = frozenset(rule.sum or rule.count or ())
            unknown = sorted(types - TRANSACTION_TYPES)
            if unknown or not types:
                raise PolicyError(f"{where}.{kind}: {unknown} not among {sorted(TRANSACTION_TYPES)}")
            return Measure(name, "sum" if kind == "sum" else "count", types=types, days=days, months=months)


def _floors(tiers: tuple[Tier, ...]) -> tuple[int, ...] | None:
    """The value's floors where each tier has one, and no other condition: then the tier is found by bisection."""
    floors: list[int] = []
    for tier in tiers[1:]:
        if tier.enter is None or tier.enter.all or tier.enter.any or tier.enter.measure is not None:
            return None
        if floors and tier.enter.at_least_e16 <= floors[-1]:
            raise PolicyError(f"tiers ({tier.id}).at_least: floors rise from tier to tier; this one does not")
        floors.append(tier.enter.at_least_e16)
    return tuple(floors)


def _schedule(where: str, when: str | list[str]) -> Schedule:
    if when in ("at_once", "daily", "month_end"):
        return Schedule(when)  # type: ignore[arg-type]
    dates = []
    for text in when:
        month, _, day = text.partition("-")
        fits = month.isdecimal() and day.isdecimal() and 1 <= int(month) <= len(_LONGEST_MONTHS)
        if not fits or not 1 <= int(day) <= _LONGEST_MONTHS[int(month) - 1]:
            raise PolicyError(f"{where}: {text!r} is no day of the year such as 06-30")
        dates.append((int(month), int(day)))
    if not dates:
        raise PolicyError(f"{where}: the list of dates is empty")
    return Schedule("dates", tuple(sorted(set(dates))))


def _falling(rule: FallingRule) -> Falling:
    _within("falling.after_days", rule.after_days, 0, DAYS_LIMIT)
    _within("falling.protection_days", rule.protection_days, 0, DAYS_LIMIT)
    for name in ("after_months", "term_months", "grace_months"):
        _within(f"falling.{name}", getattr(rule, name), 0, MONTHS_LIMIT)
    ways = [bool(rule.after_days), bool(rule.after_months), bool(rule.term_months), rule.to == "higher_of_last_two"]
    if sum(ways) > 1:
        raise PolicyError("falling: write one of after_days, after_months, term_months, to = 'higher_of_last_two'")
    if rule.grace_months and not rule.term_months:
        raise PolicyError("falling.grace_months: it follows a term; write term_months too, or after_months instead")
    return Falling(
        rule.after_days, rule.after_months, rule.protection_days, rule.term_months, rule.grace_months, rule.to
    )


def _zone(file: PolicyFile) -> ZoneInfo:
    try:
        return ZoneInfo(file.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise PolicyError(f"time_zone: {file.time_zone!r} is no IANA time zone such as Asia/Taipei") from error


def _to_value(file: PolicyFile) -> dict[str, int]:
    rates = {currency: figure(f"rates.{currency}", rate, RATE_DECIMALS) for currency, rate in file.rates.items()}
    if file.currency in rates:
        raise PolicyError(f"rates.{file.currency}: the policy's own currency has no rate; take the line out")
    for currency, rate in rates.items():
        if rate <= 0:
            raise PolicyError(f"rates.{currency}: a rate is above 0")
    rates[file.currency] = ONE_RATE
    return {currency: rate_e8 * 10**SHARE_DECIMALS for currency, rate_e8 in rates.items()}


def _rank(rank: Mapping[str, int], where: str, tier: str) -> int:
    if tier not in rank:
        raise PolicyError(f"{where}: {tier!r} is no tier of this policy; they are {', '.join(rank)}")
    return rank[tier]


def figure(where: str, text: str, decimals: int) -> int:
    """The number in text as an integer of 10**-decimals; PolicyError where it is none."""
    try:
        return parse_fixed(text, decimals)
    except ValueError as error:
        raise PolicyError(f"{where}: {error}") from error


def _within(where: str, number: int, least: int, most: int) -> int:
    if not least <= number <= most:
        raise PolicyError(f"{where}: {number} is not between {least} and {most}")
    return number
