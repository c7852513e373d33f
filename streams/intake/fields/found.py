"""Finding the value of a field in a row: by a path, a template or a constant."""

from typing import Any

from streams.intake.language.rules import FieldRule
from streams.intake.paths import Find, Lookup, compile_path
from streams.intake.refused import MissingError
from streams.intake.templates import compile_template


def compile_find(rule: FieldRule) -> Lookup:
    """Compiles what finds the value in a row; None where there is nothing, and the rule says nothing for that case."""
    if rule.constant is not None:
        constant = rule.constant
        return Lookup(f'constant "{constant}"', lambda _: constant, frozenset())
    lookup = compile_path(rule.path or "") if rule.template is None else compile_template(rule.template)
    return lookup if rule.missing is None else lookup._replace(find=_find_or(lookup.find, rule.missing))


def _find_or(find: Find, missing: str) -> Find:
    def find_or(view: Any) -> Any:
        try:
            found = find(view)
        except MissingError:
            return missing
        return missing if found is None or found == "" else found

    return find_or
