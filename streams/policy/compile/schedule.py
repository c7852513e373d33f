"""Compiles when customers are rated (docs/policies.md#averages-rated-at-each-months-end)."""

from streams.languages.said import say
from streams.policy.language.problems import Problems
from streams.policy.schedule import Schedule


def compile_schedule(table: str, when: str | list[str], problems: Problems) -> Schedule:
    """Compiles `when`: a word, or days of the year such as "06-30".

    table: the one that `when` stands in, "rating" or "falling"; problems are noted there.
    """
    if when in ("at_once", "daily", "month_end"):
        return Schedule(when)  # type: ignore[arg-type]
    if not when:
        problems.add_unless_known(
            (table, "when"), say('the list of dates is empty; write days of the year: ["06-30", "12-31"]')
        )
    dates = [(int(month), int(day)) for month, _, day in (text.partition("-") for text in when) if _is_day(month, day)]
    return Schedule("dates", tuple(sorted(set(dates))))


def _is_day(month: str, day: str) -> bool:
    return month.isascii() and day.isascii() and month.isdecimal() and day.isdecimal()
