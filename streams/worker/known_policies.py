"""Policies of `tier.policies`, loaded: the one in force must be usable by this release, earlier ones need not."""

import logging
from collections.abc import Iterator
from functools import cache

from streams.errors import UsageError
from streams.kafka.policies import KnownPolicies
from streams.policy.compile.load import load_published
from streams.policy.language.problems import PolicyError
from streams.policy.policy import Policy

_log = logging.getLogger(__name__)
_load = cache(load_published)  # every assignment of partitions asks for all of them


def policy_in_force(known: KnownPolicies) -> Policy:
    """Loads the policy that the topic says is in force.

    Raises:
        UsageError: None is in force, or this release cannot use it.
    """
    document = known.documents.get(known.in_force or "")
    if document is None:
        raise UsageError(
            "no policy is in force, or its document is gone or not that of its digest; publish one: "
            "tierflow policy publish FILE"
        )
    return load_in_force(document)


def load_in_force(document: str) -> Policy:
    """Loads a policy that is in force.

    Raises:
        UsageError: This release cannot use it.
    """
    try:
        return _load(document)
    except PolicyError as error:
        raise UsageError(
            f"the policy in force cannot be used by this release: {error}; publish another, or start the release that "
            "it was written for"
        ) from error


def loadable_policies(known: KnownPolicies) -> Iterator[Policy]:
    """Loads every policy ever put to use, without those that this release refuses.

    They are needed to show a customer's newest change as it was sent. A topic that is compacted cannot be mended, so an
    old document that a stricter release refuses must not keep workers from starting.
    """
    for digest, document in known.documents.items():
        try:
            yield _load(document)
        except PolicyError as error:
            _log.warning("an earlier policy (%s) cannot be read by this release, and is passed over: %s", digest, error)
