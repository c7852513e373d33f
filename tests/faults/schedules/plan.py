"""A schedule of faults, made of a seed alone: a few that overlap; of many, phases, and after each all is healed."""

from collections.abc import Collection
from random import Random
from typing import Any, NamedTuple

from tests.faults.schedules.points import POINTS

SESSION_S = 6.0  # after which the group gives a worker up that is not heard
AT_LEAST, AT_MOST = 2, 5
_BEGUN_WITHIN_S = 2.0


class Step(NamedTuple):
    """One fault: when it begins in its phase, for how long it lasts, whom it concerns, and what else it says."""

    role: str
    kind: str
    at_s: float
    seconds: float
    target: int
    detail: Any = None

    @property
    def name(self) -> str:
        """What it is counted as."""
        return f"{self.role}: {self.kind}"


Phase = list[Step]

_WORKER = {"kill": 3, "kill at": 8, "stop": 2, "stop at": 4, "terminate": 2, "storm": 1, "fence": 1}
_BROKER = {"kill": 2, "restart": 2, "freeze": 2, "disk full": 2, "disk read-only": 1}
_BROKERS = {**_BROKER, "leaders move": 2, "coordinators move": 2}
_CONNECTION = {"reset": 2, "cut": 2, "delay": 2, "one way": 3}
_OTHERS = {"disk": {"full": 1, "read-only": 1}, "clock": {"jump": 1, "wrong": 1}, "topics": {"setting": 1, "policy": 1}}
_ROLES = {"worker": 8, "connection": 4, "broker": 2, "disk": 1, "clock": 1, "topics": 1}


def phases(
    seed: int, brokers: int, workers: int, faults: int | None = None, only: Collection[str] | None = None
) -> list[Phase]:
    """The phases of a schedule. faults: how many in all; None: the seed says. only: the names of faults it may have."""
    random = Random(seed)  # noqa: S311 - repeatable, not secret
    left = faults or random.randint(AT_LEAST, AT_MOST)
    found: list[Phase] = []
    while left:
        size = min(left, random.choice((3, 4, 5)))
        found.append(_phase(random, brokers, workers, size, only))
        left -= size
    return found


def kinds(brokers: int) -> list[str]:
    """The names of all faults that a schedule may have."""
    broker = _BROKERS if brokers > 1 else _BROKER
    by_role = {"worker": _WORKER, "connection": _CONNECTION, "broker": broker, **_OTHERS}
    return [f"{role}: {kind}" for role, those in by_role.items() for kind in those]


def _phase(random: Random, brokers: int, workers: int, size: int, only: Collection[str] | None) -> Phase:
    """At most one fault a broker or a worker process: two of one would hide each other."""
    phase: Phase = []
    while len(phase) < size:
        step = _step(random, brokers, workers)
        if only is not None and step.name not in only:
            continue
        taken = {(other.role, other.target) for other in phase if other.role != "connection"}
        is_second_broker = step.role == "broker" and any(other.role == "broker" for other in phase)
        if (step.role, step.target) not in taken and not is_second_broker:
            phase.append(step)
    return sorted(phase, key=lambda step: step.at_s)


def _step(random: Random, brokers: int, workers: int) -> Step:
    role = _one(random, _ROLES)
    at_s, target = round(random.uniform(0.0, _BEGUN_WITHIN_S), 2), random.randrange(workers)
    if role == "worker":
        return _worker(random, at_s, target)
    if role == "connection":
        return _connection(random, at_s, target, brokers)
    if role == "broker":
        return _broker(random, at_s, brokers)
    kind = _one(random, _OTHERS[role])
    detail = random.choice((-240_000, 240_000)) if kind == "jump" else 1_200_000 if kind == "wrong" else None
    return Step(role, kind, at_s, random.choice((1.0, 3.0)), target, detail)


def _worker(random: Random, at_s: float, target: int) -> Step:
    """detail: of a point, its name, the how manieth time, and who is started anew to bring a worker there."""
    kind = _one(random, _WORKER)
    seconds = random.choice((0.5, SESSION_S / 2, SESSION_S / 2, SESSION_S + 2))
    if kind in {"kill at", "stop at"}:
        point = random.choice(list(POINTS))
        # What comes once an assignment would not come four times.
        times = random.randint(1, 3) if POINTS[point].needs == "events" else 1
        detail = point, times, random.choice(("itself", "another"))
        return Step("worker", kind, at_s, SESSION_S + random.choice((0.5, 1.0, 3.0)), target, detail)
    if kind == "storm":
        return Step("worker", kind, at_s, 0.0, target, [round(random.uniform(0.0, 2.0), 2) for _ in range(4)])
    if kind == "fence":
        return Step("worker", kind, at_s, 0.0, target, (random.randrange(4), random.choice("ab")))
    return Step("worker", kind, at_s, seconds, target)


def _connection(random: Random, at_s: float, target: int, brokers: int) -> Step:
    """detail: of a worker, or of a broker; and the seconds of a delay, or the direction that is stopped."""
    kind, whose = _one(random, _CONNECTION), random.choice(("worker", "worker", "broker"))
    more = {"delay": random.choice((0.01, 0.1, 0.5)), "one way": random.choice(("up", "up", "down"))}.get(kind)
    target = target if whose == "worker" else random.randint(1, brokers)
    return Step("connection", kind, at_s, random.choice((0.5, 1.0, 3.0, 9.0)), target, (whose, more))


def _broker(random: Random, at_s: float, brokers: int) -> Step:
    kind = _one(random, _BROKERS if brokers > 1 else _BROKER)
    return Step("broker", kind, at_s, random.choice((0.0, 0.0, 2.0, 5.0)), random.randint(1, brokers))


def _one(random: Random, weights: dict[str, int]) -> str:
    return random.choices(list(weights), list(weights.values()))[0]
