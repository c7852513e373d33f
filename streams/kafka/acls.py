"""The rights of a role as others have them: the commands of kafka-acls.sh that give them, and a table for people."""

import shlex
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from streams.kafka.rights import Operation, Resource, Right, Rows


class Grant(NamedTuple):
    """Whom the rights are for, and how the cluster is reached.

    host: from where, * for anywhere. admin_config: the file of an administrator's settings; empty: none. remove: take
    the rights away instead.
    """

    bootstrap_servers: str
    principal: str
    host: str = "*"
    admin_config: str = ""
    remove: bool = False


def commands(rights: Iterable[Right], grant: Grant) -> list[str]:
    """Gives the commands of kafka-acls.sh that give these rights: one for all names that have the same operations."""
    operations: dict[_Place, list[Operation]] = {}
    for right in rights:
        found = operations.setdefault(_Place(_Kind(right.resource, right.prefixed), right.name), [])
        found.append(right.operation)
    names: dict[tuple[_Kind, tuple[Operation, ...]], list[str]] = {}
    for place, these in operations.items():
        names.setdefault((place.kind, tuple(sorted(set(these)))), []).append(place.name)
    return [_command(kind, these, found, grant) for (kind, these), found in names.items()]


class _Kind(NamedTuple):
    resource: Resource
    prefixed: bool


class _Place(NamedTuple):
    kind: _Kind
    name: str


def _command(kind: _Kind, operations: Sequence[Operation], names: Sequence[str], grant: Grant) -> str:
    words = ["kafka-acls.sh", "--bootstrap-server", grant.bootstrap_servers]
    words += ["--command-config", grant.admin_config] if grant.admin_config else []
    words += ["--remove", "--force"] if grant.remove else ["--add"]
    words += ["--allow-principal", grant.principal, *([] if grant.host == "*" else ["--allow-host", grant.host])]
    words += [word for operation in operations for word in ("--operation", _camel_case(operation))]
    words += ["--resource-pattern-type", "prefixed"] if kind.prefixed else []
    option = f"--{kind.resource.replace(' ', '-')}"
    return shlex.join([*words, *(word for name in names for word in (option, name))])


def _camel_case(operation: str) -> str:
    """Gives an operation as kafka-acls.sh has it, such as DescribeConfigs."""
    return operation.title().replace("_", "")


def as_table(rows: Rows) -> str:
    """Gives rows as a table in Markdown."""
    lines = [
        f"| {row.operation} | {row.resource}{', prefixed' if row.prefixed else ''} "
        f"| {', '.join(f'`{name}`' for name in row.names)} | {row.why} |"
        for row in rows
        if row.names
    ]
    return "\n".join(["| operation | resource | names | why |", "| --- | --- | --- | --- |", *lines])
