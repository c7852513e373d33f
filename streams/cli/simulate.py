"""`tierflow simulate`: what a policy makes of a file of events, without Kafka."""

import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streams.engine.compile import load_policy
from streams.engine.policy import Policy, PolicyError
from streams.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from streams.simulate import Chunk


def simulate(
    policy: Annotated[Path, typer.Option(metavar="FILE", help="A policy file.")],
    events: Annotated[str, typer.Option(metavar="FILE", help="A JSON object a line; - is standard input.")],
    full: Annotated[bool, typer.Option("--full", help='Every output, as {"topic": …, "value": …}.')] = False,
) -> None:
    """Work a file of events with the worker's engine, in the order of its lines; tier changes on standard output.

    A line is {"topic": "bank.balances", "value": {…}}. Time is the newest event's; what the worker could not use
    is counted, and shown with --full. Needs no Kafka, and reads no setting.
    """
    from streams.cli.load import open_events
    from streams.load.events import read_waves
    from streams.simulate import Simulation

    simulation = Simulation(policy_of(policy))
    with open_events(events) as opened:
        waves = read_waves(opened, "standard input" if events == "-" else events)
        _write((simulation.work(wave.events) for wave in waves), full)


def policy_of(file: Path) -> Policy:
    """The policy in a file of the option --policy; UsageError where it cannot be used."""
    try:
        return load_policy(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"--policy: {file} cannot be read: {error.strerror}; name a policy file") from error
    except (PolicyError, UnicodeDecodeError) as error:
        raise UsageError(f"--policy, {file}: {error}") from error


def _write(chunks: "Iterable[Chunk]", full: bool) -> None:
    """Writes what comes of every chunk at once: it may be the last for long where standard input is read."""
    began, events, changes, reasons = time.perf_counter(), 0, 0, Counter[str]()
    for chunk in chunks:
        sys.stdout.buffer.write(_full_lines(chunk) if full else _changes(chunk))
        sys.stdout.buffer.flush()
        events += len(chunk.events)
        changes += len(chunk.work.changes)
        reasons += chunk.work.reasons
    told = f"{events:,} events, {changes:,} tier changes, {reasons.total():,} dead letters"
    if reasons:
        told += f" ({', '.join(f'{reason} {count:,}' for reason, count in reasons.most_common())})"
    typer.echo(f"{told} in {time.perf_counter() - began:.1f} s", err=True)


def _changes(chunk: "Chunk") -> bytes:
    return b"".join(value + b"\n" for _, value, _ in chunk.work.changes)


def _full_lines(chunk: "Chunk") -> bytes:
    return b"".join(b'{"topic":"%s","value":%s}\n' % (topic.encode(), value) for topic, value in chunk.outputs())
