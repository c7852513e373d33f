"""A customer's transactions by local day, in buckets by "type.currency".

A day stays packed until it is looked at, since most events look at one day only.
"""

from streams.engine.codec import decode_buckets, encode_buckets
from streams.engine.state import Bucket, CustomerState


def buckets_of(state: CustomerState, day: int) -> dict[str, Bucket]:
    """Unpacks the buckets of a day; none where nothing is kept of it."""
    packed = state.days.get(day)
    return {} if packed is None else decode_buckets(packed)


def keep_buckets(state: CustomerState, day: int, buckets: dict[str, Bucket]) -> None:
    """Packs the buckets of a day into the state."""
    state.days[day] = encode_buckets(buckets)


def forget_days(state: CustomerState, oldest: int) -> None:
    """Drops the days before `oldest`, if the day that came in first is one of them.

    Days mostly come in their order, so a look at the first one is enough.
    """
    if state.days and next(iter(state.days)) < oldest:
        state.days = {day: buckets for day, buckets in state.days.items() if day >= oldest}
