"""The command `tierflow`: the typer app, put together from the modules of the commands."""

from typing import Annotated

import typer

from streams.cli import acls, audit, bench, dead_letters, deliver, intake, kafka, load, policy, topics
from streams.cli.console import console
from streams.cli.demo import demo
from streams.cli.examples import epilog
from streams.cli.explain import explain
from streams.cli.export import export
from streams.cli.simulate import simulate
from streams.cli.watch import watch
from streams.compiled import is_compiled

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
app.add_typer(intake.app, name="intake")
app.add_typer(kafka.app, name="kafka")
app.add_typer(load.app, name="load")
app.add_typer(policy.app, name="policy")
app.add_typer(topics.app, name="topics")
app.command("acls", epilog=epilog("acls"))(acls.acls)
app.command("audit", epilog=epilog("audit"))(audit.audit)
app.command("console", epilog=epilog("console"))(console)
app.command("demo", epilog=epilog("demo"))(demo)
app.command("explain", epilog=epilog("explain"))(explain)
app.command("export", epilog=epilog("export"))(export)
app.command("simulate", epilog=epilog("simulate"))(simulate)
app.command("watch", epilog=epilog("watch"))(watch)


@app.command(epilog=epilog("worker"))
def worker(
    *,
    take_outputs: Annotated[
        bool, typer.Option("--take-outputs", help="Take outputs over that belong to another TIERFLOW_APP_ID.")
    ] = False,
) -> None:
    """Work on the input topics until SIGTERM or SIGINT; start more workers to share the partitions."""
    from streams.cli.worker import worker as work

    work(take_outputs=take_outputs)


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
