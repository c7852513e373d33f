"""`tierflow deliver`, and its check / parked / resend: sends outputs to HTTP endpoints, and parked events again."""

import asyncio
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from streams.cli.output import counted, print_list, visible
from streams.errors import UsageError
from streams.settings import Settings, variables
from streams.signals import end_when_asked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streams.deliver.config import Endpoint, Target
    from streams.deliver.parked import Parked, Position
    from streams.kafka.erasures import Erasures

app = typer.Typer(context_settings={"help_option_names": ["-h", "--help"]})

CONFIG = Path("config/deliver.toml")
COLUMNS = ("at", "endpoint", "id", "topic", "partition", "offset", "tries", "reason")

Config = Annotated[Path, typer.Option("--config", dir_okay=False, help="The file with the endpoints.")]
OnlyConfig = Annotated[
    Path | None, typer.Option("--config", dir_okay=False, help="Only those of the endpoints in this file.")
]
EndpointName = Annotated[str | None, typer.Option("--endpoint", metavar="NAME", help="Only those of this endpoint.")]


@app.callback(invoke_without_command=True)
def deliver(
    context: typer.Context,
    config: Config = CONFIG,
    metrics_port: Annotated[
        int | None, typer.Option(min=1, max=65_535, help="Metrics for Prometheus there; none where it is not given.")
    ] = None,
    metrics_host: Annotated[str, typer.Option(help="The address of --metrics-port.")] = "127.0.0.1",
) -> None:
    """Send tier changes, campaigns and risk decisions to HTTP endpoints until SIGTERM or SIGINT."""
    if context.invoked_subcommand is not None:
        return
    end_when_asked()
    from streams.cli.start import patiently
    from streams.deliver.metrics_server import MetricsAddress
    from streams.deliver.run import deliver as run
    from streams.deliver.run import prepare
    from streams.logs import set_up_logging

    targets = _targets(config)
    settings = Settings.from_environment()
    set_up_logging()
    address = None if metrics_port is None else MetricsAddress(metrics_host, metrics_port)

    async def prepared() -> int:
        return await run(settings, targets, address, await patiently(lambda: prepare(settings, targets)))

    raise typer.Exit(asyncio.run(prepared()))


@app.command()
def check(context: typer.Context, config: Config = CONFIG) -> None:
    """Say which endpoints the file has and what each gets; exit status 2 where something cannot be used."""
    # `tierflow deliver --config FILE check` puts the option before the word check: then the callback has it.
    before = context.parent.params["config"] if context.parent else CONFIG
    for target in _targets(before if config == CONFIG else config):
        typer.echo(_endpoint_line(target.endpoint))


@app.command()
def parked(
    context: typer.Context,
    endpoint: EndpointName = None,
    config: OnlyConfig = None,
    everything: Annotated[bool, typer.Option("--all", help="Also those that were sent again.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="An event a line.")] = False,
) -> None:
    """Show the events that were given up, oldest first; those of customers who were erased since are only counted."""
    from streams.deliver.resend import Choice
    from streams.logs import set_up_logging

    settings = Settings.from_environment()
    set_up_logging()
    found, again, erasures = asyncio.run(_read(settings))
    choice = Choice(_endpoints(context, config, endpoint))
    wanted = [each for each in found if choice.takes(each) and (everything or each.position not in again)]
    shown = [each for each in wanted if not each.is_void(erasures)]
    if as_json:
        for each in shown:
            sys.stdout.buffer.write(msgspec.json.encode(_json_fields(each, again)) + b"\n")
    elif shown:
        _print_table(shown, again)
    typer.echo(f"{counted(len(shown), 'parked event')}{_left_out(len(wanted) - len(shown))}", err=as_json)


@app.command()
def resend(
    context: typer.Context,
    endpoint: EndpointName = None,
    config: OnlyConfig = None,
    event_id: Annotated[str | None, typer.Option("--id", help="Only that of this event id.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask, on a terminal, before all are sent.")] = False,
) -> None:
    """Send parked events again, each once: they go to the queues of their endpoints, which `tierflow deliver` works.

    What is of before its customer's erase is left out.
    """
    from streams.deliver.resend import Choice
    from streams.deliver.resend import resend as send_again
    from streams.logs import set_up_logging

    settings = Settings.from_environment()
    choice = Choice(_endpoints(context, config, endpoint), event_id)
    set_up_logging()
    if event_id is None and not yes and sys.stdin.isatty():
        typer.confirm(f"Send all parked events{'' if endpoint is None else f' of {endpoint}'} again?", abort=True)
    sent, erased = asyncio.run(send_again(settings, choice))
    by_endpoint = sorted(Counter(event.endpoint for event in sent).items())
    listed = ", ".join(f"{visible(name)} {count:,}" for name, count in by_endpoint)
    queues = f"the queues{f': {listed}' if listed else ''}"
    typer.echo(f"handed {counted(len(sent), 'parked event')} to {queues}{_left_out(erased)}")


def _left_out(erased: int) -> str:
    return f"; {counted(erased, 'event')} left out: of customers who were erased since" if erased else ""


def _endpoints(context: typer.Context, config: Path | None, endpoint: str | None) -> frozenset[str] | None:
    """Gives the names of the endpoints that are meant; None: all.

    Raises:
        UsageError: The file cannot be used, or has no endpoint of that name.
    """
    # `tierflow deliver --config FILE parked` puts the option before the word: then the callback has it.
    before = context.parent.params["config"] if context.parent else CONFIG
    config = config or (None if before == CONFIG else before)
    if config is None:
        return None if endpoint is None else frozenset({endpoint})
    names = frozenset(target.endpoint.name for target in _targets(config))
    if endpoint is not None and endpoint not in names:
        raise UsageError(f"--endpoint is {endpoint!r}, and {config} has {', '.join(sorted(names))}; write one of these")
    return names if endpoint is None else frozenset({endpoint})


def _targets(config: Path) -> "list[Target]":
    from streams.deliver.config import read_targets

    return read_targets(config, variables())


def _endpoint_line(endpoint: "Endpoint") -> str:
    from urllib.parse import urlsplit

    filters = [
        f"{word} {', '.join(values)}"
        for word, values in (
            ("of tiers", endpoint.tiers),
            ("directions", endpoint.directions),
            ("kinds", endpoint.kinds),
            ("campaign groups", endpoint.groups if "campaigns" in endpoint.events else ()),
        )
        if values
    ]
    filtered = [", ".join(event for event in endpoint.events if event != "erasures"), *filters]
    told = [", ".join(filter(None, filtered))] if endpoint.events != ("erasures",) else []
    told += ["every erasure"] if "erasures" in endpoint.events else []
    # Without path and query, which may hold secrets.
    parts = urlsplit(endpoint.url)
    return f"{endpoint.name}: {'; '.join(told)}; to {parts.scheme}://{parts.hostname}"


async def _read(settings: Settings) -> "tuple[list[Parked], set[Position], Erasures]":
    from streams.deliver.parked import read_parked, sent_again
    from streams.kafka.erasures import read_erasures
    from streams.kafka.permitted import check_rights

    await check_rights(settings, "parked")
    return await read_parked(settings), await sent_again(settings), await read_erasures(settings)


def _json_fields(each: "Parked", again: "set[Position]") -> dict[str, object]:
    fields = {name: value for name, value in each._asdict().items() if name not in {"record", "opened"}}
    value = each.opened.value or b"null"
    try:
        msgspec.json.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError):
        value = msgspec.json.encode(value)  # no JSON: msgspec writes bytes as base64
    return fields | {"sent_again": each.position in again, "value": msgspec.Raw(value)}


def _print_table(shown: "Sequence[Parked]", again: "set[Position]") -> None:
    rows = (
        [*(str(getattr(each, column)) for column in COLUMNS), "yes" if each.position in again else ""] for each in shown
    )
    print_list((*COLUMNS, "again"), rows, numbers={"partition", "offset", "tries"})
