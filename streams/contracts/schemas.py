"""JSON Schemas (draft 2020-12) of the topics, made from the message types.

`python -m streams.contracts.schemas docs/schemas` writes the files. Types and docstrings of inputs.py and outputs.py
give fields and descriptions; schema_details.py adds what a text holds (money, a time, one of a set of words).

An input's schema says what to write. `decode` may also read what the schema refuses. What the schema accepts, `decode`
reads, except for what no schema can know: the policy's currencies and tiers, the calendar, the decimals of a JSON
number, the bytes of an id.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from streams.contracts import outputs
from streams.contracts.schema_details import FIELDS, WHOLE, Schema
from streams.contracts.schema_topics import TOPICS, Topic

DIALECT = "https://json-schema.org/draft/2020-12/schema"
REFS = "#/$defs/"
COMMAND = "python -m streams.contracts.schemas docs/schemas"

# By type: the types in it that msgspec does not find by itself. A strategy's services are any object to it.
_BESIDE: dict[type, list[type]] = {outputs.TierChangeMessage: [outputs.Service]}


def definitions(message: type) -> dict[str, Schema]:
    """Gives the schemas of a message type and of all types in it, by name; they refer to each other under REFS."""
    types = [message, *_BESIDE.get(message, [])]
    _, found = msgspec.json.schema_components(types, ref_template=REFS + "{name}", schema_hook=_any_object)
    for kind in [*FIELDS, *WHOLE]:
        if kind.__name__ in found:
            found[kind.__name__]["properties"] |= FIELDS.get(kind, {})
            found[kind.__name__] |= WHOLE.get(kind, {})
    for part in found.values():
        if "description" in part:
            part["description"] = " ".join(part["description"].split())
    return found


def schema(topic: Topic) -> Schema:
    """Makes the JSON Schema of a topic's values, complete in itself."""
    head = {"$schema": DIALECT, "$id": f"urn:tierflow:schema:{topic.name}", "title": topic.title}
    found: dict[str, Schema] = {}
    for message in topic.messages:
        found |= definitions(message)
    if len(topic.messages) > 1:
        names = [message.__name__ for message in topic.messages]
        said = " Or: ".join(found[name]["description"] for name in names)
        return {**head, "description": said, "oneOf": [{"$ref": REFS + name} for name in names], "$defs": found}
    only = found.pop(topic.messages[0].__name__)
    whole = {**head, **{name: part for name, part in only.items() if name != "title"}}
    return {**whole, "$defs": found} if found else whole


def _any_object(_: type) -> Schema:
    """Stands for a type that msgspec cannot describe; FIELDS says more."""
    return {"type": "object"}


def files() -> Iterator[tuple[str, str]]:
    """Gives the name and the text of every file."""
    for topic in TOPICS:
        yield f"{topic.name}.json", json.dumps(schema(topic), indent=2) + "\n"


def write(folder: Path) -> None:
    """Writes the files into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2:  # noqa: PLR2004 - the command and the folder
        sys.exit(f"write the folder too: {COMMAND}")
    write(Path(sys.argv[1]))
