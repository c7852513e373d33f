"""Compiles the measures of a policy file.

A measure gets its number when a condition or a term first names it. One that none of them names has no number, so that
no decision works it out.
"""

import msgspec

from streams.languages.said import and_also, joined, say
from streams.policy.language.document import MeasureRule, PolicyFile
from streams.policy.language.forms import quoted, unknown
from streams.policy.language.problem import Path
from streams.policy.language.problems import Problems
from streams.policy.measures import Measure
from streams.values.events import TRANSACTION_TYPES

_BUILT_IN = {
    "assets": MeasureRule(total="assets"),
    "loans": MeasureRule(total="loans"),
}


class MeasureCompiler:
    """The compiler of the measures of one file; `measures` has those with a number, by number.

    rated_at_once: every event looks at the measures, so running sums answer those of transactions over days.
    """

    def __init__(self, file: PolicyFile, problems: Problems, *, rated_at_once: bool) -> None:
        self.measures: list[Measure] = []
        self._file = file
        self._problems = problems
        self._add = problems.add_unless_known
        self._rated_at_once = rated_at_once

    @property
    def measures_rated_at_once(self) -> list[Measure]:
        """Gives the measures that every event looks at; none where customers are rated by the calendar alone."""
        return self.measures if self._rated_at_once else []

    def number(self, path: Path, name: str) -> int:
        """Gives the number of a measure that a condition or a term names; notes problems at the path."""
        known = self._known_number(name)
        if known is not None:
            return known
        if name == "score":
            return self._add_measure(Measure(name, "score"))
        rule = self._file.measures.get(name, _BUILT_IN.get(name))
        if rule is None:
            if not self._problems.has_broken_measures():
                self._add(path, self._no_measure(name, is_term=path[0] == "value"))
            return 0
        measure = self._compiled(("measures", name), name, rule)
        if measure.types and measure.days and self._rated_at_once:
            measure = msgspec.structs.replace(measure, window=sum(m.window is not None for m in self.measures))
        return self._add_measure(measure)

    def standing_number(self) -> int:
        """Gives the number of the credit standing, which is a measure only in the words standing_at_least."""
        for number, measure in enumerate(self.measures):
            if measure.kind == "standing":
                return number
        return self._add_measure(Measure("standing", "standing"))

    def of_campaign(self, path: Path, name: str) -> Measure:
        """Gives a measure that a campaign names. It gets no number for that, so no decision on a tier works it out."""
        known = self._known_number(name)
        if known is not None:
            return self.measures[known]
        rule = self._file.measures.get(name, _BUILT_IN.get(name))
        if rule is None:
            if not self._problems.has_broken_measures():
                self._add(path, unknown(name, sorted({*self._file.measures, *_BUILT_IN}), say("measure")))
            return Measure(name, "total")
        return self._compiled(("measures", name), name, rule)

    def check_unused(self) -> None:
        """Compiles the measures that no tier names, so that their problems are found; the results are dropped."""
        used = {measure.name for measure in self.measures}
        for name, rule in self._file.measures.items():
            if name in _BUILT_IN or name in {"score", "standing", "value"}:
                self._add(
                    ("measures", name),
                    say("{name} is a measure by itself; write another name for this one", name=quoted(name)),
                )
            elif name not in used:
                self._compiled(("measures", name), name, rule)

    def _known_number(self, name: str) -> int | None:
        """Gives the number that a measure has already; not that of the standing, which no policy may name."""
        return next((n for n, m in enumerate(self.measures) if m.name == name and m.kind != "standing"), None)

    def _add_measure(self, measure: Measure) -> int:
        self.measures.append(measure)
        return len(self.measures) - 1

    def _no_measure(self, name: str, *, is_term: bool) -> str:
        if name == "standing" and is_term:
            return say('a standing is no amount; write credit = {{ poor = "-0.10" }} in [value] to count it')
        if name == "standing":
            return say('a standing is no amount; write standing_at_least = "good" instead of measure and at_least')
        if is_term and name == "value":
            return say("the value cannot be a part of itself; write a measure such as assets")
        also = () if is_term else ("value",)
        return unknown(name, sorted({*self._file.measures, *_BUILT_IN, "score", *also}), say("measure"))

    def _compiled(self, path: Path, name: str, rule: MeasureRule) -> Measure:
        given = [kind for kind in ("total", "average", "month_end", "sum", "count") if getattr(rule, kind) is not None]
        if len(given) != 1:
            says = say("it has {given}", given=joined(given, and_also)) if given else say("it does not say of what")
            self._add(
                path,
                say("{says}; a measure is one of total, average, month_end, sum, count: write one of them", says=says),
            )
            return Measure(name, "total")
        [kind] = given
        if kind in {"total", "month_end"}:
            self._check_moment(path, kind, rule)
            holding = rule.total or rule.month_end or "assets"
            return Measure(name, "total" if kind == "total" else "month_end", holding, months=int(kind == "month_end"))
        days, months = self._span(path, kind, rule)
        if kind == "average":
            return Measure(name, "average", rule.average or "assets", days=days, months=months)
        types = frozenset(rule.sum or rule.count or ())
        if not types:
            known = ", ".join(sorted(TRANSACTION_TYPES))
            self._add((*path, kind), say("the list is empty; write types of transactions: {known}", known=known))
        return Measure(name, "sum" if kind == "sum" else "count", types=types, days=days, months=months)

    def _check_moment(self, path: Path, kind: str, rule: MeasureRule) -> None:
        for word in ("days", "months"):
            if getattr(rule, word) is not None:
                self._add(
                    (*path, word),
                    say("{kind} looks at one moment; take this line out, or write average instead", kind=kind),
                )

    def _span(self, path: Path, kind: str, rule: MeasureRule) -> tuple[int, int]:
        """Gives the days, or else the whole months, that a measure looks back."""
        days, months = rule.days or 0, rule.months or 0
        if days and months:
            self._add((*path, "months"), say("days and months are both there; write one of the two"))
        elif not days and not months:
            self._add(
                path,
                say("{kind} needs a span; write days = 90 (today included) or months = 3 (whole months)", kind=kind),
            )
        return days, 0 if days else months
