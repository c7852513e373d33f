"""`tierflow simulate`: works events under a policy without a worker, or compares two policies on them."""

import os
import stat
import sys
import time
from collections import Counter
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from streams.cli.language import Lang, asked_language
from streams.contracts.log import encode_json
from streams.errors import UsageError
from streams.policy.policy import Policy
from streams.settings import read_policy_file
from streams.worker.garbage import collect_rarely

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from streams.load.produce import Wave
    from streams.partition.work import Work
    from streams.simulate import Chunk, Simulation
    from streams.simulate.simulation import InputRecord, Output

# Thousands at a time are quick, because each customer is packed once a batch.
BATCH_EVENTS = 20_000


class Answer(NamedTuple):
    """The options that say in which form a comparison is wanted. list_cell: FROM:TO as written.

    lang: of the table and the picture; None where nobody asked.
    """

    list_cell: str | None
    as_json: bool
    picture: Path | None
    lang: str | None

    @property
    def options(self) -> list[str]:
        """Gives the names of the options that were written."""
        given = {"--list": self.list_cell is not None, "--json": self.as_json, "--picture": self.picture is not None}
        return [name for name, is_given in given.items() if is_given]


def simulate(  # noqa: PLR0913, PLR0917 - a command's options
    policy: Annotated[Path, typer.Option(metavar="FILE", help="A policy file.")],
    events: Annotated[
        str | None, typer.Option(metavar="FILE", help="A JSON object a line; - is standard input.")
    ] = None,
    from_kafka: Annotated[
        bool, typer.Option("--from-kafka", help="Instead of a file: the input topics, up to where they end now.")
    ] = False,
    full: Annotated[bool, typer.Option("--full", help='Every output, as {"topic": …, "value": …}.')] = False,
    compare: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Another policy file: who moves from where to where.")
    ] = None,
    list_cell: Annotated[
        str | None, typer.Option("--list", metavar="FROM:TO", help="With --compare: the customers behind a cell.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="With --compare: one JSON object.")] = False,
    picture: Annotated[
        Path | None, typer.Option(metavar="FILE", help="With --compare: the matrix as .svg or .png, too.")
    ] = None,
    lang: Lang = None,
    ahead_days: Annotated[
        int, typer.Option(metavar="N", min=1, max=3_000_000, help="Refuse an event further ahead of the newest so far.")
    ] = 400,
) -> None:
    """Work events with the worker's engine, in the order of their lines; tier changes on standard output.

    A line is {"topic": "bank.balances", "value": {…}}. Time is the newest event's; what the worker could not use
    is counted, and shown with --full. A file needs no Kafka, and no setting is read. With --compare both policies
    work the same events, and the tiers served in the end are held against each other.
    """
    answer = Answer(list_cell, as_json, picture, asked_language(lang, as_json=as_json and picture is None))
    _check(events, from_kafka, full, compare, answer)
    collect_rarely()
    first = read_policy_file(policy, "--policy")
    second = None if compare is None else read_policy_file(compare, "--compare")
    with _opened(events, first) as batches:
        if second is None:
            _simulate(first, batches, full, ahead_days)
        else:
            _compare(first, second, batches, answer, ahead_days)


def _check(events: str | None, from_kafka: bool, full: bool, compare: Path | None, answer: Answer) -> None:
    if (events is None) is not from_kafka:
        raise UsageError("write either --events FILE or --from-kafka: one of them says where the events are")
    if compare is None and answer.options:
        raise UsageError(f"{answer.options[0]} needs another policy to compare with; write --compare FILE too")
    if compare is not None and full:
        raise UsageError("--full shows the outputs of one policy; leave out --compare, or --full")
    if answer.list_cell is not None and answer.as_json:
        raise UsageError("--list and --json are two answers; write one of them")
    if answer.picture is not None:
        _check_picture(answer.picture)


def _check_picture(file: Path) -> None:
    if file.suffix.lower() not in {".svg", ".png"}:
        raise UsageError(f"--picture: {file} ends with {file.suffix or 'nothing'}; write a name with .svg or .png")
    if not file.parent.is_dir():
        raise UsageError(f"--picture: there is no folder {file.parent}; make it, or write another one")


# --- where events come from ---


@contextmanager
def _opened(events: str | None, policy: Policy) -> "Iterator[Iterator[Sequence[InputRecord]]]":
    if events is None:
        from streams.logs import set_up_logging
        from streams.settings import Settings
        from streams.simulate.inputs import read_inputs

        settings = Settings.from_environment()
        set_up_logging()
        with closing(read_inputs(settings, policy)) as batches:
            yield batches
        return
    from streams.cli.load import open_events
    from streams.load.events import read_waves

    with open_events(events) as opened:
        waves = read_waves(opened, "standard input" if events == "-" else events)
        is_file = stat.S_ISREG(os.fstat(opened.fileno()).st_mode)
        yield map(_of_customers, _batches(waves) if is_file else (wave.events for wave in waves))


def _of_customers(batch: "Sequence[InputRecord]") -> "Sequence[InputRecord]":
    from streams.values.events import RATES, TOPICS

    if any(len(TOPICS) <= topic < RATES for topic, _, _ in batch):
        raise UsageError(
            "the file has events that name no customer, or say whose an account is: simulate works those of customers; "
            "load the file with TIERFLOW_ACCOUNTS=on, and simulate --from-kafka"
        )
    return batch


def _batches(waves: "Iterator[Wave]") -> "Iterator[Sequence[InputRecord]]":
    """Joins the waves of a file to large batches. Waves of a pipe are not joined: each is worked when it arrives."""
    batch: list[InputRecord] = []
    try:
        for wave in waves:
            batch += wave.events
            if len(batch) >= BATCH_EVENTS:
                yield batch
                batch = []
    except UsageError:
        yield batch
        raise
    yield batch


def _remembered_ids() -> int:
    from streams.settings import remembered_ids, variables

    return remembered_ids(variables())


# --- one policy ---


def _simulate(policy: Policy, batches: "Iterable[Sequence[InputRecord]]", full: bool, ahead_days: int) -> None:
    from streams.simulate import Simulation

    simulation = Simulation(policy, ahead_days, _remembered_ids())
    _write((chunk for batch in batches for chunk in simulation.work_in_parts(batch)), full)


def _write(chunks: "Iterable[Chunk]", full: bool) -> None:
    """Writes the outputs of each chunk at once, since the next one may be long in coming from standard input."""
    from streams.partition.outputs import sent_to
    from streams.partition.work import CHANGES

    began, events, changes, reasons = time.perf_counter(), 0, 0, Counter[str]()
    for chunk in chunks:
        sys.stdout.buffer.write(_full_lines(chunk) if full else _changes(chunk))
        sys.stdout.buffer.flush()
        events += len(chunk.events)
        changes += len(sent_to(chunk.work, CHANGES))
        reasons += _reasons(chunk.work)
    summary = f"{events:,} events, {changes:,} tier changes, {_dead_letters(reasons)}"
    typer.echo(f"{summary} in {time.perf_counter() - began:.1f} s", err=True)


def _dead_letters(reasons: Counter[str]) -> str:
    listed = ", ".join(f"{reason} {count:,}" for reason, count in reasons.most_common())
    return f"{reasons.total():,} dead letters{f' ({listed})' if listed else ''}"


def _changes(chunk: "Chunk") -> bytes:
    from streams.partition.outputs import sent_to
    from streams.partition.work import CHANGES

    return b"".join((change.value or b"") + b"\n" for change in sent_to(chunk.work, CHANGES))


def _full_lines(chunk: "Chunk") -> bytes:
    return b"".join(map(_full_line, chunk.outputs))


def _full_line(output: "Output") -> bytes:
    key = b"" if output.tombstone_of is None else b'"key":%s,' % encode_json(output.tombstone_of.decode())
    return b'{"topic":"%s",%s"value":%s}\n' % (output.topic.encode(), key, output.value)


# --- two policies ---


def _compare(
    first: Policy, second: Policy, batches: "Iterable[Sequence[InputRecord]]", answer: Answer, ahead_days: int
) -> None:
    from streams.cli.matrix import write_answer
    from streams.simulate import Simulation
    from streams.values.events import RATES

    remembered = _remembered_ids()
    before, after = Simulation(first, ahead_days, remembered), Simulation(second, ahead_days, remembered)
    cell = None if answer.list_cell is None else _cell(answer.list_cell, first, second)
    began, events = time.perf_counter(), 0
    reasons = {"--policy": Counter[str](), "--compare": Counter[str]()}
    for batch in batches:
        events += sum(topic != RATES for topic, _, _ in batch)
        reasons["--policy"] += _worked(before, batch)
        reasons["--compare"] += _worked(after, batch)
    write_answer(before, after, cell, as_json=answer.as_json, picture=answer.picture, lang=answer.lang)
    unusable = "; ".join(f"{option}: {_dead_letters(found)}" for option, found in reasons.items() if found)
    seconds = time.perf_counter() - began
    typer.echo(
        f"{events:,} events under two policies in {seconds:.1f} s{f'; {unusable}' if unusable else ''}", err=True
    )


def _worked(simulation: "Simulation", batch: "Sequence[InputRecord]") -> Counter[str]:
    reasons = Counter[str]()
    for chunk in simulation.work_in_parts(batch):
        reasons += _reasons(chunk.work)
    return reasons


def _reasons(work: "Work") -> Counter[str]:
    """Counts the dead letters of a batch by reason."""
    return Counter({name[1]: count for name, count in work.tally.items() if name[0] == "dead_letters"})


def _cell(written: str, first: Policy, second: Policy) -> tuple[str, str]:
    before, colon, after = written.partition(":")
    if not colon:
        raise UsageError(
            f"--list is {written!r}; write two tiers with a colon between, such as {_example(first, second)}"
        )
    for tier, policy, option in ((before, first, "--policy"), (after, second, "--compare")):
        if tier not in policy.rank:
            raise UsageError(f"--list: {option} has no tier {tier!r}; write one of {', '.join(policy.rank)}")
    return before, after


def _example(first: Policy, second: Policy) -> str:
    return f"{first.tiers[0].id}:{second.tiers[-1].id}"
