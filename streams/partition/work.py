"""What comes of one batch: all that its transaction writes, and what is counted. Structs alone."""

import sys
from collections import Counter
from typing import NamedTuple

from streams.contracts.envelope import Headers
from streams.contracts.kept import LaneRecord

# The outputs of the stages, by the names that topics have without prefix.
CHANGES, CURRENT, CAMPAIGNS, RISK = "changes", "current", "campaigns", "risk"
ERASURES, DEAD_LETTERS, ORDER, CANDIDATES = "erasures", "dead-letters", "order", "candidates"
SOURCE_DEAD_LETTERS = "source-dead-letters"
ACCOUNT_RECORDS, BY_ACCOUNT = "accounts", "by-account"
MERGES = "merges"
"""What a merge hands on: the topic is `bank.customers` (contracts/merges.py)."""
KEYS = "keys"
"""The keys of customers (seals.py): the topic is named otherwise."""

Told = tuple[str, bytes | None, bytes | None]
"""An output's name, a message's key and its value."""

Tally = Counter[tuple[str, ...]]
"""What happened in a batch, by the name of a metric and its labels (metrics.py)."""


class Quota(NamedTuple):
    """How many decisions without an event one batch takes: by time alone, and by another policy."""

    due: int
    rerated: int


NO_LIMIT = Quota(sys.maxsize, sys.maxsize)
NO_LIMIT_MS = sys.maxsize
"""Later than every event."""


class Message(NamedTuple):
    """A message of an output topic; a value of None is a tombstone."""

    key: bytes | None
    value: bytes | None
    headers: Headers


class Batch(NamedTuple):
    """What tier.order notes of a batch: the lane after it, where it began, and what it decided without an event."""

    lane: LaneRecord
    first_offsets: tuple[int, ...]
    wall_ms: int
    decided: Quota
    looks: bool = False  # whether it begins to look at those who have other currencies


class Work(NamedTuple):
    """One batch, worked: all that its transaction writes, and what the partition takes over after the commit."""

    states: dict[bytes, bytes]  # records of the changelog, by key
    messages: list[tuple[str, Message]]  # each with the name of its output, in the order in which they were decided
    lane: LaneRecord
    tally: Tally
