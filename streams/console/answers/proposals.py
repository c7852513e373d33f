"""Policies that are proposed, and what became of them."""

import msgspec

from streams.console.answers.texts import PolicyToml, ShortText


class ProposalBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A policy file, and why it is proposed."""

    toml: PolicyToml
    note: ShortText


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """A policy that somebody proposes, and what became of it."""

    id: int
    name: str
    version: int
    digest: str
    note: str
    proposed_by: str
    proposed_at: str
    approved_by: str | None
    approved_at: str | None


class Proposals(msgspec.Struct, frozen=True, kw_only=True):
    """The proposals, the newest first."""

    items: list[Proposal]
