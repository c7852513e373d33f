"""Replays all partitions, from growth to growth, where there was one; else one partition after the other."""

import gc
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from streams.audit.cut import Cut, Survey
from streams.audit.growth import Growth, leaving, moved, partitions_at_first
from streams.audit.partition import PartitionAudit
from streams.audit.shared import AuditRun
from streams.stages.stage import Stage

if TYPE_CHECKING:
    from streams.audit.current import Newest


async def audit_partitions(
    run: AuditRun, stage: Stage | None, cuts: Sequence[tuple[Cut, Survey]], growths: Sequence[Growth], partitions: int
) -> bool:
    """Audits the partitions; differences go into the report.

    stage: that of customers; None where nothing was worked. cuts: all partitions, where there are growths. partitions:
    how many there are now. Gives False if the order of one breaks: nothing after that can be worked again.
    """
    audits = {
        cut.partition: PartitionAudit(run, cut, survey, partitions_at_first(growths, cut.partition, partitions))
        for cut, survey in cuts
    }
    reached = not growths or (stage is not None and await _through(audits, stage, growths))
    # They do not need each other any more: each is finished, and forgotten, by itself.
    whole = [await _finish(audits.pop(number), reached=reached) for number in sorted(audits)]
    return all(whole)


async def _finish(audit: PartitionAudit, *, reached: bool) -> bool:
    whole = reached and await audit.replay()
    if whole:
        await audit.complete()
    audit.count()
    gc.collect()  # consumers that were closed are cycles, with all that they fetched
    return whole


async def _through(audits: Mapping[int, PartitionAudit], stage: Stage, growths: Sequence[Growth]) -> bool:
    """Replays up to the newest growth, and moves the customers at each; gives False if the order of one breaks."""
    for growth in growths:
        numbers = range(growth.after)
        if not all([await audits[number].replay() and audits[number].has_grown for number in numbers]):
            return False
        held = {number: audits[number].held for number in range(growth.before)}
        newest: Mapping[int, dict[bytes, Newest]] = defaultdict(dict)
        for number, targets in leaving(stage, held, growth.after).items():
            for key, record in audits[number].leave(targets).items():
                newest[targets[key]][key] = record
        for number, now in moved(stage, held, growth.after).items():
            audits[number].grow(now, newest[number], growth.after)
    return True
