"""Times as the author of a policy writes them: 2026-01-05, 2026-01-05 10:00, or 3 days later."""

import re
from datetime import UTC, datetime, timedelta, tzinfo

_LATER = re.compile(r"(\d+) (minute|hour|day|week)s?(?: later)?")


class WordsError(ValueError):
    """Words that say no time, or no event. The message says which, and what to write."""


def instant(words: str, zone: tzinfo | None, now: datetime | None) -> datetime:
    """Reads a time of the policy's zone. now: what "later" counts from.

    A day later is the same local time on the next day, also where clocks change; an hour is 60 minutes.

    Raises:
        WordsError: The words are no time, or nothing was before that they could be later than.
    """
    later = _LATER.fullmatch(words.strip())
    if later is None:
        return _written(words, zone)
    if now is None:
        raise WordsError(f"{words!r}: nothing was before it; begin with a day and a time, such as 2026-01-05 10:00")
    count, unit = int(later[1]), later[2]
    if unit in {"minute", "hour"}:
        return (now.astimezone(UTC) + timedelta(**{f"{unit}s": count})).astimezone(zone)
    return now + timedelta(**{f"{unit}s": count})


def written(at: datetime) -> str:
    """Writes a time as tables have it: to the minute, unless it has seconds."""
    form = "%Y-%m-%d %H:%M:%S" if at.second or at.microsecond else "%Y-%m-%d %H:%M"
    return at.strftime(form)


def _written(words: str, zone: tzinfo | None) -> datetime:
    try:
        read = datetime.fromisoformat(words.strip())
    except ValueError:
        raise WordsError(
            f"{words!r} is no time; write 2026-01-05, 2026-01-05 10:00 or 3 days later (minutes, hours, days, weeks)"
        ) from None
    if read.tzinfo is not None:
        raise WordsError(f"{words!r} has an offset; leave it out: times are those of the policy's zone, {zone}")
    return read.replace(tzinfo=zone)
