"""What is written beside the tier changes: the order of work (`tier.order`) and the dead letters."""

from base64 import b64encode

import msgspec

ENGINE_VERSION = 1


class OrderMessage(msgspec.Struct, frozen=True, kw_only=True):
    """`tier.order`: one transaction's work, enough to replay it exactly.

    `positions` has, for each input topic, the first offset worked and the one after the last. `clock_ms` is the
    partition's clock at the end of the batch (on the wall clock also throughout it). `due` is how many decisions of
    the batch were by time alone; those that an event of their customer brought forward are not counted. `rerated` is
    how many customers were rated anew under another policy than before, again without those whose event came first.
    `backfill`: the batch was history, for which no campaign is to fire.
    """

    partition: int
    counter: int
    clock: str
    clock_ms: int
    policy: str
    engine_version: int
    due: int = 0
    rerated: int = 0
    backfill: bool = False
    positions: dict[str, tuple[int, int]]


class DeadLetterMessage(msgspec.Struct, frozen=True, kw_only=True):
    """`tier.dead-letters`: an input that could not be used, with its original bytes."""

    topic: str
    partition: int
    offset: int
    key_base64: str | None
    value_base64: str | None
    reason: str
    detail: str
    at: str


encode_json = msgspec.json.Encoder().encode
decode_order = msgspec.json.Decoder(OrderMessage).decode
decode_dead_letter = msgspec.json.Decoder(DeadLetterMessage).decode


def base64_or_none(raw: bytes | None) -> str | None:
    """The bytes as base64 text; None stays None."""
    return None if raw is None else b64encode(raw).decode()
