"""Why an input cannot be used (docs/messages.md#tierdead-letters). Structs alone."""

from typing import Literal, NamedTuple, final

import msgspec


class Place(NamedTuple):
    """Where an input stands."""

    topic: str
    partition: int
    offset: int


class Clipped(NamedTuple):
    """What is known of bytes that are too many to be kept: the first ones, how many they are, and their SHA-256.

    size, sha256: None where not all of them were read.
    """

    first: bytes
    size: int | None
    sha256: str | None


RejectionReason = Literal[
    "malformed",
    "invalid_field",
    "key_mismatch",
    "unknown_currency",
    "unknown_product",
    "future_event",
    "wrong_partition",
    "reversal_mismatch",
    "merge_refused",
    "limit_exceeded",
    "too_large",
]


@final
class Rejection(msgspec.Struct, frozen=True):
    """An input that cannot be used: the reason for machines, the detail for people."""

    reason: RejectionReason
    detail: str
    value: Clipped | None = None  # what is known of a value that was not read whole


NOT_COUNTED = Rejection("invalid_field", "it is of a joint account, which counts to another owner")
"""Stands for a transaction that the policy in force does not count to this owner: it is passed over, and no letter."""
WRONG_PARTITION = Rejection("wrong_partition", "the partitioner set by TIERFLOW_PARTITIONER puts this key elsewhere")
REVERSAL_MISMATCH = Rejection(
    "reversal_mismatch", "what it reverses has another type, currency or day, or a smaller amount - at `$.reverses`"
)
