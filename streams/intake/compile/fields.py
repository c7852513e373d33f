"""A field of a mapping to what reads it."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, cast

from streams.intake.fields.found import compile_find
from streams.intake.fields.money import compile_money
from streams.intake.fields.owners import check_roles, compile_owners
from streams.intake.fields.times import compile_time
from streams.intake.fields.words import check_constant, compile_word
from streams.intake.inputs import InputField
from streams.intake.language.rules import FieldRule, MoneyRule, SignRule, SourceWords, TimeRule, WordRule
from streams.intake.paths import Find, Lookup, compile_condition, compile_path
from streams.intake.refused import RefusedError
from streams.intake.table import Convert, FieldReader, Way
from streams.intake.texts import text_of
from streams.intake.time_forms import compile_form
from streams.policy.language.forms import quoted
from streams.policy.language.problem import Path
from streams.policy.language.problems import Problems

_RULES: dict[str, type[FieldRule]] = {"money": MoneyRule, "time": TimeRule}
_EXAMPLES = {"money": "amount", "time": "booked_at"}


class Roots:
    """The names that the paths of a source begin with, gathered as they are compiled."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def of(self, lookup: Lookup) -> Find:
        """Notes the names of a path; gives what finds its value."""
        self.names |= lookup.roots
        return lookup.find


class SourceContext(NamedTuple):
    """What all fields of a source are compiled with: its words, the problems so far, the names that its paths use."""

    words: SourceWords
    problems: Problems
    roots: Roots

    def condition(self, text: str | None, at: Path) -> Find | None:
        """Compiles a condition; None where there is none, or one that is no condition, which is noted already."""
        return None if text is None or self.problems.has_inside(at) else self.roots.of(compile_condition(text))


def compile_field(field: InputField, written: Any, place: Path, context: SourceContext) -> FieldReader:
    """Compiles a field. written: a path, a table, or a list of these."""
    ways: list[Way] = []
    problems = context.problems
    if problems.has_inside(place):  # what is wrong with its words is noted already
        return FieldReader(field.name, field.is_required, ())
    several = written if isinstance(written, list) else [written]
    for number, one in enumerate(several):
        at = (*place, number) if isinstance(written, list) else place
        rule = _RULES.get(field.kind, WordRule)(path=one) if isinstance(one, str) else one
        if rule.when is None and number + 1 < len(several):
            problems.add(at, "it has no `when`, so that what stands behind it never counts; write one, or put it last")
        if _says_one_thing(rule, field, at, problems):
            ways.append(_way(rule, field, at, context))
    return FieldReader(field.name, field.is_required, tuple(ways))


def _says_one_thing(rule: FieldRule, field: InputField, at: Path, problems: Problems) -> bool:
    said = [word for word in ("path", "template", "constant") if getattr(rule, word) is not None]
    if len(said) == 1:
        return True
    if said:
        problems.add_unless_known((*at, said[1]), f"{' and '.join(said)} are both there; keep one of them")
    else:
        example = _EXAMPLES.get(field.kind, field.name)
        problems.add_unless_known(at, f'it does not say what is read; write path = "{example}", constant or template')
    return False


def _way(rule: FieldRule, field: InputField, at: Path, context: SourceContext) -> Way:
    lookup = compile_find(rule)
    when = None if rule.when is None else context.roots.of(compile_condition(rule.when))
    convert = _COMPILERS.get(field.kind, _word)(rule, field, at, context)
    for word, text in (("constant", rule.constant), ("missing", rule.missing)):
        if text is not None and field.kind in _COMPILERS:
            _try(convert, text, (*at, word), context.problems)
    return Way(when, context.roots.of(lookup), convert, lookup.text)


def _try(convert: Convert, text: str, at: Path, problems: Problems) -> None:
    """Reads what the mapping itself has for an amount or a time as it would be read for each record."""
    try:
        convert(text, {}, {"currency": "TWD"})
    except (RefusedError, ArithmeticError) as error:
        if "its sign is" not in str(error):
            problems.add_unless_known(at, str(error))


def _word(rule: FieldRule, field: InputField, at: Path, context: SourceContext) -> Convert:
    written = cast("WordRule", rule)
    for name, text in (("constant", rule.constant), ("missing", rule.missing), ("otherwise", written.otherwise)):
        if text is not None and text not in written.codes:
            _check(text, field, (*at, name), context.problems)
    for code, word in written.codes.items():
        _check(word, field, (*at, "codes", code), context.problems)
    read = compile_word(written, context.words, field.name, field.kind)
    return lambda found, _view, _so_far: read(found)


def _check(text: str, field: InputField, at: Path, problems: Problems) -> None:
    if text == "?":
        problems.add_unless_known(at, f"this could not be guessed; write tierflow's word for the {field.name}")
        return
    fault = check_constant(text, field.name, field.kind)
    if fault is not None:
        problems.add_unless_known(at, fault.replace("; write codes, from the source's words to: ", "; there are "))


def _money(rule: FieldRule, field: InputField, at: Path, context: SourceContext) -> Convert:
    written = cast("MoneyRule", rule)
    if field.is_from_zero and isinstance(written.sign, SignRule):
        said = f"{field.name} is never below 0, the type says the direction"
        context.problems.add((*at, "sign"), f"{said}; write type by codes of {quoted(written.sign.path)}")
    if written.bytes and not written.scale:
        context.problems.add(
            (*at, "bytes"), "a number in bytes has a scale: how many of its digits are decimals; write scale = 2"
        )
    read = compile_money(written, context.words, is_from_zero=field.is_from_zero)
    sign = _sign(written, context.roots)
    return lambda found, view, so_far: read(found, sign(view), so_far.get("currency", ""))


def _sign(rule: MoneyRule, roots: Roots) -> Find:
    if not isinstance(rule.sign, SignRule):
        return lambda _: None
    find = roots.of(compile_path(rule.sign.path))

    def find_word(view: Any) -> Any:
        found = find(view)
        return None if found is None else text_of(found).strip()

    return find_word


def _time(rule: FieldRule, _field: InputField, at: Path, context: SourceContext) -> Convert:
    written, problems = cast("TimeRule", rule), context.problems
    if written.unit and written.form:
        problems.add((*at, "unit"), "unit and form are both there; a number has a unit, and a text has a form")
    if written.calendar != "common":
        if written.form is None:
            problems.add((*at, "calendar"), 'a calendar needs a form that says where the year stands: form = "%Y%m%d"')
        else:
            _try_form(written, (*at, "form"), problems)
    read = compile_time(written, context.words)
    return lambda found, _view, _so_far: read(found)


def _try_form(rule: TimeRule, at: Path, problems: Problems) -> None:
    try:
        compile_form(rule.form or "", rule.calendar)
    except ValueError as error:
        problems.add_unless_known(at, str(error))


def _owners(rule: FieldRule, _field: InputField, at: Path, context: SourceContext) -> Convert:
    written = cast("WordRule", rule)
    fault = check_roles(written)
    if fault is not None:
        context.problems.add_unless_known((*at, "codes"), fault)
    read = compile_owners(written, context.words)
    return lambda found, _view, _so_far: read(found)


_Compiler = Callable[[FieldRule, InputField, Path, SourceContext], Convert]
_COMPILERS: dict[str, _Compiler] = {"money": _money, "time": _time, "owners": _owners}


def read_first(readers: Sequence[FieldReader], names: Sequence[str]) -> tuple[FieldReader, ...]:
    """Puts the readers of these fields in front: others look at what they read."""
    return tuple(sorted(readers, key=lambda reader: reader.name not in names))
