"""The policies that were published, and what a check of a file finds."""

from typing import Literal

import msgspec

from streams.console.answers.texts import Names, PolicyToml


class PolicyInForce(msgspec.Struct, frozen=True, kw_only=True):
    """The policy that decides now, since when."""

    name: str
    version: int
    digest: str
    since: str


class PolicyListed(msgspec.Struct, frozen=True, kw_only=True):
    """A policy that was published."""

    name: str
    version: int
    digest: str
    at: str


class Policies(msgspec.Struct, frozen=True, kw_only=True):
    """The policies that were ever published, the newest last."""

    in_force: PolicyInForce | None
    items: list[PolicyListed]


class PolicyWords(msgspec.Struct, frozen=True, kw_only=True):
    """A paragraph of what a policy does, by language, and the line that it is about."""

    line: int
    text: dict[str, str]


class PolicyText(msgspec.Struct, frozen=True, kw_only=True):
    """A policy as it was published, and in words."""

    name: str
    version: int
    digest: str
    toml: str
    words: list[PolicyWords]


class PolicyBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A policy file."""

    toml: PolicyToml


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Something wrong or odd in a policy file. text: by language."""

    line: int
    field: str
    severity: Literal["error", "warning"]
    text: dict[str, str]


class PolicyFloor(msgspec.Struct, frozen=True, kw_only=True):
    """A floor to enter a tier."""

    tier: str
    names: Names
    measure: str
    at_least: str


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What a check of a policy file found."""

    ok: bool
    findings: list[Finding]
    floors: list[PolicyFloor]
