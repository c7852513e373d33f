"""The stage of tables: outputs in; the same messages as rows of tables out, for Kafka Connect (docs/tables.md).

    tier.changes -> tier.changes.connect or tier.changes.avro, and so on

Why it is a stage of its own, and no other form of the outputs: docs/adr/0014-rows-beside-the-outputs.md.
"""

from streams.contracts.kept import LaneRecord
from streams.partition.tables import Tables, Writer
from streams.settings import Settings
from streams.stages.stage import Output, Prepare, Stage
from streams.tables import connect
from streams.tables.columns import TABLES

NAME = "tables"


def tables_stage(settings: Settings) -> Stage:
    """Makes the stage. Its partition numbers are those of the outputs."""
    form, names = settings.tables, list(TABLES)
    writers, prepare = _avro(settings) if form == "avro" else (_connect(), lambda _: None)

    def open_partition(_: int, packed: dict[bytes, bytes], lane: LaneRecord) -> Tables:
        return Tables(list(zip(names, writers, strict=True)), packed, lane)

    return Stage(
        name=NAME,
        title=NAME,
        group=settings.app_id,
        ids_prefix=f"{settings.transactional_ids}.tables-{form}-",
        inputs=[settings.output_topic(name) for name in names],
        outputs={name: Output(settings.table_topic(name)) for name in names},
        changelog=settings.tables_changelog_topic,
        open=open_partition,
        elastic=True,
        witnesses=names,
        prepare=prepare,
    )


def _connect() -> list[Writer]:
    return [connect.writer_of(table) for table in TABLES.values()]


def _avro(settings: Settings) -> tuple[list[Writer], Prepare]:
    """Gives what makes rows in Avro, and what has their schemas registered before the first one is made."""
    from streams.registry.subjects import Subjects  # noqa: PLC0415 - most workers need no Avro
    from streams.tables import avro  # noqa: PLC0415 - as above

    subjects = {settings.table_topic(name) + "-value": avro.schema_text(table) for name, table in TABLES.items()}
    registered = Subjects(settings.registry, subjects)

    def writer(name: str) -> Writer:
        subject = settings.table_topic(name) + "-value"
        return avro.writer_of(TABLES[name], lambda: registered.numbers[subject])

    return [writer(name) for name in TABLES], registered.prepare
