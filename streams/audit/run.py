"""The whole audit: the cut, a first look at all order records, partition by partition, then the stages that follow."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from streams.audit.cut import Cut, policies_of, survey, take_cut
from streams.audit.following import FollowingCut, audit_stage, follows_from_one_input, replay_stage
from streams.audit.gathered import Gathered
from streams.audit.generations import audit_partitions
from streams.audit.growth import Growth, growths_of
from streams.audit.in_force import read_history
from streams.audit.opened import Opener
from streams.audit.rates import RatesThen
from streams.audit.report import Report
from streams.audit.shared import AuditRun
from streams.audit.start import Start, read_start, take_start, write_start
from streams.errors import UsageError
from streams.kafka.keys import Keys
from streams.kafka.offsets import Offsets
from streams.kafka.partitioner import partition_of
from streams.kafka.permitted import check_rights
from streams.kafka.rates import read_records
from streams.kafka.topics import check_topics
from streams.kafka.unpacking import read_in_part
from streams.partition.work import CAMPAIGNS
from streams.policy.policy import Policy
from streams.settings import Settings
from streams.stages.budgets import NAME as BUDGETS
from streams.stages.budgets import budgets_stage
from streams.stages.customers import NAME as CUSTOMERS
from streams.stages.customers import customers_stage
from streams.stages.worked import worked_stages

Progress = Callable[[int, int], None]  # input offsets that were replayed, and how many there are


def _silent(_done: int, _total: int) -> None:
    pass


async def audit(
    settings: Settings, customer_id: str | None = None, progress: Progress = _silent, start_file: Path | None = None
) -> Report:
    """Replays the log and compares every output with the result.

    customer_id: audits only this customer, in the customer's partition. Other stages are then not audited. start_file:
    a starting point to begin at; without one the audit begins with the log. Other stages are then not audited either.

    Raises:
        UsageError: The log cannot be replayed: order records or inputs were deleted, or a policy is not known.
    """
    began = time.monotonic()
    report = Report()
    await check_rights(settings, "audit")
    partitions = await check_topics(settings)
    read_in_part(settings.input_topics())  # as workers read them
    async with Offsets(settings.client_options()) as offsets, Keys(settings) as keys:
        opener = Opener(settings, keys)
        only = None if customer_id is None else customer_id.encode()
        start = None if start_file is None else _begin(settings, partitions, start_file, report)
        cuts = await take_cut(settings, offsets, opener, _partitions_of(settings, customer_id, partitions), only, start)
        surveys = [await survey(settings, cut) for cut in cuts]
        if len(cuts) < partitions and any(found.grown for found in surveys):  # customers of all may have come there
            cuts = await take_cut(settings, offsets, opener, range(partitions), only, start)
            surveys = [await survey(settings, cut) for cut in cuts]
        told = {cut.partition: found.grown for cut, found in zip(cuts, surveys, strict=True)}
        growths = growths_of(settings, told)
        if growths and start is not None:
            raise UsageError(
                f"{start_file} is older than the growth to {growths[-1].after} partitions; write a new one"
            )
        policies = await policies_of(settings, frozenset[str]().union(*(found.digests for found in surveys)))
        is_whole = customer_id is None  # all customers together spend a budget
        run = AuditRun(
            settings=settings,
            offsets=offsets,
            opener=opener,
            policies=policies,
            history=await read_history(settings, offsets),
            rates=await _rates(settings, report),
            only=only,
            report=report,
            candidates=Gathered(settings.candidates_topic, report.add) if is_whole else None,
            granted=Gathered(settings.output_topic(CAMPAIGNS), report.add) if is_whole else None,
            handed_on=Gathered(settings.input_topic("customers"), report.add) if is_whole and start is None else None,
            advance=_counted(progress, sum(found.offsets for found in surveys)),
        )
        policy = next(iter(policies.values()), None)
        stage = None if policy is None else customers_stage(settings, policy, partitions)
        whole = await audit_partitions(run, stage, list(zip(cuts, surveys, strict=True)), growths, partitions)
        if whole:
            await _audit_budgets(run, cuts, growths)
            if run.handed_on is not None:
                run.handed_on.finish()
        await opener.tell(report)
    if is_whole and policies and start is None:
        await audit_further_stages(settings, next(iter(policies.values())), partitions, report)
    report.seconds = time.monotonic() - began
    return report


async def _rates(settings: Settings, report: Report) -> RatesThen:
    """Reads the rates, and notes in the report where some of them are gone."""
    rates = RatesThen(await read_records(settings))
    if rates.begins_at:
        [topic] = settings.rates_topics()
        report.notes.append(
            f"{topic} begins at offset {rates.begins_at}: rates before it are gone: what was decided by them differs"
        )
    return rates


def _begin(settings: Settings, partitions: int, file: Path, report: Report) -> Start:
    """Reads a starting point, and notes in the report which one it is."""
    start, digest = read_start(settings, partitions, file)
    at = datetime.fromtimestamp(start.written_at_ms / 1000, UTC).isoformat(timespec="seconds")
    report.notes.append(f"begun at the starting point of {at} (SHA-256 {digest}): what was before is not audited")
    return start


async def write_starting_point(settings: Settings, file: Path) -> str:
    """Writes a starting point for later audits; gives its SHA-256.

    Raises:
        UsageError: Workers write all the time, or the file cannot be written.
    """
    await check_rights(settings, "audit")
    partitions = await check_topics(settings)
    async with Offsets(settings.client_options()) as offsets, Keys(settings) as keys:
        return write_start(await take_start(settings, offsets, Opener(settings, keys), partitions), file)


async def _audit_budgets(run: AuditRun, cuts: Sequence[Cut], growths: Sequence[Growth]) -> None:
    """Compares the candidates with the replay, and the granted triggers with what follows from the candidates."""
    candidates, granted = run.candidates, run.granted
    if candidates is None or granted is None:
        return
    topic = run.settings.candidates_topic
    begun = {cut.partition: cut.begun for cut in cuts if cut.begun is not None}
    following = [
        FollowingCut(cut.partition, cut.candidates, cut.budgets, {} if cut.begun is None else cut.begun.budgets_packed)
        for cut in cuts
    ]

    def see(partition: int, record: Any) -> None:
        """Notes a candidate, unless it was there at the starting point."""
        if partition not in begun or record.offset >= begun[partition].ends[topic]:
            candidates.see(partition, record)

    stage, options = budgets_stage(run.settings), run.settings.client_options()
    add = run.report.add
    for states in await replay_stage(
        options, stage, following, {CAMPAIGNS: granted}, see, add, growths, opened=run.opener.candidate
    ):
        await states.finish(options, run.offsets)
    candidates.finish()
    granted.finish()
    run.report.candidates = candidates.seen


async def audit_further_stages(settings: Settings, policy: Policy, partitions: int, report: Report) -> None:
    """Audits the stages beside customers and budgets, each by itself. Notes those that cannot be audited so.

    policy: any one. What follows from an input alone is the same under each.
    """
    for stage in worked_stages(settings, policy, partitions):
        if stage.name in {CUSTOMERS, BUDGETS}:
            continue
        if follows_from_one_input(stage):
            await audit_stage(settings.client_options(), stage, partitions, report.add)
        else:
            report.notes.append(f"stage {stage.name}: its outputs do not follow from one input: not compared")


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
