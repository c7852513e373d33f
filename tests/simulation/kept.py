"""Schedules that are kept: what went wrong, by the names of the points where it did, and not by a seed.

A seed gives another schedule as soon as the product asks for anything else, or a kind of fault is new. "The third
EndTxn of app-0-a arrives 4 s late" stays what it is. The seed that is kept says how long messages take, what records
come in, and the like. What a mutation of the product (mutations.py) leads to is kept by its name.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.simulation.faults import Fault, Faults, Happening, Met, Setting, Struck

KEPT = Path(__file__).with_name("kept.json")


class Schedule(NamedTuple):
    """A schedule that is kept."""

    seed: int
    setting: Setting
    happenings: Sequence[Happening]
    met: Sequence[Met]


class KeptFaults(Faults):
    """The faults of a schedule that is kept."""

    def __init__(self, schedule: Schedule) -> None:
        super().__init__(schedule.seed, schedule.setting)
        self.happenings, self.is_kept = schedule.happenings, True
        self._planned = {(met.at, met.number): met.fault for met in schedule.met}

    def may_happen(self, what: str) -> bool:
        """Says whether a kind of fault is planned."""
        return any(each.what == what for each in (*self.happenings, *self._planned.values()))

    def _drawn(self, point: str, number: int, *, ends: bool) -> Fault | None:
        del ends
        fault = self._planned.get((point, number))
        return fault if isinstance(fault, Fault) else None

    def _drawn_fetch(self, point: str, number: int) -> Fault | None:
        return self._drawn(point, number, ends=False)

    def _drawn_strike(self, point: str, number: int) -> Struck | None:
        fault = self._planned.get((point, number))
        return fault if isinstance(fault, Struck) else None


def made_smaller(schedule: Schedule, fails: Callable[[Schedule], bool]) -> Schedule:
    """Gives a schedule with as few faults, and as plain a setting, as still make it fail."""
    for field, plain in (("slow_cpu", False), ("slow_markers", 0.0), ("shuffles", False), ("workers", 2)):
        plainer = schedule._replace(setting=schedule.setting._replace(**{field: plain}))
        if fails(plainer):
            schedule = plainer
    for field in ("met", "happenings"):
        schedule = _with_fewer(schedule, field, fails)
    return schedule


def _with_fewer(schedule: Schedule, field: str, fails: Callable[[Schedule], bool]) -> Schedule:
    """Leaves out as many as possible: half of them at first, single ones at last."""
    size = max(len(getattr(schedule, field)) // 2, 1)
    while True:
        begin = 0
        while begin < len(getattr(schedule, field)):
            there = getattr(schedule, field)
            fewer = schedule._replace(**{field: [*there[:begin], *there[begin + size :]]})
            if fails(fewer):
                schedule = fewer
            else:
                begin += size
        if size == 1:
            return schedule
        size = max(size // 2, 1)


def as_json(schedule: Schedule) -> dict[str, Any]:
    """Gives a schedule in the form in which it is kept."""
    return {
        "seed": schedule.seed,
        "setting": schedule.setting._asdict(),
        "happenings": [each._asdict() for each in schedule.happenings],
        "met": [{"at": met.at, "number": met.number, **met.fault._asdict()} for met in schedule.met],
    }


def from_json(kept: Mapping[str, Any]) -> Schedule:
    """Gives the schedule that was kept."""
    return Schedule(
        kept["seed"],
        Setting(**kept["setting"]),
        [Happening(**each) for each in kept["happenings"]],
        [_met(**each) for each in kept["met"]],
    )


def _met(at: str, number: int, **fault: Any) -> Met:
    return Met(at, number, Struck(**fault) if "steps" in fault else Fault(**fault))


def kept_schedules() -> Mapping[str, Schedule]:
    """Gives all that are kept, by what they show."""
    return {name: from_json(kept) for name, kept in json.loads(KEPT.read_text()).items()}


def keep(schedules: Mapping[str, Schedule]) -> None:
    """Writes what is kept: a line a fault, so that a change can be read."""
    lines = (f"{json.dumps(name)}: {_lines(each)}" for name, each in schedules.items())
    KEPT.write_text("{\n" + ",\n".join(lines) + "\n}\n")


def _lines(schedule: Schedule) -> str:
    said = as_json(schedule)
    first = f'  "seed": {said["seed"]}', f'  "setting": {json.dumps(said["setting"])}'
    lists = (
        f'  "{name}": [' + ",".join(f"\n    {json.dumps(each)}" for each in said[name]) + "]"
        for name in ("happenings", "met")
    )
    return "{\n" + ",\n".join((*first, *lists)) + "}"
