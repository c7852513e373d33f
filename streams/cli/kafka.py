"""`tierflow kafka start / stop / status`: the local Apache Kafka."""

from pathlib import Path
from typing import Annotated

import typer

from streams.settings import Settings

app = typer.Typer(help="A local Apache Kafka on 127.0.0.1, for trying out and for tests.", no_args_is_help=True)


def folder_of(settings: Settings) -> Path:
    """Gives the folder in which the local Kafka keeps its data, its log and its pid."""
    return settings.data_dir / "kafka"


@app.command()
def start(port: Annotated[int, typer.Option(min=1, max=65_535, help="The port on 127.0.0.1.")] = 9092) -> None:
    """Start it in the background, or find it running."""
    from streams.kafka import local

    running = local.start(folder_of(Settings.from_environment()), port)
    typer.echo(f"Apache Kafka answers on {running.bootstrap_servers} (process {running.pid}, data in {running.folder})")


@app.command()
def stop() -> None:
    """Stop it cleanly."""
    from streams.kafka import local

    stopped = local.stop(folder_of(Settings.from_environment()))
    typer.echo("Apache Kafka has stopped" if stopped else "no local Apache Kafka was running")


@app.command()
def status() -> None:
    """Say whether it runs; exit status 1 where it does not."""
    from streams.kafka import local

    running = local.status(folder_of(Settings.from_environment()))
    if running is None:
        typer.echo("no local Apache Kafka is running; start it with: tierflow kafka start")
        raise typer.Exit(1)
    typer.echo(f"Apache Kafka answers on {running.bootstrap_servers} (process {running.pid}, data in {running.folder})")
