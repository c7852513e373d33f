"""The parts of a state that many customers have nothing of, for those who read them and those who write."""

from msgspec.structs import replace

from streams.engine.state import Closings, Courses, CustomerState, Special, Tenure

_NOTHING_SPECIAL = Special()


def tenure_of(state: CustomerState) -> Tenure:
    """Gives how the tier is held, to be read or changed in place."""
    tenure = state.tenure
    if tenure is None:
        tenure = state.tenure = Tenure()
    return tenure


def courses_of(state: CustomerState) -> Courses:
    """Gives how far campaigns have come, to be read or changed in place."""
    courses = state.courses
    if courses is None:
        courses = state.courses = Courses()
    return courses


def closings_of(state: CustomerState) -> Closings:
    """Gives what totals and accounts were on earlier days, to be read or changed in place."""
    closings = state.closings
    if closings is None:
        closings = state.closings = Closings()
    return closings


def special_of(state: CustomerState) -> Special:
    """Gives what few customers have, to be read."""
    return _NOTHING_SPECIAL if state.special is None else state.special


def note(state: CustomerState, **fields: object) -> None:
    """Changes fields of what few customers have."""
    special = replace(special_of(state), **fields)
    state.special = None if special == _NOTHING_SPECIAL else special
