"""`tierflow intake check --registry`: a mapping beside the newest schemas of its topics."""

import asyncio
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from streams.intake.check import beside_schema
from streams.intake.compile.mapping import load_mapping
from streams.intake.formats.avro import field_names
from streams.intake.refused import MalformedError
from streams.intake.schemas import RegisteredSchema
from tests.support.avro import BOOKING, mapping_of
from tests.support.commands import Said, tierflow
from tests.support.schema_registry import SchemaRegistry

ROW = {
    "type": "record",
    "name": "Value",
    "fields": [{"name": "id", "type": "long"}, {"name": "owner", "type": ["null", "string"]}],
}
EVENT = {
    "type": "record",
    "name": "Envelope",
    "fields": [
        {"name": "before", "type": ["null", ROW], "default": None},
        {"name": "after", "type": ["null", "Value"], "default": None},
        {"name": "op", "type": "string"},
    ],
}


def checked(text: str, file: Path) -> Said:
    file.write_text(text)
    return tierflow(os.environ, "intake", "check", str(file), "--registry")


def with_fields(schema: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    more = [{"name": name, "type": ["null", "string"], "default": None} for name in names]
    return {**schema, "fields": [*(one for one in schema["fields"] if one["name"] != "channel"), *more]}


async def test_fields_that_nothing_reads_and_names_that_are_not_there_are_said(tmp_path: Path) -> None:
    async with SchemaRegistry() as served:
        served.register(BOOKING)
        served.register(with_fields(BOOKING, "memo", "branch"))
        text = mapping_of(served.url)
        text += text[text.index("[sources.core]") :].replace("sources.core", "sources.cards").replace('"core"', '"c"')
        said = await asyncio.to_thread(checked, text, tmp_path / "sources.toml")
    assert (said.status, said.out.splitlines()[-2:]) == (
        0,
        [
            "core: core-value: read by nothing: branch, memo; not in the schema: channel",
            "cards: the registry has no schema of c-value",
        ],
    )


def test_a_schema_of_which_each_field_is_read_has_nothing_to_be_said() -> None:
    source = load_mapping(mapping_of("https://registry")).sources["core"]
    assert beside_schema(source, [field["name"] for field in BOOKING["fields"]]) == []


def test_of_a_change_event_the_row_counts() -> None:
    schema = RegisteredSchema("AVRO", json.dumps(EVENT))
    assert field_names(schema, "core-value", is_debezium=True) == {"id", "owner"}


@pytest.mark.parametrize(
    ("schema", "says"),
    [
        (RegisteredSchema("JSON", "{}"), "core-value is one of JSON, not of Avro"),
        (RegisteredSchema("AVRO", '{"type": "nothing"}'), "core-value cannot be read"),
    ],
)
def test_what_is_no_schema_of_avro_is_said(schema: RegisteredSchema, says: str) -> None:
    with pytest.raises(MalformedError, match=says):
        field_names(schema, "core-value")


def test_a_mapping_without_a_registry_is_said(tmp_path: Path) -> None:
    text = mapping_of("https://registry").replace('[registry]\nurl = "https://registry"\n', "")
    said = checked(text.replace('format = "avro"', 'format = "json"'), tmp_path / "sources.toml")
    assert said.status == 2
    assert "has no [registry]" in said.err
