"""Which events an endpoint wants: by tier, direction, kind and group."""

from collections.abc import Callable

import msgspec

from streams.deliver.config import Endpoint, Stream


class _EventFields(msgspec.Struct, frozen=True):
    """The fields of an event that filters look at, whichever stream it is of."""

    tier: str | None = None
    direction: str | None = None
    kind: str | None = None
    outcome: str | None = None
    group: str | None = None


_decode = msgspec.json.Decoder(_EventFields).decode
Filter = Callable[[Stream, bytes], bool]


def filter_of(endpoint: Endpoint) -> Filter:
    """Makes the function that says whether the endpoint wants an event of a stream.

    The function raises msgspec.DecodeError for an event that is not a JSON object.
    """
    tiers, directions = frozenset(endpoint.tiers), frozenset(endpoint.directions)
    kinds, groups = frozenset(endpoint.kinds), frozenset(endpoint.groups)

    def wants(stream: Stream, value: bytes) -> bool:
        if stream == "erasures" or (stream == "changes" and not tiers and not directions):
            return True  # whoever has heard of a customer is told of the erasure, whatever tier that was about
        event = _decode(value)
        if tiers and event.tier not in tiers:
            return False
        match stream:
            case "changes":
                return not directions or event.direction in directions
            case "campaigns":
                return (not kinds or event.kind in kinds) and (event.group is None or event.group in groups)
            case "risk":
                return not kinds or event.kind in kinds or event.outcome in kinds

    return wants
