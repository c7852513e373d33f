"""A right, and a row of the table of rights."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

Operation = Literal["READ", "WRITE", "CREATE", "ALTER", "DESCRIBE", "DESCRIBE_CONFIGS"]
Resource = Literal["topic", "group", "transactional id"]


class Right(NamedTuple):
    """An operation on a resource. prefixed: on all whose names begin so."""

    operation: Operation
    resource: Resource
    name: str
    prefixed: bool = False

    @property
    def place(self) -> str:
        """Names the resource."""
        return f"{self.resource} {self.name}{'*' if self.prefixed else ''}"

    def __str__(self) -> str:
        """Names the right as Kafka does."""
        return f"{self.operation} on {self.place}"


class Row(NamedTuple):
    """A row of the table: the same right on some resources, and why it is needed.

    names: none where the settings ask for no such resource: then the row says nothing. when_used: nothing is refused
    for want of it before it is used.
    """

    operation: Operation
    resource: Resource
    names: Sequence[str]
    why: str
    prefixed: bool = False
    when_used: bool = False

    @property
    def rights(self) -> Iterator[Right]:
        """Gives the rights one by one."""
        return (Right(self.operation, self.resource, name, self.prefixed) for name in self.names)


Rows = Sequence[Row]


def rights_of(rows: Iterable[Row]) -> list[Right]:
    """Gives the rights of rows, each once, in their order."""
    return list(dict.fromkeys(right for row in rows for right in row.rights))
