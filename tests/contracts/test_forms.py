"""An older release must not read what a newer one has written, and drop what it does not know."""

import msgspec
import pytest

from streams.contracts.kept import Growing, LaneRecord
from streams.contracts.packing import (
    UnknownVersionError,
    pack_growing,
    pack_lane,
    pack_state,
    unpack_growing,
    unpack_lane,
    unpack_state,
)
from streams.engine.state import Closings, Courses, CustomerState, Progress, Special, Tenure, Window
from streams.partition.budgets import Budgets
from streams.partition.partition import ForeignRecordError
from streams.values.events import Pin
from tests.contracts.forms import KEPT, form
from tests.partition.test_budgets import Record, candidate, worked

SAYS = "the kept form has changed: raise VERSION in streams/contracts/packing.py and keep a reader of the one before"
"""Where no release has written the version yet, or it is raised: `python -m tests.contracts.forms`."""
WHOLE = CustomerState(
    windows=(Window(20_001, {}),),
    tenure=Tenure(last="mid"),
    courses=Courses({"gift": Progress()}),
    closings=Closings(),
    special=Special(pin=Pin("high", 11, "board member", "clerk 7")),
)


def test_a_change_of_the_kept_form_raises_the_version() -> None:
    assert form() == KEPT.read_text(encoding="utf-8"), SAYS


@pytest.mark.parametrize(
    "inside",
    [("windows", 0), ("tenure",), ("courses",), ("courses", 0, "gift"), ("closings",), ("special",), ("special", 0)],
)
def test_a_state_with_a_further_field_in_a_part_is_refused(inside: tuple[str | int, ...]) -> None:
    packed = pack_state(WHOLE)
    assert unpack_state(packed) == WHOLE
    fields = part = msgspec.msgpack.decode(packed[1:])
    for step in inside:
        part = part[CustomerState.__struct_fields__.index(step) if part is fields else step]
    part.append(None)
    with pytest.raises(UnknownVersionError, match="a later release wrote it, start that one"):
        unpack_state(packed[:1] + msgspec.msgpack.encode(fields))


@pytest.mark.parametrize(
    ("packed", "unpack"),
    [
        (pack_lane(LaneRecord((0,) * 5, 0, 0)), unpack_lane),
        (pack_growing(Growing(4, 8, 0)), unpack_growing),
    ],
)
def test_a_record_of_the_lane_with_a_further_field_is_refused(packed: bytes, unpack: object) -> None:
    fields = msgspec.msgpack.decode(packed[1:])
    later = packed[:1] + msgspec.msgpack.encode({**fields, "new": 1})
    with pytest.raises(UnknownVersionError, match="a later release wrote it, start that one"):
        unpack(later)  # type: ignore[operator]


def test_what_is_spent_with_a_further_field_is_refused() -> None:
    budgets = Budgets()
    ((name, spent),) = worked(budgets, [Record(0, candidate(1, triggers=9))]).states.items()
    budgets.packed[name] = spent[:-1] + b',"new":1}'
    with pytest.raises(UnknownVersionError, match="a later release wrote it, start that one"):
        worked(budgets, [Record(1, candidate(2, triggers=9))])


def test_a_candidate_with_a_further_field_is_refused() -> None:
    with pytest.raises(ForeignRecordError, match="new"):
        Budgets().decode(0, [Record(0, candidate(1, triggers=9)[:-1] + b',"new":1}')])
