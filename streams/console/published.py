"""The published policies as the console needs them: compiled, with their files' names, by digest and by mark."""

import time
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from streams.console.answers.policies import PolicyInForce
from streams.console.answers.texts import Names
from streams.errors import UsageError
from streams.history.queries import PolicyFound, Queries
from streams.policy.compile.load import read_policy
from streams.policy.language.document import PolicyFile, TierRule
from streams.policy.policy import MARK_BITS, Policy

FRESH_FOR_S: Final = 0.5
_EMPTY: Final[Names] = {}


class Compiled(NamedTuple):
    """A policy and the file that it was made of."""

    policy: Policy
    file: PolicyFile

    def tier_names(self, tier: str) -> Names:
        """Gives the names of a tier; none where the policy has it not."""
        return next((rule.name for rule in self.file.tiers if rule.id == tier), _EMPTY)

    def campaign_names(self, campaign: str) -> Names:
        """Gives the names of a campaign; none where the policy has it not."""
        return next((rule.name for rule in self.file.campaigns if rule.id == campaign), _EMPTY)

    def tier_rule(self, tier: str) -> TierRule | None:
        """Gives a tier as the file has it."""
        return next((rule for rule in self.file.tiers if rule.id == tier), None)

    @property
    def all_names(self) -> Mapping[str, Names]:
        """The names of all tiers, by tier."""
        return {rule.id: rule.name for rule in self.file.tiers}


def compiled_of(document: str, *, is_published: bool = True) -> Compiled | None:
    """Compiles a policy; None where this release cannot. is_published: a former release has let it pass."""
    reading = read_policy(document, is_published=is_published)
    if reading.policy is None or reading.file is None:
        return None
    return Compiled(reading.policy, reading.file)


class InForce(NamedTuple):
    """The policy in force, and since when, in epoch milliseconds."""

    compiled: Compiled
    since_ms: int

    def told(self) -> PolicyInForce:
        """Says it."""
        policy = self.compiled.policy
        since = policy.calendar.rfc3339(self.since_ms)
        return PolicyInForce(name=policy.name, version=policy.version, digest=policy.digest, since=since)


class PublishedPolicies:
    """The policies of the index. Each is compiled once; which there are is looked at again after FRESH_FOR_S."""

    def __init__(self, queries: Queries) -> None:
        self._queries = queries
        self._compiled: dict[str, Compiled] = {}
        self._found: Sequence[PolicyFound] = ()
        self._in_force: InForce | None = None
        self._looked_at_s = -FRESH_FOR_S

    async def all(self) -> Sequence[PolicyFound]:
        """Gives all that were published, the newest last."""
        await self._look()
        return self._found

    async def in_force(self) -> InForce | None:
        """Gives the one in force; None where none was published yet, or this release cannot compile it."""
        await self._look()
        return self._in_force

    async def by_digest(self, digest: str) -> Compiled | None:
        """Gives a policy; None where it was not published, or this release cannot compile it."""
        await self._look()
        found = next((one for one in self._found if one.digest == digest), None)
        return None if found is None else self.compiled(found)

    async def document_of(self, mark: int) -> str:
        """Gives the document of the policy whose mark a customer's state has.

        Raises:
            UsageError: It was not published.
        """
        await self._look()
        for found in reversed(self._found):
            if int(found.digest.removeprefix("sha256:")[: MARK_BITS // 4], 16) == mark:
                return found.document
        raise UsageError(f"the policy that rated this customer, sha256:{mark:08x}…, was not published")

    def compiled(self, found: PolicyFound) -> Compiled | None:
        """Gives a policy compiled; None where this release cannot."""
        made = self._compiled.get(found.digest) or compiled_of(found.document)
        if made is not None:
            self._compiled[found.digest] = made
        return made

    async def _look(self) -> None:
        now_s = time.monotonic()
        if now_s - self._looked_at_s < FRESH_FOR_S:
            return
        self._looked_at_s = now_s
        found, in_force = await self._queries.policies()
        self._found = found
        self._in_force = None
        if in_force is not None:
            document = next((one for one in found if one.digest == in_force[0]), None)
            compiled = None if document is None else self.compiled(document)
            self._in_force = None if compiled is None else InForce(compiled, in_force[1])
