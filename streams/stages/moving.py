"""Where states go when there are more partitions: used by the growth, and by the audit that replays it."""

from collections.abc import Iterable

from streams.errors import UsageError
from streams.stages.stage import Stage


def to_move(stage: Stage, keys: Iterable[bytes], number: int, partitions: int) -> dict[bytes, int]:
    """Gives the keys of a partition that belong to another one, with that one's number.

    Raises:
        UsageError: Nobody knows where the states of this stage belong.
    """
    if stage.place is None:
        raise UsageError(f"the stage {stage.name} does not say where its states belong: they cannot be moved")
    places = ((key, stage.place(key, partitions)) for key in keys)
    return {key: place for key, place in places if place != number}
