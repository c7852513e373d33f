"""What is read of an output message to tell whether a state has seen it: numbers and positions. Structs alone."""

from collections.abc import Mapping

import msgspec


class NumberedChange(msgspec.Struct):
    """The number of a tier change among its customer's."""

    sequence: int


class NumberedTrigger(msgspec.Struct):
    """A campaign trigger's number, and the customer and campaign that it counts for.

    Of a sealed one, what stands in the id says the campaign.
    """

    id: str
    customer_id: str
    sequence: int
    campaign: str = ""


class NumberedCandidate(msgspec.Struct):
    """The trigger that a candidate holds."""

    trigger: NumberedTrigger


class PlacedCause(msgspec.Struct):
    """Where the event stands that led to a message: its offset in its topic."""

    offset: int


class PlacedErasure(msgspec.Struct):
    """The erase that an erasure came of."""

    cause: PlacedCause


class MergeSource(msgspec.Struct):
    """Which tierflow wrote what a merge hands on."""

    source: str


class WrittenMerge(msgspec.Struct):
    """What tells a record of `bank.customers` that tierflow wrote: the action, and the place that its id is made of."""

    event_id: str
    action: str
    merged: MergeSource


class PlacedRisk(msgspec.Struct):
    """The last offset worked when a risk message was decided, by input topic."""

    positions: Mapping[str, int]
