"""A table of a source, such as [sources.bookings.transactions], to what maps rows to events of that input."""

from typing import Any

from streams.intake.compile.fields import SourceContext, compile_field, read_first
from streams.intake.inputs import INPUTS, WITHOUT_CUSTOMER, InputField
from streams.intake.language.rules import FILE_FORMATS, SourceWords
from streams.intake.paths import RECORD, compile_path
from streams.intake.table import FINISH, FieldReader, Table, Way, as_it_is
from streams.policy.language.problem import Path
from streams.values.events import ACCOUNTS, BY_ACCOUNT, WAYS_IN

_ID_OF_A_FILE = (
    "this is missing; a file has no offsets, so write what makes a row one, such as "
    'event_id = { template = "booking-{number}" }'
)


def compile_tables(name: str, written: Any, place: Path, context: SourceContext) -> list[Table]:
    """Compiles the tables of an input of a source. written: one table, or a list of them."""
    if not isinstance(written, list):
        return [_table(name, written, place, context, "")]
    return [
        _table(name, one, (*place, number), context, f"-{number}" if len(written) > 1 else "")
        for number, one in enumerate(written)
    ]


def _table(name: str, rule: Any, place: Path, context: SourceContext, suffix: str) -> Table:
    when = context.condition(rule.when, (*place, "when"))
    readers: list[FieldReader] = []
    for field in INPUTS[name]:
        written = getattr(rule, field.name)
        at = (*place, field.name)
        if written is not None:
            readers.append(compile_field(field, written, at, context))
        elif field.name == "event_id" and context.words.format not in FILE_FORMATS:
            context.roots.names.add(RECORD)
            readers.append(_by_place(field, suffix))
        elif field.is_required and not (field.name == "customer_id" and name in WITHOUT_CUSTOMER):
            context.problems.add_unless_known(at, _missing(field, context.words))
    if name == "transactions" and rule.reverses is not None and rule.reversed_at is None:
        context.problems.add(
            (*place, "reverses"), "a reversal needs reversed_at, the time of what it undoes; write it, too"
        )
    ordered, finish = read_first(readers, ("currency",)), FINISH.get(name, as_it_is)
    if name == "accounts" or (name in WITHOUT_CUSTOMER and rule.customer_id is None):
        topic = ACCOUNTS if name == "accounts" else BY_ACCOUNT
        return Table(topic, name, when, ordered, finish, key="account_id")
    return Table(WAYS_IN.index(name), name, when, ordered, finish)


def _by_place(field: InputField, suffix: str) -> FieldReader:
    """Reads an event id that is made of topic, partition and offset, where the source has no key of its own."""
    find = compile_path(f"{RECORD}.id").find
    way = Way(None, find, lambda found, _view, _so_far: f"{found}{suffix}", f"{RECORD}.id")
    return FieldReader(field.name, field.is_required, (way,))


def _missing(field: InputField, words: SourceWords) -> str:
    if field.name == "event_id":
        return _ID_OF_A_FILE
    example = {"money": "amount", "time": "booked_at", "currency": "currency"}.get(field.kind, field.name)
    if field.kind == "currency":
        return f'this is missing; write {field.name} = "{example}" by path, or {{ constant = "TWD" }}'
    rows = "a column of the file" if words.format in FILE_FORMATS else "a field of the record"
    return f'this is missing; write {field.name} = "{example}", the path of {rows}'
