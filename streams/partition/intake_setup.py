"""What one partition of a source works by. Structs alone."""

from typing import NamedTuple

from streams.contracts.letters import RECORD_BYTES
from streams.intake.source import Source


class IntakeSetup(NamedTuple):
    """The source, the partition of its topic, and how large the record of a dead letter may be.

    mark: that of the mapping, by which outputs are told from those of another one.
    """

    source: Source
    topic: str
    partition: int
    mark: bytes
    letter_bytes: int = RECORD_BYTES
