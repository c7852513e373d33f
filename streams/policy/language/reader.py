"""The reader of policy files: holds a TOML document against the structs of document.py and notes what does not fit.

Files of other kinds are read by it, too: what is asked is in their vocabulary.

What does not fit is mended where the meaning can be guessed, and else replaced by a stand-in, so that the rest of the
file is looked at as well.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec
from msgspec.inspect import (
    BoolType,
    DictType,
    Field,
    IntType,
    ListType,
    LiteralType,
    Metadata,
    NoneType,
    StrType,
    StructType,
    Type,
    UnionType,
)

from streams.languages.said import joined, or_else, say
from streams.policy.language.document import PolicyFile
from streams.policy.language.form import Form, Vocabulary
from streams.policy.language.forms import FORMS, closest, quoted, unknown
from streams.policy.language.kinds import info, is_of, options_of, stand_in_for, tables_of
from streams.policy.language.problem import Path
from streams.policy.language.problems import Problems
from streams.policy.language.wording import Wanted, digits, place_told, table_told, value_told

_POLICY = Vocabulary(PolicyFile, FORMS, say("a policy"))
_CODE = re.compile(r"[A-Z]{3}")


def read_as_policy_file(document: Mapping[str, Any], problems: Problems) -> PolicyFile:
    """Reads a TOML document as a policy file.

    What does not fit is noted in `problems`, and has a stand-in in the result: then no policy may be made of it.
    """
    return msgspec.convert(read_document(document, problems, _POLICY), PolicyFile)


def read_document(document: Mapping[str, Any], problems: Problems, vocabulary: Vocabulary) -> Any:
    """Reads a TOML document by a vocabulary; gives what msgspec converts to the struct of its file.

    What does not fit is noted in `problems`, and has a stand-in in the result.
    """
    return _Reader(problems, vocabulary).read((), document, info(vocabulary.file))


class _Reader:
    def __init__(self, problems: Problems, vocabulary: Vocabulary) -> None:
        self._add = problems.add
        self._forms = vocabulary.forms
        self._vocabulary = vocabulary
        self._wanted = Wanted(vocabulary.forms)

    def read(self, path: Path, value: Any, kind: Type) -> Any:  # noqa: PLR0911 - one for each kind
        """Gives the value as its type wants it, or a stand-in."""
        match kind:
            case Metadata(type=StrType(), extra=extra):
                return self._text(path, value, self._forms[(extra or {})["form"]])
            case StrType():
                return self._text(path, value, self._forms["text"])
            case IntType():
                return self._whole(path, value, kind)
            case BoolType():
                return self._yes_or_no(path, value)
            case LiteralType() | UnionType():
                return self._choice(path, value, kind)
            case ListType():
                return self._list(path, value, kind)
            case DictType():
                return self._names(path, value, kind)
            case StructType():
                return self._table(path, value, kind)
            case _:
                raise AssertionError(f"{kind} is in document.py, and not read here")

    def _text(self, path: Path, value: Any, form: Form) -> str:
        if isinstance(value, str):
            fault = form.fault(value)
            if fault:
                self._add(path, fault, is_mild=_is_mild(form, value))
            return value
        if isinstance(value, int | Decimal) and not isinstance(value, bool):
            text = digits(value)
            fault = form.fault(text)
            more = say("besides, {fault}", fault=fault) if fault else quoted(text)
            form_of = say("{text} is a number; write it in quotes; {more}", text=text, more=more)
            right = say("{text} is a number; write it in quotes: {more}", text=text, more=more)
            self._add(path, form_of if fault else right)
            return text
        if isinstance(value, date) and not isinstance(value, datetime) and form is self._forms.get("date"):
            return value.isoformat()
        if isinstance(value, date) and form is self._forms.get("year_day"):
            self._add(
                path,
                say(
                    '{value} is one date; write the day of every year in quotes: "{day}"',
                    value=str(value),
                    day=f"{value:%m-%d}",
                ),
            )
            return f"{value:%m-%d}"
        self._add(
            path,
            say(
                "{value}; write a text in quotes, such as {example}",
                value=value_told(value),
                example=quoted(form.example),
            ),
        )
        return form.example

    def _whole(self, path: Path, value: Any, kind: IntType) -> int:
        least, most = int(kind.ge or 0), int(kind.le or 0)
        if isinstance(value, str) and value.isascii() and value.isdecimal():
            self._add(
                path,
                say(
                    "{value} is in quotes; write the number without them: {number}",
                    value=quoted(value),
                    number=int(value[:20]),
                ),
            )
            value = int(value[:20])
        elif isinstance(value, bool) or not isinstance(value, int):
            self._add(
                path,
                say(
                    "{value}; write {allowed}, without quotes",
                    value=value_told(value),
                    allowed=self._wanted.allowed(kind),
                ),
            )
            return least
        elif not least <= value <= most:
            self._add(
                path,
                say("{value} is not allowed; write {allowed}", value=digits(value), allowed=self._wanted.allowed(kind)),
            )
        return min(max(int(value), least), most)

    def _yes_or_no(self, path: Path, value: Any) -> bool:
        if isinstance(value, bool):
            return value
        if str(value).lower() in {"true", "false"}:
            write = say("write true or false without quotes: {value}", value=value.lower())
        else:
            write = say("write true or false without quotes, one of these")
        self._add(path, say("{value}; {write}", value=value_told(value), write=write))
        return False

    def _choice(self, path: Path, value: Any, kind: LiteralType | UnionType) -> Any:
        options = [option for option in options_of(kind) if not isinstance(option, NoneType)]
        words = [word for option in options if isinstance(option, LiteralType) for word in option.values]
        if isinstance(value, str) and words:
            if value in words:
                return value
            close = closest(value, [str(word) for word in words])
            allowed = joined(map(self._wanted.allowed, options), or_else)
            hint = say("write {allowed}", allowed=allowed)
            if close:
                hint = say("did you mean {close}? Allowed: {allowed}", close=quoted(close), allowed=allowed)
            self._add(path, say("{value} is not known here; {hint}", value=quoted(value), hint=hint))
            return close or words[0]
        others = [option for option in options if not isinstance(option, LiteralType)]
        fitting = next((option for option in others if is_of(value, option)), None)
        if fitting is None and words:
            self._add_wanted(path, value, *options)
            return words[0]
        return self.read(path, value, fitting or others[0])

    def _list(self, path: Path, value: Any, kind: ListType) -> list[Any]:
        if isinstance(value, list):
            return [self.read((*path, number), item, kind.item_type) for number, item in enumerate(value)]
        word = ".".join(map(str, path))
        if isinstance(kind.item_type, StructType) and isinstance(value, dict):
            self._add(
                path,
                say(
                    "this is one table, and a list of tables is wanted; write [[{word}]], in two brackets, above each",
                    word=word,
                ),
            )
            fits = not value.keys().isdisjoint(field.name for field in kind.item_type.fields)
            return [self.read((*path, 0), value, kind.item_type)] if fits else []
        if isinstance(value, str) and not isinstance(kind.item_type, StructType):
            self._add(
                path,
                say("{value} stands alone, and a list is wanted; write it in brackets: [{value}]", value=quoted(value)),
            )
            return [self.read((*path, 0), value, kind.item_type)]
        self._add_wanted(path, value, kind)
        return []

    def _names(self, path: Path, value: Any, kind: DictType) -> dict[str, Any]:
        if not isinstance(value, dict):
            self._add_wanted(path, value, kind)
            return {}
        read = {}
        for name, item in value.items():
            place = (*path, name)
            if isinstance(kind.key_type, LiteralType):
                known = sorted(map(str, kind.key_type.values))
                if name not in known:
                    self._add(place, unknown(name, known, say("standing")))
                    continue
            elif isinstance(kind.key_type, Metadata):
                form = self._forms[(kind.key_type.extra or {})["form"]]
                fault = form.fault(name)
                if fault:
                    self._add(place, fault, is_mild=_is_mild(form, name))
            read[name] = self.read(place, item, kind.value_type)
        return read

    def _table(self, path: Path, value: Any, kind: StructType) -> dict[str, Any]:
        fields = {field.name: field for field in kind.fields}
        if not isinstance(value, dict):
            self._add(
                path,
                say(
                    "{value}; write {path} with these words: {fields}",
                    value=value_told(value),
                    path=table_told(path),
                    fields=", ".join(fields),
                ),
            )
            stand_in: dict[str, Any] = stand_in_for(kind)
            return stand_in
        read = {}
        for word, item in value.items():
            field = fields.get(word) or self._unknown(
                path, word, [name for name in fields if name not in value], fields, is_table=isinstance(item, dict)
            )
            if field is not None:
                read[field.name] = self.read((*path, word), item, field.type)
        for field in kind.fields:
            if field.required and field.name not in read:
                self._add((*path, field.name), say("this is missing; write {field}", field=self._wanted.line_of(field)))
                read[field.name] = stand_in_for(field.type)
        return read

    def _add_wanted(self, path: Path, value: Any, *kinds: Type) -> None:
        """Notes a value that is of none of the kinds."""
        allowed = joined(map(self._wanted.allowed, kinds), or_else)
        self._add(path, say("{value}; write {allowed}", value=value_told(value), allowed=allowed))

    def _unknown(
        self, path: Path, word: str, free: list[str], fields: Mapping[str, Field], *, is_table: bool
    ) -> Field | None:
        """Notes a word that the table does not have; gives the field that was meant, if that can be guessed."""
        close = closest(word, free)
        places = [place for place, words in tables_of(self._vocabulary.file) if word in words]
        if close:
            says = say("did you mean {close}?", close=close)
        elif is_table and len(path) == len(("tiers", 0)) and isinstance(path[-1], int):
            says = say(
                "write [[{path}]], in two brackets, above a new one, and below it id = {word}",
                path=path[0],
                word=quoted(word),
            )
        elif places:
            says = (
                say("it belongs in {places}", places=joined(places, or_else))
                if places[0]
                else say("it belongs at the top, above the first [table]")
            )
        else:
            says = say("there are {fields}", fields=", ".join(fields))
        self._add(
            (*path, word),
            say(
                "{word} is no word {path}; {says}",
                word=quoted(word),
                path=place_told(path, self._vocabulary.called),
                says=says,
            ),
        )
        return fields[close] if close else None


def _is_mild(form: Form, text: str) -> bool:
    """Says whether a text is a currency's code by its look alone, such as RMB, which was taken once."""
    return form is FORMS["currency"] and _CODE.fullmatch(text) is not None
