"""Writes the JSON Schemas that the chart's manifests are checked against: of the kinds used, and no more.

    python deploy/helm/write_schemas.py KUBERNETES CRD…

KUBERNETES: a folder of strict schemas of one version, such as v1.30.0-local-strict of the package kubernetes-validate
(PyPI). CRD: files of CustomResourceDefinitions, as KEDA, the Prometheus operator and Strimzi have them. Descriptions
are left out: they are nine tenths of the bytes.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

SCHEMAS = Path(__file__).parent / "schemas"
KINDS = ("configmap-v1", "deployment-apps-v1", "networkpolicy-networking-v1", "poddisruptionbudget-policy-v1")
KINDS += ("service-v1", "serviceaccount-v1", "statefulset-apps-v1")
RESOURCES = {"ScaledObject": "v1alpha1", "ServiceMonitor": "v1", "KafkaTopic": "v1", "KafkaUser": "v1"}


def main(kubernetes: Path, definitions: list[Path]) -> None:
    """Writes all schemas."""
    everything = json.loads((kubernetes / "_definitions.json").read_text())["$defs"]
    for kind in KINDS:
        used: dict[str, Any] = {}
        schema = with_used(json.loads((kubernetes / f"{kind}.json").read_text()), everything, used)
        write(f"{kind}.json", {**schema, "$defs": used})
    for file in definitions:
        resource = yaml.safe_load(file.read_text())["spec"]
        kind = resource["names"]["kind"]
        newest = {version["name"]: version for version in resource["versions"]}[RESOURCES[kind]]
        name = f"{kind.lower()}-{resource['group'].partition('.')[0]}-{RESOURCES[kind]}.json"
        write(name, strict(without_descriptions(newest["schema"]["openAPIV3Schema"]), is_top=True))


def with_used(schema: Any, everything: dict[str, Any], used: dict[str, Any]) -> Any:
    """Gives a schema whose references are to its own definitions, and notes what they lead to."""
    text = json.dumps(without_descriptions(schema))
    for name in names_in(text):
        if name not in used:
            used[name] = None  # definitions can name themselves
            used[name] = with_used(everything[name], everything, used)
    return json.loads(re.sub(r'"[^"]*#/\$defs/', '"#/$defs/', text))


def names_in(text: str) -> Iterator[str]:
    """Gives the definitions that a schema refers to."""
    return (match[1] for match in re.finditer(r'"[^"]*#/\$defs/([^"]+)"', text))


def without_descriptions(schema: Any) -> Any:
    """Gives a schema without its prose; a property may be called description."""
    if isinstance(schema, list):
        return [without_descriptions(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: without_descriptions(value)
        for key, value in schema.items()
        if not (key == "description" and isinstance(value, str))
    }


def strict(schema: Any, *, is_top: bool = False) -> Any:
    """Gives the schema of a resource under which fields that it does not name are wrong, as the strict ones have it."""
    if isinstance(schema, list):
        return [strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: strict(value) for key, value in schema.items() if not key.startswith("x-")}
    closed = "properties" in schema and not is_top and "x-kubernetes-preserve-unknown-fields" not in schema
    is_closed = closed and "additionalProperties" not in schema and isinstance(schema["properties"], dict)
    return made | ({"additionalProperties": False} if is_closed and "type" in schema else {})


def write(name: str, schema: Any) -> None:
    """Writes one file, on one line."""
    SCHEMAS.mkdir(exist_ok=True)
    (SCHEMAS / name).write_text(json.dumps(schema, separators=(",", ":"), sort_keys=True) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(argument) for argument in sys.argv[2:]])
