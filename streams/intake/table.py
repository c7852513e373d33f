"""A compiled table of a mapping: a row in, an event of one input out."""

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from streams.contracts.event_line import EventLine
from streams.contracts.times import instant_ms
from streams.intake.paths import Find
from streams.intake.refused import MissingError, RefusedError
from streams.policy.language.forms import quoted
from streams.values.calendar import DAY_MS

Convert = Callable[[Any, Any, dict[str, Any]], Any]
"""From what was found, the row, and the fields that were read before it, to the field's value."""
Finish = Callable[[dict[str, Any]], None]
_encode = msgspec.json.Encoder().encode


class Way(NamedTuple):
    """One way to read a field. when: None for one that always counts. text: what is read, as the mapping has it."""

    when: Find | None
    find: Find
    convert: Convert
    text: str


class FieldReader(NamedTuple):
    """A field: its ways in their order, the first of which counts whose condition holds."""

    name: str
    is_required: bool
    ways: tuple[Way, ...]


class FieldError(RefusedError):
    """A field of a row cannot be mapped; `refused` says why."""

    def __init__(self, refused: RefusedError, field: str, path: str) -> None:
        super().__init__(str(refused), field)
        self.refused, self.path = refused, path


class Table(NamedTuple):
    """One event of one input.

    topic: the number of where it goes. key: the field that is the record's key. finish: sets right what several fields
    mean together.
    """

    topic: int
    input: str
    when: Find | None
    readers: tuple[FieldReader, ...]
    finish: Finish
    key: str = "customer_id"

    def is_for(self, view: Any) -> bool:
        """Says whether a row becomes this event.

        Raises:
            FieldError: Its condition cannot be worked out.
        """
        try:
            return self.when is None or bool(self.when(view))
        except RefusedError as refused:
            raise self._error(refused, "when", None) from refused

    def event(self, view: Any) -> EventLine:
        """Maps a row.

        Raises:
            FieldError: It cannot be mapped.
        """
        value: dict[str, Any] = {}
        for reader in self.readers:
            way = None
            try:
                way = _way(reader, view)
                read = _read(reader, way, view, value)
            except MissingError as missing:  # of a template's part, say
                if reader.is_required:
                    raise self._error(missing, reader.name, way) from missing
            except RefusedError as refused:
                raise self._error(refused, reader.name, way) from refused
            except ArithmeticError as error:
                beyond = RefusedError("the number is beyond what an amount can be")
                raise self._error(beyond, reader.name, way) from error
            else:
                if read is not None:
                    value[reader.name] = read
        try:
            self.finish(value)
        except RefusedError as refused:
            raise self._error(refused, refused.field, None) from refused
        return EventLine(self.topic, value[self.key].encode(), _encode(value))

    def _error(self, refused: RefusedError, name: str, way: Way | None) -> FieldError:
        return FieldError(refused, f"{self.input}.{name}".rstrip("."), "" if way is None else way.text)


def _way(reader: FieldReader, view: Any) -> Way | None:
    for way in reader.ways:
        if way.when is None or way.when(view):
            return way
    return None


def _read(reader: FieldReader, way: Way | None, view: Any, so_far: dict[str, Any]) -> Any:
    found = None if way is None else way.find(view)
    if way is not None and found is not None and found != "":
        return way.convert(found, view, so_far)
    if reader.is_required:
        raise MissingError(_nothing(way))
    return None


def _nothing(way: Way | None) -> str:
    return "no `when` of its ways holds" if way is None else f"there is nothing at {quoted(way.text)}"


def as_it_is(_: dict[str, Any]) -> None:
    """Leaves an event as it is."""


def finish_transaction(value: dict[str, Any]) -> None:
    """Sees to it that a reversal says when what it undoes occurred, and that no other says so."""
    if "reverses" not in value:
        value.pop("reversed_at", None)
        return
    if "reversed_at" not in value:
        raise MissingError("a reversal needs reversed_at, the time of what it undoes", "reversed_at")
    if instant_ms(value["reversed_at"]) > instant_ms(value["occurred_at"]) + DAY_MS:
        raise RefusedError("it undoes what is more than 24 hours ahead of it", "reversed_at")


_OF_ACTION = {"pin": ("tier", "until", "reason", "by"), "merge": ("into",)}
_NEEDS = {"pin": "a pin needs tier, until, reason and by", "merge": "a merge needs into"}


def finish_customer(value: dict[str, Any]) -> None:
    """Sees to it that a pin and a merge have all that they need, and that no other action has it."""
    for action, names in _OF_ACTION.items():
        for name in names:
            if value["action"] != action:
                value.pop(name, None)
            elif name not in value:
                raise MissingError(f"{_NEEDS[action]}: there is no {name}", name)


FINISH: dict[str, Finish] = {"transactions": finish_transaction, "customers": finish_customer}
