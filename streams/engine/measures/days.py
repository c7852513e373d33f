"""A customer's transactions of a local day: buckets by "type.currency".

Days stay packed until they are looked at: most events look at one alone.
"""

from streams.engine.codec import decode_buckets, encode_buckets
from streams.engine.state import Bucket, CustomerState


def buckets_of(state: CustomerState, day: int) -> dict[str, Bucket]:
    """Opens a day's buckets; none where nothing is kept of the day."""
    packed = state.days.get(day)
    return {} if packed is None else decode_buckets(packed)


def keep_buckets(state: CustomerState, day: int, buckets: dict[str, Bucket]) -> None:
    """Puts a day's buckets back."""
    state.days[day] = encode_buckets(buckets)


def forget_days(state: CustomerState, oldest: int) -> None:
    """Drops the days before `oldest`, once the first that came in is one of them: days mostly come in their order."""
    if state.days and next(iter(state.days)) < oldest:
        state.days = {day: buckets for day, buckets in state.days.items() if day >= oldest}
