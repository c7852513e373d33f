"""The audit as a whole: the cut, a first look at everything, then partition by partition."""

import time
from collections.abc import Callable

from streams.audit.budgets import BudgetAudit
from streams.audit.log import policies_of, survey, take_cut
from streams.audit.replay import PartitionAudit, Surroundings
from streams.audit.report import Report
from streams.kafka.partitioner import partition_of
from streams.kafka.replay import Offsets
from streams.kafka.topics import check_topics
from streams.settings import Settings

Progress = Callable[[int, int], None]  # offsets of the inputs that were replayed, and how many there are


def _silent(_done: int, _total: int) -> None:
    pass


async def audit(settings: Settings, customer_id: str | None = None, progress: Progress = _silent) -> Report:
    """Replays the log and compares. customer_id: only this one's partition, only this one's records.

    UsageError where the log cannot be replayed: it, or the inputs, were deleted, or a policy is not known.
    """
    began = time.monotonic()
    report = Report()
    partitions = await check_topics(settings)
    async with Offsets(settings.client_options()) as offsets:
        cuts = await take_cut(settings, offsets, _partitions_of(settings, customer_id, partitions))
        surveys = [await survey(settings, cut) for cut in cuts]
        policies = await policies_of(settings, frozenset[str]().union(*(found.digests for found in surveys)))
        only = None if customer_id is None else customer_id.encode()
        advance = _counted(progress, sum(found.offsets for found in surveys))
        budgets = BudgetAudit(settings, report.add) if only is None else None
        around = Surroundings(settings, offsets, policies, partitions, only, report, budgets, advance)
        whole = [await PartitionAudit(around, cut, found).run() for cut, found in zip(cuts, surveys, strict=True)]
        if budgets is not None and all(whole):
            await budgets.run(cuts)
            report.candidates = budgets.compared
    report.seconds = time.monotonic() - began
    return report


def _counted(progress: Progress, total: int) -> Callable[[int], None]:
    done = 0

    def advance(offsets: int) -> None:
        nonlocal done
        done += offsets
        progress(done, total)

    return advance


def _partitions_of(settings: Settings, customer_id: str | None, partitions: int) -> list[int]:
    if customer_id is None or settings.partitioner == "none":
        return list(range(partitions))
    return [partition_of(customer_id.encode(), partitions, settings.partitioner)]
