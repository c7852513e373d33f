"""What is on `tier.policies`: policy documents by digest, and which one is in force."""

import msgspec

IN_FORCE = "in-force"


class PolicyMessage(msgspec.Struct, frozen=True, kw_only=True):
    """`tier.policies`, key: the digest. A policy document as it was put to use."""

    name: str
    version: int
    digest: str
    document: str


class InForceMessage(msgspec.Struct, frozen=True, kw_only=True):
    """`tier.policies`, key: in-force. The digest of the policy that is in force from here on."""

    digest: str
