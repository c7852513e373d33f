"""The whole of `config/sources.toml`: its sources, each with a table for every input that its records become."""

from types import GenericAlias
from typing import Any

import msgspec

from streams.intake.inputs import INPUTS, InputField
from streams.intake.language.rules import ConditionText, MoneyField, RegistryRule, SourceWords, TimeField, WordField
from streams.policy.language.words import Word

_FORMS = {"money": MoneyField, "time": TimeField}


def _input_rule(name: str, fields: tuple[InputField, ...]) -> Any:
    """Makes the struct of an input's table: its condition, and its fields, none of which has to be there."""
    words: list[tuple[str, Any, Any]] = [("when", ConditionText | None, None)]
    words += [(field.name, _FORMS.get(field.kind, WordField) | None, None) for field in fields]
    made = msgspec.defstruct(f"{name.title()}Rule", words, frozen=True, forbid_unknown_fields=True, kw_only=True)
    return made | GenericAlias(list, (made,)) | None


SourceTable: Any = msgspec.defstruct(
    "SourceTable",
    [(name, _input_rule(name, fields), None) for name, fields in INPUTS.items()],
    bases=(SourceWords,),
    frozen=True,
    forbid_unknown_fields=True,
    kw_only=True,
)
"""A source: its words, and its inputs by name, each one table or a list of them."""


class SourcesFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole file."""

    sources: dict[Word, SourceTable] = {}
    registry: RegistryRule | None = None
