"""`tierflow load berka / events`: sends data sets to the input topics."""

import asyncio
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streams.errors import UsageError
from streams.settings import Settings

if TYPE_CHECKING:
    import io
    from collections.abc import Iterator

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
) -> None:
    """Send the PKDD'99 (Berka) bank data as events in time order; config/policies/berka.toml suits it.

    Run its workers with TIERFLOW_CLOCK=event: it is history.
    """
    from streams.load.berka import berka_waves
    from streams.load.berka_files import read_berka

    settings = Settings.from_environment()
    files = read_berka(folder)
    _send(settings, berka_waves(files), len(files.trans))


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
