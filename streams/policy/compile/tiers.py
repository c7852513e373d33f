"""Compiles the tiers of a policy file: who is in them, who stays, and what they are for."""

from collections.abc import Sequence

from streams.languages.said import say
from streams.policy.compile.measures import MeasureCompiler
from streams.policy.compile.numbers import read_fixed
from streams.policy.compile.services import compile_strategy, read_day
from streams.policy.language.document import ConditionRule, ServiceRule, TierRule
from streams.policy.language.forms import quoted
from streams.policy.language.problem import Path
from streams.policy.language.problems import Problems
from streams.policy.measures import Condition
from streams.policy.policy import Tier
from streams.values.money import VALUE_DECIMALS
from streams.values.standings import standing_e16

_STAND_IN = Condition()


class TierCompiler:
    """The compiler of the tiers of one file."""

    def __init__(self, rules: Sequence[TierRule], problems: Problems, measures: MeasureCompiler) -> None:
        self._rules = rules
        self._add = problems.add_unless_known
        self._measures = measures

    def tiers(self) -> tuple[Tier, ...]:
        """Compiles all tiers, from the lowest up. Where a problem was noted, they must not be used."""
        if not self._rules:
            self._add(("tiers",), say('there is no tier; write at least one [[tiers]], and below it id = "low"'))
        tiers: list[Tier] = []
        ids: set[str] = set()
        for number, rule in enumerate(self._rules):
            path = ("tiers", number)
            if rule.id in ids:
                self._add(
                    (*path, "id"), say("another tier has the id {id} already; write another id", id=quoted(rule.id))
                )
            ids.add(rule.id)
            if rule.at_least is not None and rule.enter is not None:
                says = say("this tier has at_least and enter; at_least is short for an enter: write one of the two")
                self._add((*path, "at_least"), says)
            self._check_services((*path, "strategy", "services"), rule.strategy.services)
            enter, keep = self._enter(path, number), self._keep(path, number)
            tiers.append(Tier(rule.id, enter, keep, compile_strategy(rule.strategy)))
        return tuple(tiers)

    def _check_services(self, path: Path, services: Sequence[ServiceRule]) -> None:
        for number, service in enumerate(services):
            if service.id in {other.id for other in services[:number]}:
                self._add(
                    (*path, number, "id"), say("this tier has {id} already; write another id", id=quoted(service.id))
                )
            begins, ends = service.valid_from, service.valid_until
            if begins is not None and ends is not None and read_day(ends) < read_day(begins):
                self._add(
                    (*path, number, "valid_until"), say("{ends} is before valid_from; write a later day", ends=ends)
                )

    def _enter(self, path: Path, number: int) -> Condition | None:
        rule = self._rules[number]
        if number == 0:
            for word in ("at_least", "enter"):
                if getattr(rule, word) is not None:
                    self._add((*path, word), say("the first tier is everybody's and asks nothing; take the line out"))
            return None
        if rule.at_least is not None:
            return Condition(None, read_fixed(rule.at_least, VALUE_DECIMALS))
        if rule.enter is not None:
            return self._condition((*path, "enter"), rule.enter)
        self._add(
            path, say('this tier says nothing of who is in it; write at_least = "500000" or a condition to enter')
        )
        return _STAND_IN

    def _keep(self, path: Path, number: int) -> Condition | None:
        rule = self._rules[number].keep
        if rule is not None and number == 0:
            self._add((*path, "keep"), say("the first tier cannot be lost; take the line out"))
            return None
        return None if rule is None else self._condition((*path, "keep"), rule)

    def _condition(self, path: Path, rule: ConditionRule) -> Condition:
        standing = rule.standing_at_least
        forms = [part is not None for part in (rule.measure, rule.all, rule.any, standing)]
        if rule.at_least is not None and not any(forms):
            self._add(
                path, say("there is a floor and no measure; write measure, too, or at_least as a line of the tier")
            )
        elif forms.count(True) != 1 or (rule.measure is None) != (rule.at_least is None):
            self._add(
                path,
                say(
                    "a condition is a measure and at_least, or standing_at_least, or all = [ … ], or any = [ … ]; "
                    "write one of these"
                ),
            )
        elif standing is not None:
            return Condition(self._measures.standing_number(), standing_e16(standing))
        elif rule.measure is not None and rule.at_least is not None:
            is_value = rule.measure == "value"
            measure = None if is_value else self._measures.number((*path, "measure"), rule.measure)
            return Condition(measure, read_fixed(rule.at_least, VALUE_DECIMALS))
        else:
            return self._several(path, rule)
        return _STAND_IN

    def _several(self, path: Path, rule: ConditionRule) -> Condition:
        word, rules = ("all", rule.all) if rule.all is not None else ("any", rule.any)
        parts = tuple(self._condition((*path, word, number), part) for number, part in enumerate(rules or []))
        if not parts:
            self._add((*path, word), say("the list of conditions is empty; write at least one condition"))
        return Condition(all=parts) if word == "all" else Condition(any=parts)
