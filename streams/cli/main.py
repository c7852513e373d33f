"""The command `tierflow`: the typer app, put together from the modules of the commands."""

import sys
from typing import Annotated

import typer
from rich.console import Console

from streams.cli import audit, bench, dead_letters, deliver, kafka, load, policy, topics
from streams.cli.demo import demo
from streams.cli.explain import explain
from streams.cli.simulate import simulate
from streams.cli.watch import watch
from streams.cli.worker import worker
from streams.compiled import is_compiled
from streams.errors import NEEDS_A_PERSON, TRY_AGAIN, TryAgainError, UsageError
from streams.logs import set_levels

app = typer.Typer(
    name="tierflow",
    help="Real-time customer tiering for banks: Kafka events in, tier changes out, exactly once.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(bench.app, name="bench")
app.add_typer(dead_letters.app, name="dead-letters")
app.add_typer(deliver.app, name="deliver")
app.add_typer(kafka.app, name="kafka")
app.add_typer(load.app, name="load")
app.add_typer(policy.app, name="policy")
app.add_typer(topics.app, name="topics")
app.command("audit")(audit.audit)
app.command("demo")(demo)
app.command("explain")(explain)
app.command("simulate")(simulate)
app.command("watch")(watch)
app.command("worker")(worker)


def _print_version(is_asked: bool) -> None:
    if is_asked:
        from importlib.metadata import version

        print(f"tierflow {version('tierflow')} ({'compiled' if is_compiled() else 'interpreted'})")
        raise typer.Exit


@app.callback()
def options(
    _: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_print_version,
            is_eager=True,
            help="Says the version, and whether the logic runs compiled.",
        ),
    ] = False,
) -> None:
    """Takes the options of the command line as a whole."""


def run() -> None:
    """Runs the command line.

    A UsageError becomes a sentence on standard error and exit status 2, a TryAgainError one and 70; no traceback.
    """
    set_levels()
    try:
        app()
    except (UsageError, TryAgainError) as error:
        Console(stderr=True, soft_wrap=True, highlight=False).print(f"tierflow: {error}", markup=False)
        sys.exit(NEEDS_A_PERSON if isinstance(error, UsageError) else TRY_AGAIN)
