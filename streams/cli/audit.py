"""`tierflow audit`: replays the inputs, and compares the result with what the workers wrote."""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streams.audit.report import AuditedChange, Reached, Report
from streams.cli.output import counted
from streams.settings import Settings, time_zone_data
from streams.worker.garbage import collect_rarely

if TYPE_CHECKING:
    from streams.intake.compile.mapping import CompiledMapping

SHOWN = 20
# From here on clocks that lie apart, and decisions that came late, are worth a word.
APART_MS = 5 * 60_000
LATE_MS = 60 * 60_000


def audit(
    customer: Annotated[
        str | None, typer.Option("--customer", metavar="ID", help="Only this customer: every change, with why.")
    ] = None,
    start: Annotated[
        Path | None, typer.Option("--start", metavar="FILE", help="Begin at this starting point, not with the log.")
    ] = None,
    write_start: Annotated[
        Path | None,
        typer.Option("--write-start", metavar="FILE", help="Audit nothing: write a starting point for later audits."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Replay the inputs in the order of tier.order and compare with what was written; exit status 1 if it differs."""
    import msgspec

    if write_start is not None:
        from streams.audit.run import write_starting_point

        digest = asyncio.run(write_starting_point(Settings.from_environment(), write_start))
        typer.echo(f"{write_start}: a starting point for audits, SHA-256 {digest}")
        return
    collect_rarely()
    report = _run(Settings.from_environment(), customer, start)
    if as_json:
        typer.echo(msgspec.json.encode(report).decode())
    else:
        _print(report, customer)
    if report.differences:
        raise typer.Exit(1)


def _run(settings: Settings, customer: str | None, start: Path | None) -> Report:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from streams.audit.run import audit as run_audit

    is_whole = customer is None and start is None
    mapping = _mapping_of(settings) if is_whole else None
    console = Console(stderr=True)
    columns = (TextColumn("replaying"), BarColumn(), MofNCompleteColumn(), TextColumn("offsets"), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("", total=None)

        def advance(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        async def audited() -> Report:
            report = await run_audit(settings, customer, advance, start)
            if mapping is not None:
                from streams.audit.sources import audit_sources

                await audit_sources(settings, mapping, report)
            if is_whole and settings.accounts:
                from streams.audit.sources import audit_accounts

                await audit_accounts(settings, report)
            return report

        return asyncio.run(audited())


def _mapping_of(settings: Settings) -> "CompiledMapping | None":
    """Reads the mapping; None where there is none. What formats need is not loaded without one."""
    if not settings.sources.is_file():
        return None
    from streams.cli.mapping_file import read_mapping_file

    return read_mapping_file(settings.sources)


def _print(report: Report, customer: str | None) -> None:
    for change in report.customer:
        typer.echo(_line(change))
    if customer is not None and not report.customer:
        typer.echo(f"the replay has no tier change of {customer}")
    for difference in report.found[:SHOWN]:
        typer.echo(str(difference))
    if report.differences > SHOWN:
        typer.echo(f"... and {report.differences - SHOWN:,} more")
    for note in report.notes:
        typer.echo(f"note: {note}")
    if report.repeated_differently:
        events = counted(report.repeated_differently, "event")
        typer.echo(f"note: {events} had a known event_id and other content than the first time: changed nothing")
    for note in _clock_notes(report):
        typer.echo(f"note: {note}")
    if report.later_transactions:
        typer.echo(f"note: while the audit ran {counted(report.later_transactions, 'transaction')} came, not audited")
    typer.echo(
        f"{counted(report.partitions, 'partition')}, {counted(report.transactions, 'transaction')}, "
        f"{counted(report.events, 'event')} replayed in {report.seconds:.1f} s; compared: "
        f"{counted(report.changes, 'change')}, {counted(report.triggers, 'campaign trigger')}, "
        f"{f'{report.candidates:,} for budgets, ' if report.candidates else ''}"
        f"{counted(report.risks, 'risk message')}, "
        f"{counted(report.erasures, 'erasure') + ', ' if report.erasures else ''}"
        f"{counted(report.dead_letters, 'dead letter')}, "
        f"{counted(report.sourced, 'message') + ' of sources, ' if report.sourced else ''}"
        f"{counted(report.customers, 'customer')} in tier.current, {counted(report.states, 'state')}"
    )
    typer.echo(counted(report.differences, "difference") if report.differences else "clean")


def _clock_notes(report: Report) -> Iterator[str]:
    """Says what is unusual about the times: clocks that lie apart, decisions that came late."""
    apart, ahead, late = report.clock_apart, report.clock_ahead, report.latest_decision
    if apart.ms >= APART_MS:
        yield f"a worker's wall clock was {_told(apart)} from the timestamp of its record"
    if ahead.ms >= APART_MS:
        yield f"a partition's clock was {_told(ahead)} ahead of the wall clock, once wrong"
    if late.ms >= LATE_MS:
        yield f"the latest decision by time alone, {late.what}, came {_told(late)} after it was due"
    for version in sorted(report.other_zone_data):
        yield (
            f"transactions were worked with time zone data {version}, this audit has {time_zone_data()}: where local "
            "days differ, audit with the former"
        )


def _told(reached: Reached) -> str:
    minutes, seconds = divmod(reached.ms // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    span = f"{hours:,} h {minutes} min" if hours else f"{minutes} min {seconds} s"
    return f"{span} (partition {reached.partition}, transaction {reached.transaction})"


def _line(change: AuditedChange) -> str:
    move = change.tier if change.previous_tier is None else f"{change.previous_tier} -> {change.tier}"
    value = "" if change.value is None else f", value {change.value} {change.currency}"
    by_itself = "another policy" if change.reason == "policy_changed" else "time alone"
    cause = by_itself if change.cause is None else change.cause
    verdict = "OK" if change.verdict == "ok" else change.verdict.replace("_", " ")
    return f"{change.id}  {change.decided_at}  {move}  {change.reason}{value}, by {cause}  {verdict}"
