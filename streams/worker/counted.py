"""What metrics.py is told of a committed batch."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter

from streams.kafka.transactional import RoundTrip
from streams.metrics import Batch
from streams.partition.entries import Entry
from streams.partition.work import Work
from streams.stages.stage import Stage
from streams.worker.steps import StepTimes

_WRITTEN, _HAPPENED = attrgetter("record.timestamp"), attrgetter("at_ms")


def batch_of(  # noqa: PLR0913, PLR0917 - all that is known of it
    stage: Stage,
    number: int,
    work: Work,
    entries: Sequence[Entry],
    now_ms: int,
    compute_s: float,
    times: StepTimes,
    round_trips: Mapping[str, RoundTrip],
) -> Batch:
    """Gives a batch as it is counted. entries: those that were worked. now_ms: when it was known to be committed."""
    # One pass in C each: there may be 10,000 entries.
    written_ms, happened_ms = _told(map(_WRITTEN, entries)), _told(map(_HAPPENED, entries))
    seconds = {**times.seconds, **{step: trip.seconds for step, trip in round_trips.items()}}
    if written_ms:
        seconds["fetch"] = max((now_ms - written_ms[0]) / 1000 - times.total_s, 0.0)
    return Batch(
        stage=stage.name,
        partition=number,
        events=len(entries),
        compute_seconds=compute_s,
        commit_seconds=seconds["commit"],
        committed_ms=now_ms,
        written_ms=written_ms,
        happened_ms=happened_ms,
        tally=work.tally,
        steps=seconds,
    )


def _told(times_ms: Iterable[int]) -> list[int]:
    """Gives the times in order, without those that nobody knows."""
    found = sorted(times_ms)
    return found[bisect_right(found, 0) :]


def timestamp_ms(record: object) -> int:
    """Gives when a record was written, in epoch milliseconds; 0 or less where nobody says."""
    at_ms: int | None = getattr(record, "timestamp", 0)
    return at_ms or 0
