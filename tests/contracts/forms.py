"""The whole form of what is kept, as text: the fields of all structs in their order, and the layout of raw bytes.

`form.txt` holds it beside the version number that it belongs to. A release refuses a record of a version that it does
not know; so whatever changes here raises `VERSION` (packing.py of streams/contracts, and of streams/accounts for those)
once a release has written it, and `python -m tests.contracts.forms`, from the project's root, writes the text anew.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import msgspec

from streams.accounts.packing import VERSION as ACCOUNTS_VERSION
from streams.accounts.state import AccountState
from streams.contracts.kept import DIRECTIONS, REASONS, Growing, LaneRecord, PackedChange
from streams.contracts.outputs import CandidateMessage
from streams.contracts.packing import VERSION
from streams.engine import remember
from streams.engine.campaigns import each_paid
from streams.engine.measures import account_rows, closings, days
from streams.engine.state import Blocks, CustomerState, Reversal, WatchedLoan
from streams.partition.spent import BudgetName, Spent
from streams.values.events import TOPICS
from streams.values.products import PRODUCTS

KEPT = Path(__file__).with_name("form.txt")
# All that is packed by itself; the structs inside are found.
_PACKED = (
    *(CustomerState, Blocks, Reversal, WatchedLoan, PackedChange),
    *(LaneRecord, Growing, BudgetName, Spent, CandidateMessage),
    AccountState,
)
_MODULES = re.compile(r"\b(?:\w+\.)+(?=\w)")


def form() -> str:
    """The form of now."""
    lines = [
        f"version {VERSION}, of accounts {ACCOUNTS_VERSION}",
        *(line for struct in _structs() for line in _described(struct)),
        *_layouts(),
    ]
    return "\n".join(lines) + "\n"


def _structs() -> list[Any]:
    found: list[Any] = []
    waiting: list[Any] = list(reversed(_PACKED))
    while waiting:
        kind = waiting.pop()
        if isinstance(kind, type) and hasattr(kind, "__annotations__") and kind not in found and _fields(kind):
            found.append(kind)
            waiting += [hint for _, hint, _ in reversed(_fields(kind))]
        waiting += reversed(get_args(kind))
    return found


def _fields(struct: Any) -> list[tuple[str, Any, object]]:
    """The names in a packed record, their types and defaults."""
    if issubclass(struct, msgspec.Struct):
        return [(field.encode_name, field.type, _default(field)) for field in msgspec.structs.fields(struct)]
    return [(name, hint, msgspec.NODEFAULT) for name, hint in getattr(struct, "__annotations__", {}).items()]


def _default(field: msgspec.structs.FieldInfo) -> object:
    return field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory


def _described(struct: Any) -> Iterator[str]:
    config = getattr(struct, "__struct_config__", None)
    yield f"\n{struct.__name__}, {'by name' if config is not None and not config.array_like else 'in this order'}"
    for name, hint, default in _fields(struct):
        given = "" if default is msgspec.NODEFAULT else f" = {getattr(default, '__name__', repr(default))}"
        said = hint.__name__ if isinstance(hint, type) and not get_args(hint) else str(hint)
        yield f"  {name}: {_MODULES.sub('', said)}{given}"


def _layouts() -> Iterator[str]:
    yield "\nraw bytes"
    accounts = [row.format for row in (account_rows._NARROW, account_rows._WIDE)]
    yield f"  rows of accounts: {accounts}, of products {list(PRODUCTS.values())}"
    yield f"  rows of days: {[row.format for row in days._FORMS]}, of types {list(days._TYPES)}"
    entries = [remember._entry_bytes(topic) for topic in range(len(TOPICS))]
    yield f"  remembered: {entries} bytes an event of {list(TOPICS)}, {remember.LOAN_MARK_BYTES} a loan"
    yield f"  closings: {closings._FIELDS} numbers each; paid: {each_paid._ENTRY_BYTES} bytes each"
    yield f"  directions {list(DIRECTIONS)}, reasons {list(REASONS)}"


if __name__ == "__main__":
    KEPT.write_text(form(), encoding="utf-8")
