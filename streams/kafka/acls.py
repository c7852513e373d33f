"""The rights of a role as others have them: the commands of kafka-acls.sh that give them, and a table for people."""

import shlex
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from streams.kafka.rights.right import Operation, Resource, Right, Rows


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


class Kind(NamedTuple):
    """A kind of resource. prefixed: all whose names begin so."""

    resource: Resource
    prefixed: bool


class Place(NamedTuple):
    """A resource, or all whose names begin so."""

    kind: Kind
    name: str


def operations_by_place(rights: Iterable[Right]) -> dict[Place, list[Operation]]:
    """Gives the operations that rights allow on each resource: each once, in the order of the alphabet."""
    found: dict[Place, set[Operation]] = {}
    for right in rights:
        found.setdefault(Place(Kind(right.resource, right.prefixed), right.name), set()).add(right.operation)
    return {place: sorted(operations) for place, operations in found.items()}


def commands(rights: Iterable[Right], grant: Grant) -> list[str]:
    """Gives the commands of kafka-acls.sh that give these rights: one for all names that have the same operations."""
    names: dict[tuple[Kind, tuple[Operation, ...]], list[str]] = {}
    for place, operations in operations_by_place(rights).items():
        names.setdefault((place.kind, tuple(operations)), []).append(place.name)
    return [_command(kind, these, found, grant) for (kind, these), found in names.items()]


def _command(kind: Kind, operations: Sequence[Operation], names: Sequence[str], grant: Grant) -> str:
    words = ["kafka-acls.sh", "--bootstrap-server", grant.bootstrap_servers]
    words += ["--command-config", grant.admin_config] if grant.admin_config else []
    words += ["--remove", "--force"] if grant.remove else ["--add"]
    words += ["--allow-principal", grant.principal, *([] if grant.host == "*" else ["--allow-host", grant.host])]
    words += [word for operation in operations for word in ("--operation", camel_case(operation))]
    words += ["--resource-pattern-type", "prefixed"] if kind.prefixed else []
    option = f"--{kind.resource.replace(' ', '-')}"
    return shlex.join([*words, *(word for name in names for word in (option, name))])


def camel_case(operation: str) -> str:
    """Gives an operation as kafka-acls.sh and Strimzi have it, such as DescribeConfigs."""
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
