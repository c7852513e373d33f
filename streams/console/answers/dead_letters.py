"""Inputs that could not be used, and which of them are to be sent again."""

from typing import Annotated

import msgspec


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """An input that could not be used, without its bytes."""

    id: str
    at: str
    topic: str
    partition: int
    offset: int
    reason: str
    detail: str


class DeadLetters(msgspec.Struct, frozen=True, kw_only=True):
    """A page of dead letters that were not sent again, the newest first; and how many there are of each reason."""

    items: list[DeadLetter]
    next: str | None
    reasons: dict[str, int]


class ReplayBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which dead letters to send again, by their ids."""

    ids: Annotated[list[Annotated[str, msgspec.Meta(max_length=40)]], msgspec.Meta(min_length=1, max_length=500)]


class NotReplayed(msgspec.Struct, frozen=True, kw_only=True):
    """A dead letter that was not sent again, and why."""

    id: str
    why: str


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """How many dead letters were sent again, and which were not."""

    replayed: int
    refused: list[NotReplayed]
