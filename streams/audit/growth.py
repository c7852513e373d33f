"""Growths in the log: where customers and budgets of the replay move to other partitions, as those of the workers did.

Every partition that there was works to its order record that says `grown`; then all move at once, by the very functions
that moved them (stages/moving.py), and the replay goes on (docs/adr/0007).
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from streams.contracts.outputs import GrownMessage
from streams.errors import UsageError
from streams.settings import Settings
from streams.stages.moving import to_move
from streams.stages.stage import Stage
from streams.values.calendar import NEVER_MS


class Growth(NamedTuple):
    """One growth. candidates: by partition number, the offset before which its candidates were worked."""

    before: int
    after: int
    candidates: Mapping[int, int]


class Held(NamedTuple):
    """The states that a partition of the replay holds, by key, and its clock."""

    packed: dict[bytes, bytes]
    clock_ms: int = NEVER_MS


def growths_of(settings: Settings, told: Mapping[int, Sequence[GrownMessage]]) -> list[Growth]:
    """Gives the growths that the order records of all partitions tell of, the earliest first. told: by number.

    Raises:
        UsageError: They do not agree: a growth is under way, or was cut off.
    """
    found: dict[tuple[int, int], dict[int, int]] = {}
    for number, here in told.items():
        for grown in here:
            found.setdefault((grown.before, grown.after), {})[number] = grown.candidates
    growths = [Growth(before, after, candidates) for (before, after), candidates in sorted(found.items())]
    for growth in growths:
        if len(growth.candidates) < growth.after:
            raise UsageError(
                f"{settings.output_topic('order')}: a growth to {growth.after} partitions is under way, or cut off: "
                f"finish it first: tierflow topics grow --partitions {growth.after}"
            )
    return growths


def partitions_at_first(growths: Sequence[Growth], number: int, partitions: int) -> int:
    """Gives how many partitions there were when one was first worked. partitions: how many there are now."""
    return next((growth.before for growth in growths if number < growth.before), partitions)


def moved(stage: Stage, held: Mapping[int, Held], partitions: int) -> dict[int, Held]:
    """Gives what each partition holds after a growth to so many partitions. held: by number."""
    after = {number: Held({}, held[number].clock_ms if number in held else NEVER_MS) for number in range(partitions)}
    for number, (packed, clock_ms) in held.items():
        targets = to_move(stage, packed, number, partitions)
        for key, state in packed.items():
            target = targets.get(key, number)
            after[target].packed[key] = state if target == number else stage.moved(state, number)
        for target in set(targets.values()):
            after[target] = after[target]._replace(clock_ms=max(after[target].clock_ms, clock_ms))
    return after


def leaving(stage: Stage, held: Mapping[int, Held], partitions: int) -> dict[int, dict[bytes, int]]:
    """Gives by partition number which keys leave it, and where to."""
    return {number: to_move(stage, packed, number, partitions) for number, (packed, _) in held.items()}
