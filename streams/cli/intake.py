"""`tierflow intake`, and `check`, `try`, `sample`, `suggest`: mappings of own records, and records to write them by."""

import os
from contextlib import nullcontext
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.cli.mapping_file import read_mapping_file, text_of
from streams.cli.output import counted, print_list
from streams.cli.policy import finding_line
from streams.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from streams.intake.compile.mapping import CompiledMapping
    from streams.intake.record import SourceRecord
    from streams.intake.source import Source
    from streams.load.trial import Names, Tried
    from streams.settings import Settings

REGISTRY_WITHIN_S = 20.0
_SHOWN_ROWS = 100
_SHOWN_SIGNS = 160
_FILE = Annotated[Path, typer.Argument(metavar="FILE", help="A mapping, such as config/sources.toml.")]

app = typer.Typer(help="Run the way in: from a bank's own topics to the inputs, by a mapping (docs/intake.md).")


@app.callback(invoke_without_command=True)
def _intake(context: typer.Context) -> None:
    """Run the way in: from a bank's own topics to the inputs, by the mapping of TIERFLOW_SOURCES (docs/intake.md)."""
    if context.invoked_subcommand is None:
        from streams.cli.intake_run import run_sources

        run_sources()


@app.command()
def check(
    file: _FILE,
    registry: Annotated[
        bool, typer.Option("--registry", help="Hold it against the newest schemas of its registry, too.")
    ] = False,
) -> None:
    """Say what is wrong with a mapping, line and field, or what it does; exit status 1 if it cannot be used."""
    from streams.intake.check import check_mapping, in_words

    report = check_mapping(text_of(file))
    for finding in report.errors:
        typer.echo(finding_line(file, finding))
    for finding in report.warnings:
        typer.echo(finding_line(file, finding, is_warning=True))
    if report.mapping is None:
        typer.echo(f"{counted(len(report.errors), 'error')}; the mapping cannot be used")
        raise typer.Exit(1)
    for line in in_words(report.mapping.file):
        typer.echo(line)
    if registry:
        import asyncio

        for line in asyncio.run(_beside_schemas(report.mapping)):
            typer.echo(line)


async def _beside_schemas(mapping: "CompiledMapping") -> list[str]:
    """Says of each source in Avro how it stands to the newest schema of its topic.

    Raises:
        UsageError: The mapping has no registry, or that does not let us in.
        TryAgainError: The registry is away.
    """
    from streams.intake.check import beside_schema
    from streams.intake.formats.avro import field_names
    from streams.intake.refused import MalformedError
    from streams.settings import Settings
    from streams.stages.sources import registry_of

    registry = registry_of(Settings.from_environment(), mapping, REGISTRY_WITHIN_S)
    if registry is None:
        raise UsageError("the mapping has no [registry], so --registry has nothing to hold it against")
    said = []
    for name, source in mapping.sources.items():
        format_ = mapping.file.sources[name].format
        if format_ not in {"avro", "debezium-avro"} or source.each is not None:
            continue
        subject = f"{source.topic}-value"
        schema = await registry.newest(subject)
        if schema is None:
            said.append(f"{name}: the registry has no schema of {subject}")
            continue
        try:
            found = beside_schema(source, field_names(schema, subject, is_debezium=format_ == "debezium-avro"))
        except MalformedError as error:
            found = [str(error)]
        said.append(f"{name}: {subject}: {'; '.join(found) or 'each of its fields is read'}")
    return said


@app.command(name="try")
def try_(  # noqa: PLR0913, PLR0917 - each is an option
    file: _FILE,
    records: Annotated[Path, typer.Option("--records", metavar="SAMPLE", help="A file of records of the source.")],
    source: Annotated[str | None, typer.Option(metavar="NAME", help="The source, where there are several.")] = None,
    policy: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The policy that is asked, too: TIERFLOW_POLICY unless given.")
    ] = None,
    rows: Annotated[int, typer.Option(min=0, metavar="N", help="How many rows the table shows.")] = _SHOWN_ROWS,
    events: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the events, too, for simulate and load events.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON object a row, of all rows.")] = False,
) -> None:
    """Show each record beside what comes of it; exit status 1 if one is refused."""
    from streams.load.trial import Names, tried
    from streams.settings import Settings, read_policy_file

    mapping = read_mapping_file(file)
    chosen = source_of(mapping, source, file)
    named = "TIERFLOW_POLICY" if policy is None else "--policy"
    settings = Settings.from_environment()
    rules = read_policy_file(policy or settings.policy, named)
    names = Names(chosen)
    counts = {"row": 0, "event": 0, "skipped": 0, "refused": 0}
    told = _counted(
        tried(chosen, mapping.file.sources[chosen.name], records, rules, _getting_schemas(settings, mapping, chosen)),
        names,
        counts,
        events,
    )
    if as_json:
        for row in told:
            typer.echo(_json_line(row))
    else:
        print_list(("place", "record", "becomes", "with"), _cells(islice(told, rows)), {"place"})
        for _ in told:  # the rest is counted
            pass
    _say_counts(counts, rows, as_json=as_json)
    if mapping.file.sources[chosen.name].format != "camt":  # whose rows have what the format has
        _say_names(names)
    if counts["refused"]:
        raise typer.Exit(1)


@app.command()
def sample(
    topic: Annotated[str, typer.Argument(metavar="TOPIC", help="A topic of yours.")],
    records: Annotated[int, typer.Option(min=1, max=100_000, metavar="N", help="How many records at most.")] = 100,
) -> None:
    """Write the newest records of a topic, a JSON object each, for try and suggest."""
    import asyncio

    from streams.intake.record import SourceRecord
    from streams.intake.samples import sample_line
    from streams.kafka.sampled import sample_of
    from streams.logs import set_up_logging
    from streams.settings import Settings

    set_up_logging()
    found = asyncio.run(sample_of(Settings.from_environment(), topic, records))
    for one in found:
        record = SourceRecord(
            one.topic, one.partition, one.offset, one.key, one.value, one.timestamp, tuple(one.headers)
        )
        typer.echo(sample_line(record), nl=False)
    typer.echo(f"{counted(len(found), 'record')} of {topic}", err=True)


@app.command()
def suggest(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file of records, or of rows.")],
    name: Annotated[str | None, typer.Option(metavar="NAME", help="The name of the source.")] = None,
    topic: Annotated[str | None, typer.Option(metavar="TOPIC", help="The topic that the records are from.")] = None,
) -> None:
    """Write a first mapping from up to 100 records; what could not be guessed is marked by "?"."""
    from streams.load.suggested import suggested

    text = suggested(file, name, topic)
    typer.echo(text, nl=False)
    marked = text.count('"?"')
    then = f'{counted(marked, "place")} marked by "?"; write what belongs there, ' if marked else ""
    typer.echo(f"{then}then look at it: tierflow intake check, and try", err=True)


def _getting_schemas(
    settings: "Settings", mapping: "CompiledMapping", source: "Source"
) -> "Callable[[Collection[SourceRecord]], None]":
    """Gives what gets the schemas that records of a source name, from the registry of the mapping."""
    import asyncio

    from streams.registry.registry import get_schemas
    from streams.stages.sources import registry_of

    registry = registry_of(settings, mapping, REGISTRY_WITHIN_S)
    return lambda records: asyncio.run(get_schemas(registry, source, records))


def source_of(mapping: "CompiledMapping", name: str | None, file: Path) -> "Source":
    """Gives the source of a name; where none is given, the only one.

    Raises:
        UsageError: There is no such source, or there are several.
    """
    names = ", ".join(mapping.sources)
    if name is None and len(mapping.sources) == 1:
        return next(iter(mapping.sources.values()))
    if name is None:
        raise UsageError(f"{file} has several sources; write --source and one of {names}")
    if name not in mapping.sources:
        raise UsageError(f"{file} has no source {name}; there are {names}")
    return mapping.sources[name]


def opened_for_writing(file: Path | None, option: str) -> Any:
    """Opens a file for what a command writes beside its answer, for its owner alone; without one, a context of None.

    Raises:
        UsageError: It cannot be written.
    """
    try:
        return nullcontext() if file is None else open(file, "wb", opener=_for_its_owner)
    except OSError as error:
        raise UsageError(f"{option}: {file} cannot be written: {error.strerror}; name another file") from error


def _for_its_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _counted(rows: "Iterator[Tried]", names: "Names", counts: dict[str, int], file: Path | None) -> "Iterator[Tried]":
    """Counts the rows as they pass by, and writes their events."""
    from streams.contracts.lines import line_of

    with opened_for_writing(file, "--events") as written:
        for row in rows:
            names.note(row)
            counts["row"] += 1
            counts["event"] += len(row.events)
            counts["skipped"] += bool(row.skipped)
            counts["refused"] += row.refused is not None
            if written is not None:
                written.writelines(map(line_of, row.events))
            yield row


def _say_counts(counts: dict[str, int], shown: int, *, as_json: bool) -> None:
    of = f" (the first {shown:,} are shown)" if counts["row"] > shown and not as_json else ""
    said = f"{counted(counts['row'], 'row')}{of}: {counted(counts['event'], 'event')}"
    typer.echo(f"{said}, {counts['skipped']:,} skipped, {counts['refused']:,} refused", err=True)


def _say_names(names: "Names") -> None:
    for said, found in (("read by nothing", names.read_by_nothing()), ("in no row", names.in_no_row())):
        if found:
            typer.echo(f"{said}: {', '.join(found)}", err=True)


def _becomes(row: "Tried") -> tuple[str, list[str]]:
    """Gives what becomes of a row, and the sentence for it, or its events."""
    from streams.values.events import WAYS_IN

    if row.refused is not None:
        return f"refused: {row.refused[0]}", [row.refused[1]]
    if row.skipped:
        return "(skipped)", [row.skipped]
    return ", ".join(WAYS_IN[event.topic] for event in row.events), [event.value.decode() for event in row.events]


def _cells(rows: "Iterator[Tried]") -> "Iterator[Sequence[str]]":
    """Gives the rows of the table: one for each event, of which the first has the record beside it."""
    from streams.load.trial import shown

    for row in rows:
        becomes, texts = _becomes(row)
        names = becomes.split(", ") if row.events else [becomes]
        text = shown(row)
        cut = text if len(text) <= _SHOWN_SIGNS else text[:_SHOWN_SIGNS] + "…"
        for number, (name, said) in enumerate(zip(names, texts, strict=True)):
            yield ("", "", name, said) if number else (row.place, cut, name, said)


def _json_line(row: "Tried") -> str:
    import orjson

    becomes, texts = _becomes(row)
    line = {
        "topic": row.record.topic,
        "partition": row.record.partition,
        "offset": row.record.offset,
        "refused": row.refused is not None,
        "becomes": becomes,
        "with": [orjson.loads(text) for text in texts] if row.events else texts[0],
    }
    return orjson.dumps(line).decode()
