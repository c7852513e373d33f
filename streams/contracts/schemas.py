"""JSON Schemas (draft 2020-12) of the topics, made from the message types.

`python -m streams.contracts.schemas docs/schemas` writes the files. The types say what is there; what the wire adds
to a text (money, a time, a fixed set of words) is said in described.py. An input's schema says what to write: what it
refuses `decode` may still read; what it takes `decode` reads, but for what a schema cannot know: the policy's
currencies and tiers, the calendar, the decimals of a JSON number, the bytes of an id.
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

# By type: what is in it that may be JSON made before, and so is not seen in the type.
_MADE_BEFORE: dict[type, list[type]] = {
    outputs.TierChangeMessage: [outputs.PolicyName, outputs.Strategy, outputs.Service],
    outputs.CampaignMessage: [outputs.PolicyName],
    outputs.LoanRiskMessage: [outputs.PolicyName],
}


def definitions(message: type) -> dict[str, Schema]:
    """The schemas of a message type and of all types in it, by name; they refer to one another under REFS."""
    types = [message, *_MADE_BEFORE.get(message, [])]
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
    """The JSON Schema of a topic's values, self-contained."""
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
    """Of what has no type of its own; FIELDS says more."""
    return {"type": "object"}


def files() -> Iterator[tuple[str, str]]:
    """The name and the text of every file."""
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
