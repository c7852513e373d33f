"""What one partition of accounts works by. Structs alone."""

from collections.abc import Callable
from typing import NamedTuple

from streams.contracts.letters import RECORD_BYTES


class AccountsSetup(NamedTuple):
    """Where its records stand, which keys are its own, and how long they may wait for their account.

    mark: that of these rules, by which outputs are told from those of others. wait_ms, wait_records: at most; of the
    partition.
    """

    topic: str
    partition: int
    owns: Callable[[bytes], bool]
    mark: bytes
    wait_ms: int
    wait_records: int
    letter_bytes: int = RECORD_BYTES
