"""Pages of the reference, made of the product itself: topics, commands, HTTP, metrics (`make site`)."""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import typer  # its own classes of commands have no public types

from streams.api.authorization import OPEN
from streams.api.routes import routes
from streams.cli.commands import app
from streams.metrics import Metrics

PROJECT = Path(__file__).parents[1]
_SUFFIX = {"counter": "_total", "info": "_info"}


def pages() -> dict[str, str]:
    """Gives the Markdown of each page, by its name."""
    return {"topics": topics(), "commands": commands(), "http": http(), "metrics": metrics()}


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [list(head)]
    lines += [["---"] * len(lines[0]), *([cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


# --- topics ---


def topics() -> str:
    """Every topic and its fields, of the JSON Schemas."""
    parts = [
        "# Topics, field by field\n\nOf the [JSON Schemas](../docs/schemas); more: [messages](../docs/messages.md)."
    ]
    for path in sorted((PROJECT / "docs/schemas").glob("*.json")):
        schema = json.loads(path.read_text(encoding="utf-8"))
        parts += [f"## {path.stem}", schema.get("description", "")]
        for one in schema.get("anyOf", schema.get("oneOf", [schema])):
            found = _resolved(one, schema)
            parts += [_fields(found)]
        parts += [
            f"### {name}\n\n{_fields(kind)}" for name, kind in schema.get("$defs", {}).items() if "properties" in kind
        ]
    return "\n\n".join(parts) + "\n"


def _resolved(kind: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    return dict(schema["$defs"][kind["$ref"].rpartition("/")[2]]) if "$ref" in kind else kind


def _fields(schema: dict[str, Any]) -> str:
    needed = schema.get("required", [])
    rows = (
        (
            f"`{name}`",
            _kind(field),
            "" if name in needed else "may be missing",
            "" if isinstance(field, bool) else field.get("description", ""),
        )
        for name, field in schema.get("properties", {}).items()
    )
    return _table(("field", "is", "", ""), rows)


def _kind(field: Any) -> str:
    """Says what a field holds, in a few words."""
    if isinstance(field, bool):
        return "anything" if field else "never there"
    if "$ref" in field:
        return str(field["$ref"].rpartition("/")[2])
    if "enum" in field or "const" in field:
        return ", ".join(f"`{value}`" for value in field.get("enum", [field.get("const")]))
    if "anyOf" in field:
        return " or ".join(_kind(one) for one in field["anyOf"])
    if field.get("type") == "array":
        return f"list of {_kind(field.get('items', {}))}"
    kind = field.get("format", field.get("type", "anything"))
    return " or ".join(kind) if isinstance(kind, list) else str(kind)


# --- commands ---


def commands() -> str:
    """Every command with its arguments and options."""
    parts = ["# Commands, option by option\n\nOf `tierflow --help`. With examples: [commands](../docs/commands.md)."]
    parts += [
        part for path, command in _walk(typer.main.get_command(app), "tierflow") for part in _command(path, command)
    ]
    return "\n\n".join(parts) + "\n"


def _walk(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    subcommands = getattr(command, "commands", None)
    if subcommands is None:
        yield path, command
        return
    for name in sorted(subcommands):
        if not subcommands[name].hidden:
            yield from _walk(subcommands[name], f"{path} {name}")


def _command(path: str, command: Any) -> Iterator[str]:
    yield f"## {path}"
    yield (command.help or "").partition("\f")[0].strip()
    if command.epilog:
        yield "\n".join(f"    {line}" for line in command.epilog.split("\n\n")[1:])
    rows = [(f"`{_written(one)}`", getattr(one, "help", None) or "", _default(one)) for one in command.params]
    if rows:
        yield _table(("", "", "default"), rows)


def _written(one: Any) -> str:
    if one.param_type_name == "argument":
        return str(one.metavar or one.name.upper())
    takes = (
        "" if one.is_flag else f" {one.metavar or getattr(one.type_descriptor.annotation, '__name__', 'text').upper()}"
    )
    return ", ".join([*one.opts, *one.secondary_opts]) + takes


def _default(one: Any) -> str:
    is_none = one.default is None or one.default is False or one.default == "" or callable(one.default)
    return "" if is_none else f"`{one.default}`"


# --- HTTP and metrics ---


def http() -> str:
    """Every route of a worker."""
    nobody: Any = None
    rows = []
    for route in routes(nobody, nobody, Metrics()):
        path = re.sub(r"\{(\w+):[^}]+\}", r"{\1}", route.path)
        token = "no" if route.path in OPEN else "if `TIERFLOW_HTTP_TOKEN` is set"
        rows.append((f"`{route.method} {path}`", token))
    return (
        "# HTTP\n\nThe routes of a worker; what they answer: [operations](../docs/operations.md#http).\n\n"
        + _table(("", "needs the token"), rows)
        + "\n"
    )


def metrics() -> str:
    """Every metric, of the registry."""
    families = sorted(Metrics().registry.collect(), key=lambda family: family.name)
    rows = (
        (f"`{family.name}{_SUFFIX.get(family.type, '')}`", family.type, family.documentation)
        for family in families
        if family.name.startswith("tierflow_")
    )
    return (
        "# Metrics\n\nWhat `/metrics` shows; what to watch: [operations](../docs/operations.md#health).\n\n"
        + _table(("", "", ""), rows)
        + "\n"
    )
