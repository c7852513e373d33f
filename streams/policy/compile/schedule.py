"""When a policy rates, compiled."""

from streams.policy.language.problems import Problems
from streams.policy.schedule import Schedule


def compile_schedule(table: str, when: str | list[str], problems: Problems) -> Schedule:
    """Compiles the word, or the days of the year, that `when` has in a table of the file."""
    if when in ("at_once", "daily", "month_end"):
        return Schedule(when)  # type: ignore[arg-type]
    if not when:
        problems.add_unless_known(
            (table, "when"), 'the list of dates is empty; write days of the year: ["06-30", "12-31"]'
        )
    dates = [(int(month), int(day)) for month, _, day in (text.partition("-") for text in when) if _is_day(month, day)]
    return Schedule("dates", tuple(sorted(set(dates))))


def _is_day(month: str, day: str) -> bool:
    return month.isascii() and day.isascii() and month.isdecimal() and day.isdecimal()
