"""What goes wrong in a schedule: drawn from a seed, each kind often, seldom or never (swarm testing); or kept."""

from collections import Counter
from collections.abc import Iterator, Sequence
from random import Random
from typing import NamedTuple

# Of a request, and of the broker's answer. "late": the connection ends at once, the request arrives much later.
OF_REQUESTS = (
    "lost before it was applied",
    "lost after it was applied",
    "late",
    "silent",
    "slow",
    "refused for now",
    "applied and refused for now",
    "refused for good",
    "applied and refused for good",
)
# Of a worker, of the group, of the cluster.
OF_THE_WORLD = (
    "killed",
    "paused",
    "cut off",
    "joined",
    "left",
    "storm",
    "leader moved",
    "coordinator moved",
    "connections cut",
    "compacted",
    "fetch lost",
    "markers lost",
    "foreign transaction",
    "broker away",
)
# What a worker may be in the middle of, the rarest first.
DOINGS = (
    "ending what was left open",
    "in the end of a transaction",
    "in a transaction",
    "in a take-over",
    "between two batches",
)
STRUCK = tuple(f"{what} {doing}" for what in ("killed", "paused") for doing in DOINGS)
# Points that a run comes to, and says how often.
POINTS = (
    "transaction committed",
    "transaction failed",
    "taken over",
    "taken up where it was parked",
    "epoch raised",
    "fenced",
    "timed out by the broker",
    "away for longer than a transaction has",
    "left open: committed",
    "left open: aborted",
    "left open: seen while worked",
    "open transaction waited for",
    "gap in the fetches",
    "worker ended by itself",
    "worked as a zombie",
    "read during faults",
    "seen while worked",
    "ended in protocol 2",
    "added by records or offsets",
)
ENDS_MORE_OFTEN = 4
FETCHES_LOST = 0.05
EVERYTHING = (*OF_REQUESTS, *OF_THE_WORLD, *STRUCK, *POINTS)

RETRIABLE = {
    "InitProducerId": (14, 15, 16, 51),
    "AddPartitionsToTxn": (14, 15, 16, 51),
    "AddOffsetsToTxn": (14, 15, 16, 51),
    "TxnOffsetCommit": (14, 15, 16, 7),
    "EndTxn": (14, 15, 16, 51),
    "Produce": (6, 5, 7, 19, 20),
    "ApiVersions": (7,),
    "DescribeTransactions": (14, 15, 16),
    "DescribeProducers": (6,),
}
FATAL = {
    "InitProducerId": (-1, 53),
    "AddPartitionsToTxn": (-1, 29, 48),
    "AddOffsetsToTxn": (-1, 30, 48),
    "TxnOffsetCommit": (-1, 30),
    "EndTxn": (-1, 48),
    "Produce": (-1, 10, 29, 45, 87),
    "ApiVersions": (-1,),
    "DescribeTransactions": (-1,),
    "DescribeProducers": (-1, 29),
}
# By requests of protocol 2, besides.
RETRIABLE_IN_PROTOCOL_2 = {"Produce": (51,), "TxnOffsetCommit": (51,), "EndTxn": ()}
FATAL_IN_PROTOCOL_2 = {"Produce": (90, 120), "TxnOffsetCommit": (90, 120), "EndTxn": (90, 120)}


class Happening(NamedTuple):
    """Something that goes wrong at a time."""

    at_s: float
    what: str
    whom: int  # a number that says which worker, node or partition
    for_s: float


class Fault(NamedTuple):
    """What goes wrong with a request. chance: from 0 to 1; how late, how slow, by which error, goes by it."""

    what: str
    chance: float


class Struck(NamedTuple):
    """A worker that is killed or paused. steps: of it, after the point it has come to."""

    what: str
    steps: int
    for_s: float


class Met(NamedTuple):
    """A fault as it came, at the how-manieth time that a point was come to. fault: a Fault, or Struck."""

    at: str
    number: int
    fault: Fault | Struck


class Setting(NamedTuple):
    """What is drawn for a schedule before it begins."""

    for_s: float
    workers: int
    has_protocol_2: bool
    home: int | None  # the node that leads all; None: they share
    shuffles: bool
    slow_markers: float
    slow_cpu: bool


def drawn_setting(random: Random) -> Setting:
    """Draws one."""
    return Setting(
        for_s=random.choice((4.0, 8.0, 15.0, 30.0)),
        workers=random.choice((2, 3)),
        has_protocol_2=random.random() < 0.6,
        home=random.choice((None, random.randrange(3))),
        shuffles=random.random() < 0.5,
        slow_markers=random.choice((0.0, 0.02, 0.2)),
        slow_cpu=random.random() < 0.2,
    )


class Faults:
    """What goes wrong in a schedule, and when. Once it has healed, nothing does any more.

    Points have names, such as "EndTxn app-0-a", and each time that one is come to has a number: what goes wrong there
    is noted by both, so that it can be kept (kept.py).
    """

    def __init__(self, seed: int, setting: Setting) -> None:
        self.setting = setting
        self.pace = Random(f"pace {seed}")  # of all that is no fault: how long messages take, how much is fetched
        self.met: Counter[str] = Counter()
        self.noted: list[Met] = []
        self.happenings: Sequence[Happening] = []
        self.has_healed = self.is_kept = False
        self._times: Counter[str] = Counter()

    def of_request(self, point: str, *, ends: bool = False) -> Fault | None:
        """Says what goes wrong with a request. point: which. ends: a transaction; there most can go wrong."""
        self._times[point] += 1
        fault = None if self.has_healed else self._drawn(point, self._times[point], ends=ends)
        return self._noted(point, fault)

    def loses_fetch(self, point: str) -> bool:
        """Says whether a fetch is lost inside the process. point: which."""
        self._times[point] += 1
        fault = None if self.has_healed else self._drawn_fetch(point, self._times[point])
        return self._noted(point, fault) is not None

    def come_to(self, point: str) -> Struck | None:
        """Says what the worker is struck by that comes to a point; None where it goes on."""
        self._times[point] += 1
        return None if self.has_healed else self._drawn_strike(point, self._times[point])

    def times(self, point: str) -> int:
        """Gives how often a point was come to."""
        return self._times[point]

    def strikes(self, point: str, number: int, fault: Struck) -> None:
        """Notes that a worker was struck."""
        self.noted.append(Met(point, number, fault))

    def delay_s(self) -> float:
        """Gives how long a message takes on its way."""
        return 0.0003 + 0.002 * self.pace.random() ** 4

    def marker_s(self) -> float:
        """Gives how long it takes until a marker is written."""
        slowest = self.setting.slow_markers
        slow = slowest if self.pace.random() < slowest else 0.0
        return 0.0005 + 0.003 * self.pace.random() + 10 * slow * self.pace.random() ** 4

    def met_once(self, what: str) -> None:
        """Counts a point that was come to."""
        self.met[what] += 1

    def may_happen(self, what: str) -> bool:
        """Says whether there are faults of a kind."""
        raise NotImplementedError

    def _noted(self, point: str, fault: Fault | None) -> Fault | None:
        if fault is not None:
            self.met[fault.what] += 1
            self.noted.append(Met(point, self._times[point], fault))
        return fault

    def _drawn(self, point: str, number: int, *, ends: bool) -> Fault | None:
        raise NotImplementedError

    def _drawn_fetch(self, point: str, number: int) -> Fault | None:
        raise NotImplementedError

    def _drawn_strike(self, point: str, number: int) -> Struck | None:
        raise NotImplementedError


class DrawnFaults(Faults):
    """The faults of a seed: each kind often, seldom or never."""

    def __init__(self, seed: int) -> None:
        """Draws which kinds there are."""
        self._random = random = Random(f"faults {seed}")
        super().__init__(seed, drawn_setting(random))
        drawn = [kind for kind in (*OF_REQUESTS, *OF_THE_WORLD) if random.random() < 0.4]
        self._kinds = frozenset(drawn)
        worst = random.choice((0.003, 0.01, 0.03, 0.08))
        self._rates = [(kind, worst * random.random()) for kind in OF_REQUESTS if kind in drawn]
        self.happenings = sorted(self._happenings(drawn))

    def may_happen(self, what: str) -> bool:
        return what in self._kinds

    def _happenings(self, drawn: Sequence[str]) -> Iterator[Happening]:
        random = self._random
        for what in drawn:
            if what in OF_THE_WORLD and what != "fetch lost":
                for _ in range(random.randint(1, 3)):
                    for_s = random.choice((0.5, 2.0, 7.0, 12.0)) * (0.5 + random.random())
                    yield Happening(random.random() * self.setting.for_s, what, random.randrange(1_000), for_s)

    def _drawn(self, point: str, number: int, *, ends: bool) -> Fault | None:
        del point, number
        if not self._rates:
            return None
        drawn = self._random.random() / (ENDS_MORE_OFTEN if ends else 1)
        for kind, rate in self._rates:
            if drawn < rate:
                return Fault(kind, self._random.random())
            drawn -= rate
        return None

    def _drawn_fetch(self, point: str, number: int) -> Fault | None:
        del point, number
        is_lost = "fetch lost" in self._kinds and self._random.random() < FETCHES_LOST
        return Fault("fetch lost", self._random.random()) if is_lost else None

    def _drawn_strike(self, point: str, number: int) -> Struck | None:
        """Does nothing: who is struck is chosen by what it does (world.py)."""
        del point, number
