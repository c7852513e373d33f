"""What goes wrong in a schedule: drawn from a seed, each kind often, seldom or never (as swarm testing does)."""

from collections import Counter
from collections.abc import Sequence
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


class Happening(NamedTuple):
    """Something that goes wrong at a time."""

    at_s: float
    what: str
    whom: int  # a number that says which worker, node or partition
    for_s: float


class Faults:
    """The faults of one schedule, by its seed. Once it has healed, nothing goes wrong any more."""

    def __init__(self, seed: int, without: frozenset[str] = frozenset()) -> None:
        """Draws which kinds there are. without: kinds that do not happen, though they were drawn."""
        self.random = random = Random(f"faults {seed}")
        self.met: Counter[str] = Counter()
        self.has_healed = False
        self.for_s = random.choice((4.0, 8.0, 15.0, 30.0))
        self.shuffles = random.random() < 0.5
        self.slow_markers = random.choice((0.0, 0.02, 0.2))
        self.slow_cpu = random.random() < 0.2
        self.has_protocol_2 = random.random() < 0.6
        self.home = random.choice((None, random.randrange(3)))  # the node that leads all; None: they share
        drawn = [kind for kind in (*OF_REQUESTS, *OF_THE_WORLD) if random.random() < 0.4]
        self.kinds = frozenset(drawn) - without
        worst = random.choice((0.003, 0.01, 0.03, 0.08))
        self._rates = [(kind, worst * random.random()) for kind in OF_REQUESTS if kind in drawn]
        self.happenings = sorted(self._happenings(drawn))

    def _happenings(self, drawn: Sequence[str]) -> list[Happening]:
        random, found = self.random, []
        for what in drawn:
            if what in OF_THE_WORLD and what != "fetch lost":
                for _ in range(random.randint(1, 3)):
                    for_s = random.choice((0.5, 2.0, 7.0, 12.0)) * (0.5 + random.random())
                    found.append(Happening(random.random() * self.for_s, what, random.randrange(1_000), for_s))
        return [each for each in found if each.what in self.kinds]

    def of_request(self, *, ends: bool = False) -> str | None:
        """Says what goes wrong with the next request. ends: a transaction; there most can go wrong, so it does."""
        if self.has_healed or not self._rates:
            return None
        drawn = self.random.random() / (ENDS_MORE_OFTEN if ends else 1)
        for kind, rate in self._rates:
            if drawn < rate:
                if kind not in self.kinds:
                    return None
                self.met[kind] += 1
                return kind
            drawn -= rate
        return None

    def delay_s(self) -> float:
        """Gives how long a message takes on its way."""
        return 0.0003 + 0.002 * self.random.random() ** 4

    def marker_s(self) -> float:
        """Gives how long it takes until a marker is written."""
        slow = self.slow_markers if self.random.random() < self.slow_markers else 0.0
        return 0.0005 + 0.003 * self.random.random() + 10 * slow * self.random.random() ** 4

    def met_once(self, what: str) -> None:
        """Counts a point that was come to."""
        self.met[what] += 1
