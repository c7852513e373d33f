"""What the records of each output are about: by that an expected record and one of a topic are matched."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

import msgspec

from streams.contracts.letters import comparable
from streams.contracts.sealed import campaign_in
from streams.partition.work import CAMPAIGNS, CHANGES, DEAD_LETTERS, ERASURES, RISK


class Line(Protocol):
    """A record as it is compared: an expected one, or one of a topic."""

    @property
    def key(self) -> bytes | None:
        """The record's key."""

    @property
    def value(self) -> bytes | None:
        """The record's value."""

    @property
    def headers(self) -> Sequence[tuple[str, bytes]]:
        """The record's headers."""


class Identity(NamedTuple):
    """What a record is about. Within a group numbers rise; -1 marks a record that is alone in its group."""

    group: str
    number: int

    def __str__(self) -> str:
        return self.group if self.number < 0 else f"{self.group}:{self.number}"


class _ChangeId(msgspec.Struct):
    customer_id: str
    sequence: int


class _TriggerId(msgspec.Struct):
    id: str
    customer_id: str
    sequence: int
    campaign: str = ""  # of a sealed one the id says it


class _RiskId(msgspec.Struct):
    id: str


class _ErasureCause(msgspec.Struct):
    occurred_at: int


class _ErasureId(msgspec.Struct):
    customer_id: str
    cause: _ErasureCause


class _LetterId(msgspec.Struct):
    topic: str
    offset: int


class Subject(NamedTuple):
    """How the records of an output are identified, and which fields of their values are not compared."""

    identify: Callable[[bytes], Identity]
    ignored: frozenset[str] = frozenset()
    comparable: Callable[[dict[str, Any]], dict[str, Any]] = dict  # a value as it is compared


_change_id = msgspec.json.Decoder(_ChangeId).decode
_trigger_id = msgspec.json.Decoder(_TriggerId).decode
_risk_id = msgspec.json.Decoder(_RiskId).decode
_erasure_id = msgspec.json.Decoder(_ErasureId).decode
_letter_id = msgspec.json.Decoder(_LetterId).decode


def _identify_change(value: bytes) -> Identity:
    found = _change_id(value)
    return Identity(found.customer_id, found.sequence)


def _identify_letter(value: bytes) -> Identity:
    found = _letter_id(value)
    return Identity(f"{found.topic} offset {found.offset}", -1)


def _identify_trigger(value: bytes) -> Identity:
    found = _trigger_id(value)
    campaign = found.campaign or campaign_in(found.id, found.customer_id)
    return Identity(f"{found.customer_id}:{campaign}", found.sequence)


def _identify_risk(value: bytes) -> Identity:
    """Identifies a decision, which is alone, or an alert, which has a number (docs/messages.md#tierrisk)."""
    name = _risk_id(value).id
    group, _, number = name.rpartition(":")
    return Identity(group, int(number)) if number.isdecimal() else Identity(name, -1)


def _identify_erasure(value: bytes) -> Identity:
    """Identifies an erasure by its time: of a customer, each has a later one than that before."""
    found = _erasure_id(value)
    return Identity(f"{found.customer_id}:erased", found.cause.occurred_at)


SUBJECTS = {
    CHANGES: Subject(_identify_change),
    CAMPAIGNS: Subject(_identify_trigger),
    RISK: Subject(_identify_risk),
    ERASURES: Subject(_identify_erasure),
    # `at` says when a dead letter was written, which does not follow from the inputs.
    DEAD_LETTERS: Subject(_identify_letter, frozenset({"at"}), comparable),
}
"""The subjects, by name of the output: those that are compared in order, which is that of a lane's work."""


def identity_of(subject: Subject, line: Line) -> Identity | None:
    """Gives what the record is about; None if it has another form than the output's records."""
    try:
        return subject.identify(line.value or b"")
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
