"""What is read of an output message to place it: numbers and positions. Structs alone."""

from collections.abc import Mapping

import msgspec


class NumberedChange(msgspec.Struct):
    """A tier change's number."""

    sequence: int


class NumberedTrigger(msgspec.Struct):
    """A campaign trigger's customer, campaign and number."""

    customer_id: str
    campaign: str
    sequence: int


class NumberedCandidate(msgspec.Struct):
    """The trigger in a candidate."""

    trigger: NumberedTrigger


class PlacedRisk(msgspec.Struct):
    """How far the inputs were at a risk message."""

    positions: Mapping[str, int]
