"""A tier to fix, or to let go."""

from typing import Annotated

import msgspec

from streams.console.answers.texts import ShortText


class PinBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A tier to fix, until when (RFC 3339), and why."""

    tier: ShortText
    until: Annotated[str, msgspec.Meta(max_length=40)]
    reason: ShortText


class UnpinBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a fixed tier is let go."""

    reason: ShortText


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """The event that was sent; a worker decides on it."""

    event_id: str
