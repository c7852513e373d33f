"""Which messages of customers were written by a transaction that a state has not seen."""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from streams.contracts.merges import place_in
from streams.contracts.numbered import (
    NumberedCandidate,
    NumberedChange,
    NumberedTrigger,
    PlacedErasure,
    PlacedRisk,
)
from streams.contracts.packing import unpack_state
from streams.contracts.sealed import campaign_in, sealed_of
from streams.values.events import TOPICS

_decode_change = msgspec.json.Decoder(NumberedChange).decode
trigger_of = msgspec.json.Decoder(NumberedTrigger).decode
candidate_of = msgspec.json.Decoder(NumberedCandidate).decode
_decode_risk = msgspec.json.Decoder(PlacedRisk).decode
_decode_erasure = msgspec.json.Decoder(PlacedErasure).decode


def is_change_ahead(packed: Mapping[bytes, bytes], key: bytes, value: bytes, owns: Callable[[bytes], bool]) -> bool:
    """Says whether a tier change has a higher number than the customer's state. packed: states by customer.

    owns: says whether a customer is of this partition. The topic also has those who moved to another one.
    """
    state = packed.get(key)
    if state is None:
        return owns(key)
    return unpack_state(state).sequence < _decode_change(value).sequence


def is_trigger_ahead(packed: Mapping[bytes, bytes], trigger: NumberedTrigger, owns: Callable[[bytes], bool]) -> bool:
    """Says whether a trigger has a higher number than the customer's state.

    owns: says whether a customer is of this partition. A partition of the candidates has those of all customers.
    """
    key = trigger.customer_id.encode()
    state = packed.get(key)
    if state is None:
        return owns(key)
    courses = unpack_state(state).courses
    campaign = trigger.campaign or campaign_in(trigger.id, trigger.customer_id)
    counted = 0 if courses is None else courses.trigger_counts.get(campaign, 0)
    return counted < trigger.sequence


def is_risk_ahead(next_offsets: Mapping[str, int], value: bytes) -> bool:
    """Says whether a risk message came of an input that this state has not worked. next_offsets: by input topic.

    Of one that is sealed by a key that nobody knows, nothing tells: it may have.
    """
    if sealed_of(value) is not None:
        return True
    return any(offset >= next_offsets.get(topic, 0) for topic, offset in _decode_risk(value).positions.items())


def is_erasure_ahead(next_offset: int, value: bytes) -> bool:
    """Says whether an erasure came of an erase that this state has not worked. next_offset: of `bank.customers`."""
    return _decode_erasure(value).cause.offset >= next_offset


def is_merge_ahead(next_offsets: Sequence[int], partition: int, source: str, value: bytes) -> bool:
    """Says whether what a merge handed on came of an input of this partition that this state has not worked.

    next_offsets: by topic number. source: of our messages. Most records of the topic are the bank's.
    """
    place = place_in(value, source)
    if place is None or place.partition != partition:
        return False
    return place.offset >= next_offsets[TOPICS.index(place.topic)]
