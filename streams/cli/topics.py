"""`tierflow topics create / check`: makes the topics, or checks them."""

import asyncio
from typing import Annotated

import typer

from streams.settings import Settings

app = typer.Typer(help="Make or check the topics.", no_args_is_help=True)


@app.command()
def create(
    partitions: Annotated[int, typer.Option(min=1, help="Of every input and output.")] = 4,
    replication: Annotated[int, typer.Option(min=1, help="Copies of every partition; production: 3.")] = 1,
) -> None:
    """Make what is missing, and check what is there."""
    from streams.kafka.topics import ensure_topics

    made = asyncio.run(ensure_topics(Settings.from_environment(), partitions, replication))
    typer.echo(f"made {', '.join(made)}" if made else "all topics are there, and fit")


@app.command()
def check() -> None:
    """Check that the topics are there and fit; exit status 2 and a sentence for each that does not."""
    from streams.kafka.topics import check_topics

    partitions = asyncio.run(check_topics(Settings.from_environment()))
    typer.echo(f"all topics are there, with {partitions} partitions, and fit")
