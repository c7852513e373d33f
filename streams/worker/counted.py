"""What metrics.py is told of a committed batch."""

from collections.abc import Mapping, Sequence

from streams.metrics import Batch
from streams.partition.entries import Entry
from streams.partition.work import Work
from streams.stages.stage import Stage
from streams.values.calendar import NEVER_MS
from streams.worker.steps import StepTimes


def batch_of(  # noqa: PLR0913, PLR0917 - all that is known of it
    stage: Stage,
    number: int,
    work: Work,
    entries: Sequence[Entry],
    now_ms: int,
    compute_s: float,
    times: StepTimes,
    round_trips: Mapping[str, float],
) -> Batch:
    """Gives a batch as it is counted. entries: those that were worked. now_ms: when it was known to be committed."""
    written_ms = [at_ms for entry in entries if (at_ms := timestamp_ms(entry.record)) > 0]
    seconds = {**times.seconds, **round_trips}
    if written_ms:
        seconds["fetch"] = max((now_ms - min(written_ms)) / 1000 - times.total_s, 0.0)
    return Batch(
        stage=stage.name,
        partition=number,
        events=len(entries),
        compute_seconds=compute_s,
        commit_seconds=seconds["commit"],
        committed_ms=now_ms,
        written_ms=written_ms,
        happened_ms=[entry.at_ms for entry in entries if entry.at_ms != NEVER_MS],
        tally=work.tally,
        steps=seconds,
    )


def timestamp_ms(record: object) -> int:
    """Gives when a record was written, in epoch milliseconds; 0 or less where nobody says."""
    at_ms: int | None = getattr(record, "timestamp", 0)
    return at_ms or 0
