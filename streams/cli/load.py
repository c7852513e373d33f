"""`tierflow load berka / camt / csv / events`: sends data sets, and files by a mapping, to the input topics."""

import asyncio
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.cli.intake import opened_for_writing, source_of
from streams.cli.mapping_file import read_mapping_file
from streams.cli.output import counted
from streams.errors import UsageError
from streams.settings import Settings

if TYPE_CHECKING:
    import io
    from collections.abc import Iterator

    from streams.intake.source import Source
    from streams.load.mapped import Refused
    from streams.load.produce import Wave

app = typer.Typer(help="Put a data set into the input topics.", no_args_is_help=True)

_STANDARD_INPUT = 0


@app.command()
def events(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A JSON object a line; - is standard input.")],
) -> None:
    """Send a file of events: {"topic": "bank.balances", "value": {…}} a line, in the order of the lines.

    Values go out byte for byte, even those that the worker will not be able to use; the key is their customer_id.
    """
    from streams.load.events import read_waves

    settings = Settings.from_environment()
    with open_events(file) as opened:
        of_file = os.fstat(opened.fileno())
        total = of_file.st_size if stat.S_ISREG(of_file.st_mode) else None
        _send(settings, read_waves(opened, "standard input" if file == "-" else file), total)


@app.command()
def berka(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="With trans, loan and disp, .asc or .asc.gz.")],
    by_account: Annotated[
        bool, typer.Option("--by-account", help="Whose the accounts are, and bookings that name no customer.")
    ] = False,
) -> None:
    """Send the PKDD'99 (Berka) bank data as events in time order; config/policies/berka.toml suits it.

    Run its workers with TIERFLOW_CLOCK=event: it is history.
    """
    from streams.load.berka import berka_by_account, berka_waves
    from streams.load.berka_files import read_berka

    settings = Settings.from_environment()
    files = read_berka(folder)
    _send(settings, berka_by_account(files) if by_account else berka_waves(files), len(files.trans))


_SOURCE = Annotated[str | None, typer.Option("--source", metavar="NAME", help="The source, where there are several.")]
_MAPPING = Annotated[
    Path | None, typer.Option(metavar="FILE", help="The mapping of sources: TIERFLOW_SOURCES unless given.")
]
_REFUSED = Annotated[Path | None, typer.Option(metavar="FILE", help="Keep refused rows there, a JSON object each.")]


@app.command()
def csv(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file of rows; .gz is unpacked.")],
    source: _SOURCE = None,
    mapping: _MAPPING = None,
    refused: _REFUSED = None,
) -> None:
    """Send the rows of a text file as events, by a mapping (docs/intake.md); exit status 1 if one is refused."""
    _load_mapped(file, "csv", source, mapping, refused)


@app.command()
def camt(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A camt.053 or camt.054 of ISO 20022; .gz is unpacked.")],
    source: _SOURCE = None,
    mapping: _MAPPING = None,
    refused: _REFUSED = None,
) -> None:
    """Send a statement's booked entries and balances as events, by a mapping; exit status 1 if one is refused."""
    _load_mapped(file, "camt", source, mapping, refused)


def _load_mapped(file: Path, form: str, name: str | None, mapping: Path | None, refused_file: Path | None) -> None:
    from streams.load.mapped import Refused, SourceFile, camt_rows, csv_rows, mapped_waves

    settings = Settings.from_environment()
    source, rule = _source_of_form(mapping or settings.sources, form, name)
    with SourceFile(file) as opened, opened_for_writing(refused_file, "--refused") as kept:
        refused = Refused(kept)
        rows = csv_rows(opened, rule.csv, source) if form == "csv" else camt_rows(opened)
        _send(settings, mapped_waves(rows, opened, source, refused), opened.size)
    _tell_refused(refused, refused_file)


def _source_of_form(mapping: Path, form: str, name: str | None) -> "tuple[Source, Any]":
    """Gives the source of a name, and its words; where none is given, the only one of the form.

    Raises:
        UsageError: The mapping cannot be used, or has no such source.
    """
    read = read_mapping_file(mapping)
    of_form = [one for one, rule in read.file.sources.items() if rule.format == form]
    source = source_of(read, of_form[0] if name is None and len(of_form) == 1 else name, mapping)
    rule = read.file.sources[source.name]
    if rule.format != form:
        other = f"write --source and one of {', '.join(of_form)}" if of_form else f'none has format = "{form}"'
        raise UsageError(f"{mapping}: the source {source.name} has the format {rule.format}; {other}")
    return source, rule


def _tell_refused(refused: "Refused", kept: Path | None) -> None:
    """Says what was not sent; ends with status 1 where rows were refused."""
    for why, count in refused.skipped.most_common():
        typer.echo(f"{counted(count, 'row')} skipped: {why}", err=True)
    if not refused.by_reason:
        return
    for line in refused.first:
        typer.echo(line, err=True)
    reasons = ", ".join(f"{reason} {count:,}" for reason, count in refused.by_reason.most_common())
    where = f"; all of them are in {kept}" if kept else "; --refused FILE keeps them"
    typer.echo(f"{counted(refused.by_reason.total(), 'row')} refused ({reasons}){where}", err=True)
    raise typer.Exit(1)


def open_events(file: str) -> "io.BufferedReader":
    """Opens a file of events; "-" is standard input.

    Raises:
        UsageError: The file cannot be opened.
    """
    try:
        return open(_STANDARD_INPUT, "rb", closefd=False) if file == "-" else Path(file).open("rb")
    except OSError as error:
        raise UsageError(
            f"{file} cannot be read: {error.strerror}; name a file of events, or - for standard input"
        ) from error


def _send(settings: Settings, waves: "Iterator[Wave]", total: int | None) -> None:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    from streams.load.produce import produce
    from streams.logs import set_up_logging

    set_up_logging()
    console = Console(stderr=True)
    columns = (BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[events]:,} events"), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=total, events=0)

        def on_wave(wave: "Wave") -> None:
            so_far = progress.tasks[task].fields["events"]
            progress.update(task, advance=wave.progress, events=so_far + len(wave.events))

        sent = asyncio.run(produce(settings, waves, on_wave))
    rate = sent.events / sent.seconds if sent.seconds else 0
    typer.echo(f"sent {sent.events:,} events in {sent.seconds:.1f} s ({rate:,.0f} a second)")
