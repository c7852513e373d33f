"""Why an input cannot be used (docs/messages.md#tierdead-letters). Structs alone."""

from typing import Literal

import msgspec

RejectionReason = Literal[
    "malformed",
    "invalid_field",
    "key_mismatch",
    "unknown_currency",
    "unknown_product",
    "future_event",
    "wrong_partition",
    "limit_exceeded",
]


class Rejection(msgspec.Struct, frozen=True):
    """An input that cannot be used: the reason for machines, the detail for people."""

    reason: RejectionReason
    detail: str


WRONG_PARTITION = Rejection("wrong_partition", "the partitioner set by TIERFLOW_PARTITIONER puts this key elsewhere")
