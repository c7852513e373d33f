"""Who asks."""

from typing import Literal

import msgspec

from streams.security.console_access import Role

Permission = Literal["read_customers", "pin", "replay", "propose", "approve"]


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks, and what that one may do."""

    name: str
    role: Role
    may: list[Permission]
