"""Which events an endpoint wants: by tier, direction, kind and group."""

from collections.abc import Callable

import msgspec

from streams.deliver.config import Endpoint, Stream


class _Told(msgspec.Struct, frozen=True):
    """What an event tells that a filter asks for, whichever of the three it is."""

    tier: str | None = None
    direction: str | None = None
    kind: str | None = None
    outcome: str | None = None
    group: str | None = None


_decode = msgspec.json.Decoder(_Told).decode
Filter = Callable[[Stream, bytes], bool]


def filter_of(endpoint: Endpoint) -> Filter:
    """Says whether the endpoint wants an event of a stream. msgspec.DecodeError where the event is no JSON object."""
    tiers, directions = frozenset(endpoint.tiers), frozenset(endpoint.directions)
    kinds, groups = frozenset(endpoint.kinds), frozenset(endpoint.groups)

    def wants(stream: Stream, value: bytes) -> bool:
        if stream == "changes" and not tiers and not directions:
            return True
        told = _decode(value)
        if tiers and told.tier not in tiers:
            return False
        match stream:
            case "changes":
                return not directions or told.direction in directions
            case "campaigns":
                return (not kinds or told.kind in kinds) and (told.group is None or told.group in groups)
            case "risk":
                return not kinds or told.kind in kinds or told.outcome in kinds

    return wants
