"""An operation of a history, and the file of a history: a JSON line an operation (README.md)."""

import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, NamedTuple


class Operation(NamedTuple):
    """What a client did to an object, from when to when. return_ns: None where nobody saw the end.

    of: the customer, the partition, or the campaign. The fields of input and output are those of the kind's model.
    """

    kind: Literal["budget", "customer", "policy"]
    of: str
    client: int
    call_ns: int
    return_ns: int | None
    input: dict[str, Any]
    output: dict[str, Any] | None


def now_ns() -> int:
    """The one clock of a history: it goes on for as long as this machine runs, and never back."""
    return time.monotonic_ns()


def write(path: Path, operations: Iterable[Operation]) -> None:
    """Writes a history, by the time at which operations began."""
    lines = (json.dumps(one._asdict()) for one in sorted(operations, key=lambda one: (one.call_ns, one.client)))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines))


def read(path: Path) -> list[Operation]:
    return [Operation(**json.loads(line)) for line in path.read_text().splitlines()]
