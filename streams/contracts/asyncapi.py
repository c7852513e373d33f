"""The AsyncAPI 3.0 document of all topics (docs/messages.md#asyncapi), made from the schemas of the message types.

AsyncAPI takes JSON Schemas of draft 7. schemas.py makes them for draft 2020-12, so they are rewritten here.
"""

from collections.abc import Iterable, Mapping
from importlib.metadata import version
from typing import Any

from streams.contracts.channels import CHANNELS, Channel, Kind, Sample
from streams.contracts.schema_details import Schema
from streams.contracts.schemas import REFS, definitions

Configuration = Mapping[str, str]  # of a topic, in Kafka's words

_OF_ONE_PARTITION = frozenset({"bank.rates", "tier.policies"})
_BINDING = {"bindingVersion": "0.5.0"}
_SCHEMAS = "#/components/schemas/"
_INFO = (
    "What goes into tierflow and what comes out. Values are JSON objects in UTF-8. `bank.` and `tier.` are the default "
    "prefixes of the topics (`TIERFLOW_INPUT_PREFIX`, `TIERFLOW_OUTPUT_PREFIX`). Read the outputs with "
    "`isolation.level=read_committed`: then every message is there once, whatever failed. Ignore fields that you do "
    "not know; more may come. The examples are what the engine gives for one small history, in which each input "
    "example has its part. Actions are tierflow's: what it receives you send, and what it sends you receive."
)


def document(samples: Iterable[Sample], configurations: Mapping[str, Configuration]) -> Schema:
    """Makes the document. configurations: by topic, the settings that the topic is made with (kafka/topic_specs.py)."""
    examples: dict[str, list[Schema]] = {}
    for sample in samples:
        examples.setdefault(sample.message, []).append(_example(sample))
    kinds = {kind.name: kind for channel in CHANNELS for kind in channel.kinds}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "tierflow",
            "version": version("tierflow"),
            "description": _INFO,
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "local": {
                "host": "127.0.0.1:9092",
                "protocol": "kafka",
                "description": "where nothing else is set (KAFKA_BOOTSTRAP_SERVERS)",
            }
        },
        "channels": {channel.topic: _channel(channel, configurations[channel.topic]) for channel in CHANNELS},
        "operations": {_operation_name(channel): _operation(channel) for channel in CHANNELS},
        "components": {
            "messages": {name: _message(kind, examples.get(name, [])) for name, kind in kinds.items()},
            "schemas": _schemas(kinds.values()),
        },
    }


def headers_schema(event_type: str) -> Schema:
    """Gives the schema of an output's Kafka headers: CloudEvents 1.0 in binary mode, in UTF-8."""
    text = {"type": "string"}
    properties: Schema = {
        "ce_id": {**text, "description": "the id of the value; unique"},
        "ce_source": {**text, "format": "uri-reference", "description": "the app and the partition"},
        "ce_type": {**text, "const": event_type},
        "ce_time": {**text, "format": "date-time"},
        "ce_subject": {**text, "description": "the customer_id"},
        "ce_specversion": {**text, "const": "1.0"},
        "content-type": {**text, "const": "application/json"},
    }
    return {"type": "object", "required": list(properties), "properties": properties}


def _channel(channel: Channel, configuration: Configuration) -> Schema:
    single = {"partitions": 1} if channel.topic in _OF_ONE_PARTITION else {}
    return {
        "address": channel.topic,
        "title": channel.title,
        "messages": {kind.name: {"$ref": f"#/components/messages/{kind.name}"} for kind in channel.kinds},
        "bindings": {"kafka": {**single, "topicConfiguration": _configured(configuration), **_BINDING}},
    }


def _configured(configuration: Configuration) -> Schema:
    """Gives the settings of a topic that a reader or writer has to know."""
    numbers = configuration.keys() & {"retention.ms", "retention.bytes", "delete.retention.ms", "max.message.bytes"}
    shown: Schema = {"cleanup.policy": configuration["cleanup.policy"].split(",")}
    return shown | {name: int(configuration[name]) for name in sorted(numbers)}


def _operation_name(channel: Channel) -> str:
    words = channel.topic.replace("-", ".").split(".")
    return _action(channel) + "".join(word.capitalize() for word in words)


def _action(channel: Channel) -> str:
    return "receive" if channel.topic.startswith("bank.") else "send"


def _operation(channel: Channel) -> Schema:
    place = channel.topic
    operation: Schema = {
        "action": _action(channel),
        "channel": {"$ref": f"#/channels/{place}"},
        "summary": channel.title,
        "messages": [{"$ref": f"#/channels/{place}/messages/{kind.name}"} for kind in channel.kinds],
    }
    if _action(channel) == "receive":
        group = {"type": "string", "default": "tierflow", "description": "TIERFLOW_APP_ID"}
        operation["bindings"] = {"kafka": {"groupId": group, **_BINDING}}
    return operation


def _message(kind: Kind, examples: list[Schema]) -> Schema:
    message: Schema = {"name": kind.name, "title": kind.title, "contentType": "application/json"}
    if kind.event_type is not None:
        message["headers"] = headers_schema(kind.event_type)
    message["payload"] = _payload(kind)
    message["bindings"] = {"kafka": {"key": kind.key, **_BINDING}}
    return {**message, "examples": examples} if examples else message


def _payload(kind: Kind) -> Schema:
    if kind.type is None:
        return {"type": "null", "description": "a tombstone: a record without a value"}
    whole = {"$ref": _SCHEMAS + kind.type.__name__}
    return whole if kind.only is None else {"allOf": [whole, kind.only]}


def _schemas(kinds: Iterable[Kind]) -> Schema:
    found: Schema = {}
    for kind in kinds:
        if kind.type is not None:
            found |= definitions(kind.type)
    return {name: _in_draft_7(found[name]) for name in sorted(found)}


def _in_draft_7(part: Any) -> Any:
    """Rewrites a schema of draft 2020-12, or a part of one, for draft 7; references then lead into the document."""
    if isinstance(part, list):
        return [_in_draft_7(item) for item in part]
    if not isinstance(part, dict):
        return part
    words = {("items" if name == "prefixItems" else name): _in_draft_7(item) for name, item in part.items()}
    reference = words.get("$ref")
    return {"$ref": reference.replace(REFS, _SCHEMAS)} if isinstance(reference, str) else words


def _example(sample: Sample) -> Schema:
    key = "no key" if sample.key is None else f"key {sample.key.decode()}"
    named = {"name": sample.title} if sample.title else {}
    headers = {"headers": dict(sample.headers)} if sample.headers else {}
    return {**named, "summary": key, **headers, "payload": sample.value}
