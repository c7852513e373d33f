"""`tierflow export`: the outputs as Parquet files."""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli.output import counted
from streams.errors import UsageError
from streams.settings import Settings

if TYPE_CHECKING:
    from streams.export.run import Exported

_DAYS = ["%Y-%m-%d"]


def export(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the files are; what is there is gone on with.")],
    as_of: Annotated[
        list[datetime] | None,
        typer.Option("--as-of", formats=_DAYS, help="Write the tier of every customer at the end of this day, too."),
    ] = None,
) -> None:
    """Write tier changes, campaign triggers and loan decisions to Parquet files, each once (docs/analytics.md)."""
    try:
        from streams.export.files import Folder
        from streams.export.run import export as go_on
    except ModuleNotFoundError as error:
        raise UsageError(f"{error.name} is missing: pip install 'tierflow[export]'") from error
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    from streams.logs import set_up_logging

    settings = Settings.from_environment()
    set_up_logging()
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("")
        days = [day.date() for day in as_of or ()]
        done = asyncio.run(
            go_on(
                settings,
                Folder(folder),
                days,
                lambda name, read, total: bar.update(task, description=name, completed=read, total=total),
            )
        )
    _tell(done, folder)


def _tell(done: "Exported", folder: Path) -> None:
    new = ", ".join(f"{name} {rows:,}" for name, rows in done.rows.items())
    typer.echo(f"{folder}: new rows: {new}")
    for day, customers in done.customers.items():
        typer.echo(f"{counted(customers, 'customer')} at the end of {day}")
    if done.erased:
        typer.echo(f"{counted(done.erased, 'row')} of erased customers taken out")
    for name, foreign in done.foreign.items():
        if foreign:
            typer.echo(f"{name}: {counted(foreign, 'record')} passed over: no message of tierflow", err=True)
