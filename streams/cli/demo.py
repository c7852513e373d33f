"""`tierflow demo`: a Kafka, a worker and live events on this machine, with a live view."""

import sys
from typing import Annotated

import typer

from streams.settings import Settings

SHOWN_DIFFERENCES = 20


def demo(
    events: Annotated[int | None, typer.Option(min=1, help="End after so many live events.")] = None,
    seconds: Annotated[float | None, typer.Option(min=0.1, help="End after so many seconds of live events.")] = None,
) -> None:
    """Play a small bank on this machine: Kafka, topics, a worker, live events, and a live view of the tiers.

    --events, --seconds, ctrl-C or SIGTERM end the live events: all that were sent are worked, the audit replays them,
    and a summary says what happened; exit status 1 if the audit finds a difference. A second ctrl-C ends the demo at
    once, without audit and summary. KAFKA_BOOTSTRAP_SERVERS in the environment names a Kafka to use instead.
    """
    from rich.console import Console

    from streams.cli.start import free_port, with_http_port
    from streams.demo.play import DemoOptions
    from streams.demo.run import run_demo
    from streams.demo.view import LinesView, LiveView, summary
    from streams.logs import set_up_logging

    settings = Settings.from_environment()
    ports = with_http_port(settings).http_port, free_port("127.0.0.1", settings.console.port)
    set_up_logging()
    console = Console()
    is_live = sys.stdout.isatty() and not console.is_dumb_terminal
    outcome = run_demo(DemoOptions(events, seconds, *ports), LiveView(console) if is_live else LinesView(typer.echo))
    typer.echo()
    for line in summary(outcome):
        typer.echo(line)
    for difference in outcome.report.found[:SHOWN_DIFFERENCES]:
        typer.echo(str(difference))
    if outcome.report.differences:
        raise typer.Exit(1)
