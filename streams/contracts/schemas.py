"""JSON Schemas (draft 2020-12) of the topics, made from the message types.

`python -m streams.contracts.schemas docs/schemas` writes the files. The types say what is there; what the wire adds
to a text (money, a time, a fixed set of words) is said here. An input's schema says what to write: what it refuses
`decode` may still read; what it takes `decode` reads, but for what a schema cannot know: the policy's currencies and
tiers, the calendar, the decimals of a JSON number, the bytes of an id.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, get_args

import msgspec

from streams.contracts import changes, envelope, inputs, log
from streams.contracts.decode import RejectionReason
from streams.engine.decide import Direction, Reason
from streams.engine.rules import Service

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
COMMAND = "python -m streams.contracts.schemas docs/schemas"

_TEXT: Schema = {"type": "string"}
_MONEY: Schema = {
    "type": "string",
    "pattern": r"^-?[0-9]+\.[0-9]{2,4}$",
    "description": "a decimal with 2 to 4 decimals, rounded half up",
}
_FIGURE: Schema = {
    "type": "string",
    "pattern": r"^-?[0-9]+(\.[0-9]{2,4})?$",
    "description": "an amount with 2 to 4 decimals, rounded half up; a count or a score may have none",
}
_TIME: Schema = {
    "type": "string",
    "format": "date-time",
    "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{3})?[+-][0-9]{2}:[0-9]{2}$",
    "description": "RFC 3339, with the offset of the policy's time zone",
}
_CURRENCY: Schema = {"type": "string", "pattern": "^[A-Z]{3}$", "description": "ISO 4217: the policy's currency"}
_OFFSET: Schema = {"type": "integer", "minimum": 0}
_DIGEST: Schema = {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"}
_BASE64: Schema = {"anyOf": [{"type": "string", "contentEncoding": "base64"}, {"type": "null"}]}
_GIVEN: Schema = {"not": {"type": "null"}}


def _given(*fields: str) -> Schema:
    return {"required": list(fields), "properties": dict.fromkeys(fields, _GIVEN)}


# By type: what is said of its fields beyond their Python type, and of the whole where fields hang together.
_FIELDS: Mapping[type, Mapping[str, Schema]] = {
    changes.TierChangeMessage: {
        "id": {"type": "string", "description": "customer_id:sequence"},
        "sequence": {"type": "integer", "minimum": 1, "description": "counts a customer's changes without gaps"},
        "direction": {"enum": list(get_args(Direction))},
        "reason": {"enum": list(get_args(Reason))},
        "decided_at": _TIME,
        "value": {"anyOf": [_MONEY, {"type": "null"}], "description": "null where there are several measures"},
        "currency": _CURRENCY,
        "policy": {"$ref": "#/$defs/PolicyName"},
        "strategy": {"$ref": "#/$defs/Strategy"},
        "positions": {
            "type": "object",
            "additionalProperties": _OFFSET,
            "description": "for every input topic, the last offset of this partition that was applied",
        },
    },
    changes.Components: {"assets": _MONEY, "activity": _MONEY, "credit": _MONEY},
    changes.Condition: {"at_least": _FIGURE},
    changes.NextTier: {
        "missing": {"anyOf": [_MONEY, {"type": "null"}], "description": "null where the tier has several floors"}
    },
    envelope.PolicyName: {"digest": _DIGEST},
    changes.Strategy: {
        "services": {"type": "array", "items": {"$ref": "#/$defs/Service"}},
        "granted": {"type": "array", "items": _TEXT, "description": "ids of services that the former tier had not"},
        "withdrawn": {"type": "array", "items": _TEXT, "description": "ids of services that this tier has no more"},
    },
    envelope.CauseMessage: {"partition": _OFFSET, "offset": _OFFSET},
    Service: {"name": {"type": "object", "additionalProperties": _TEXT, "description": "by language"}},
    log.DeadLetterMessage: {
        "partition": _OFFSET,
        "offset": _OFFSET,
        "key_base64": _BASE64,
        "value_base64": _BASE64,
        "reason": {"type": "string", "examples": list(get_args(RejectionReason)), "description": "may get more words"},
        "at": _TIME,
    },
    log.OrderMessage: {
        "clock": {"enum": ["wall", "event"]},
        "policy": _DIGEST,
        "positions": {
            "type": "object",
            "additionalProperties": {"type": "array", "prefixItems": [_OFFSET, _OFFSET], "minItems": 2, "maxItems": 2},
            "description": "by input topic: the first offset worked, and the one after the last",
        },
    },
}
_WHOLE: Mapping[type, Schema] = {
    inputs.TransactionMessage: {
        "if": {"required": ["reverses"], "properties": {"reverses": {"type": "string"}}},
        "then": _given("reversed_at"),
    },
    inputs.CustomerMessage: {
        "if": {"required": ["action"], "properties": {"action": {"const": "pin"}}},
        "then": _given("tier", "until", "reason", "by"),
    },
}


class Topic(NamedTuple):
    """One topic's schema: whose messages it describes, and under which title."""

    name: str
    message: type
    title: str


TOPICS = (
    Topic("bank.transactions", inputs.TransactionMessage, "Transaction"),
    Topic("bank.balances", inputs.BalanceMessage, "Balance"),
    Topic("bank.credit", inputs.CreditMessage, "Credit standing"),
    Topic("bank.loans", inputs.LoanMessage, "Loan application"),
    Topic("bank.customers", inputs.CustomerMessage, "Customer action"),
    Topic("tier.changes", changes.TierChangeMessage, "Tier change"),
    Topic("tier.current", changes.TierChangeMessage, "Newest tier change of a customer"),
    Topic("tier.order", log.OrderMessage, "Order of work"),
    Topic("tier.dead-letters", log.DeadLetterMessage, "Dead letter"),
)


def schema(topic: Topic) -> Schema:
    """The JSON Schema of a topic's values, self-contained."""
    types = [topic.message]
    if topic.message is changes.TierChangeMessage:
        types += [envelope.PolicyName, changes.Strategy, Service]  # in the type they may be JSON made before
    _, definitions = msgspec.json.schema_components(types, ref_template="#/$defs/{name}", schema_hook=_any_object)
    for kind in [*_FIELDS, *_WHOLE]:
        if kind.__name__ in definitions:
            definitions[kind.__name__]["properties"] |= _FIELDS.get(kind, {})
            definitions[kind.__name__] |= _WHOLE.get(kind, {})
    message = definitions.pop(topic.message.__name__)
    head = {"$schema": DIALECT, "$id": f"urn:tierflow:schema:{topic.name}", "title": topic.title}
    whole: Schema = {**head, **{name: part for name, part in message.items() if name != "title"}}
    whole["description"] = " ".join(whole["description"].split())
    return {**whole, "$defs": definitions} if definitions else whole


def _any_object(_: type) -> Schema:
    """Of what has no type of its own; _FIELDS says more."""
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
