"""Where records of a source come from, and why one cannot be used. Structs alone; see source_letters.py."""

from typing import NamedTuple

from streams.contracts.rejection import Clipped


class Origin(NamedTuple):
    """Where records come from: the name of the source, its mark, its topic and partition.

    letter_bytes: how large the record of a dead letter may be.
    """

    name: str
    mark: bytes
    topic: str
    partition: int
    letter_bytes: int


class Why(NamedTuple):
    """Why a record, or a row of it, cannot be used. clipped: what is known of a value that was not read whole."""

    reason: str
    detail: str
    field: str = ""
    path: str = ""
    item: int | None = None
    clipped: Clipped | None = None
