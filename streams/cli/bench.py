"""`tierflow bench NAME`: the benchmarks (docs/benchmarks.md)."""

import logging
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

app = typer.Typer(no_args_is_help=True)


@app.callback()
def quiet() -> None:
    """The benchmarks. They use the broker of KAFKA_BOOTSTRAP_SERVERS, else a local one of their own."""
    # Topics that were just made have no leader yet: aiokafka tries again, and logs a warning each time.
    logging.getLogger("aiokafka").setLevel(logging.ERROR)


Json = Annotated[bool, typer.Option("--json", help="Print one JSON object, and nothing else.")]
Policy = Annotated[
    Path | None, typer.Option(exists=True, dir_okay=False, help="A policy file; assets-only.toml where none is given.")
]
Partitions = Annotated[int, typer.Option(min=1, help="Of every topic.")]
Seed = Annotated[int, typer.Option(help="Of the workload.")]
Sealed = Annotated[bool, typer.Option("--sealed", help="States and outputs sealed by keys of customers.")]


@app.command()
def throughput(  # noqa: PLR0913, PLR0917 - a command's options
    events: Annotated[int, typer.Option(min=1, help="How many events are worked.")] = 1_000_000,
    customers: Annotated[int, typer.Option(min=1, help="Of so many customers.")] = 100_000,
    workers: Annotated[int, typer.Option(min=1, help="How many worker processes.")] = 1,
    partitions: Partitions = 4,
    policy: Policy = None,
    seed: Seed = 7,
    sealed: Sealed = False,
    json: Json = False,
) -> None:
    """Events a second, and the CPU time for a million."""
    from streams.bench.throughput import ThroughputOptions, measure_throughput

    options = ThroughputOptions(events, customers, workers, partitions, policy, seed, sealed)
    _show("Throughput", measure_throughput(options, _say), json=json)


@app.command()
def partition(  # noqa: PLR0913, PLR0917 - a command's options
    events: Annotated[int, typer.Option(min=1, help="How many events are worked.")] = 200_000,
    customers: Annotated[int, typer.Option(min=1, help="Of so many customers.")] = 20_000,
    batch: Annotated[int, typer.Option(min=1, help="Events, or decisions by time alone, in a batch.")] = 2_000,
    policy: Policy = None,
    seed: Seed = 7,
    sealed: Sealed = False,
    due: Annotated[
        bool, typer.Option("--due", help="Not of events: of decisions by time alone, one for each customer.")
    ] = False,
    json: Json = False,
) -> None:
    """The CPU time of the partition alone for an event, or for a decision by time alone, without Kafka."""
    from streams.bench.due_alone import DueAloneOptions, measure_due_alone
    from streams.bench.partition import PartitionOptions, measure_partition

    if due:
        _show("Partition", measure_due_alone(DueAloneOptions(customers, batch, policy)), json=json)
        return
    _show("Partition", measure_partition(PartitionOptions(events, customers, batch, policy, seed, sealed)), json=json)


@app.command()
def latency(  # noqa: PLR0913, PLR0917 - a command's options
    rate: Annotated[int, typer.Option(min=1, help="Events a second.")] = 5_000,
    seconds: Annotated[int, typer.Option(min=1, help="How long, after 3 s of warm-up.")] = 20,
    partitions: Partitions = 4,
    policy: Policy = None,
    steps: Annotated[bool, typer.Option("--steps", help="Also say how long each step of a batch took.")] = False,
    json: Json = False,
) -> None:
    """The delay from producing an event to reading its committed tier change."""
    from streams.bench.latency import LatencyOptions, measure_latency

    _show("Latency", measure_latency(LatencyOptions(rate, seconds, partitions, policy, steps), _say), json=json)


@app.command()
def recovery(
    records: Annotated[int, typer.Option(min=1, help="Customers in the changelog.")] = 1_000_000,
    partitions: Partitions = 4,
    policy: Policy = None,
    json: Json = False,
) -> None:
    """State records a second when a worker takes over."""
    from streams.bench.recovery import RecoveryOptions, measure_recovery

    _show("Recovery", measure_recovery(RecoveryOptions(records, partitions, policy), _say), json=json)


@app.command()
def memory(
    customers: Annotated[int, typer.Option(min=1, help="How many the worker holds.")] = 100_000,
    partitions: Partitions = 4,
    policy: Policy = None,
    json: Json = False,
) -> None:
    """The memory of a worker, and of each customer in it."""
    from streams.bench.memory import MemoryOptions, measure_memory

    _show("Memory", measure_memory(MemoryOptions(customers, partitions, policy), _say), json=json)


@app.command()
def due(
    timers: Annotated[int, typer.Option(min=1, help="How many customers fall due at one instant.")] = 1_000_000,
    rate: Annotated[int, typer.Option(min=1, help="Live events a second meanwhile.")] = 1_000,
    partitions: Partitions = 4,
    policy: Policy = None,
    json: Json = False,
) -> None:
    """What falls due by time alone at one instant, and the delay of live events meanwhile."""
    from streams.bench.due import DueOptions, measure_due

    _show("Due", measure_due(DueOptions(timers, rate, partitions, policy), _say), json=json)


@app.command()
def deliver(
    events: Annotated[int, typer.Option(min=1, help="How many tier changes are sent.")] = 30_000,
    in_flight: Annotated[int, typer.Option(min=1, max=1000, help="Requests at a time.")] = 32,
    partitions: Partitions = 4,
    policy: Policy = None,
    json: Json = False,
) -> None:
    """Events a second from Kafka to an HTTP endpoint, and the CPU time for them."""
    from streams.bench.deliver import DeliverOptions, measure_deliver

    _show("Deliver", measure_deliver(DeliverOptions(events, in_flight, partitions, policy), _say), json=json)


def _say(progress: str) -> None:
    """Prints progress on standard error, since standard output has the result alone."""
    Console(stderr=True, highlight=False).print(progress, style="dim", markup=False)


def _show(title: str, measured: msgspec.Struct, *, json: bool) -> None:
    if json:
        typer.echo(msgspec.json.encode(measured))
        return
    table = Table("measure", "is", title=title)
    rows = msgspec.structs.asdict(measured)
    for name, value in {**rows, **(rows.pop("steps_ms", None) or {})}.items():
        table.add_row(name, f"{value:,}" if isinstance(value, int | float) else str(value))
    Console().print(table)
