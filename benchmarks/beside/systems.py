"""The systems that are measured, in the order of the tables.

Each peer is set as it does best, and promises what tierflow promises where it can.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

PROJECT = Path(__file__).parents[2]
PEERS = PROJECT / "benchmarks" / "peers"
UV = str(PROJECT / ".uv" / "bin" / "uv")
EXACTLY_ONCE, AT_LEAST_ONCE = "exactly once", "at least once"


class Tierflow(NamedTuple):
    """tierflow with a policy and so many workers. instead: what is measured where it is to be compiled and is not."""

    name: str
    label: str
    policy: str
    workers: int
    compiled: bool
    instead: str = ""
    guarantee: str = EXACTLY_ONCE

    @property
    def command(self) -> str:
        """Says how it is started."""
        form = "" if self.compiled else "TIERFLOW_INTERPRETED=1 "
        return f"{form}TIERFLOW_POLICY=config/policies/{self.policy}.toml tierflow worker ({self.workers})"


class Peer(NamedTuple):
    """Another stream processor with the same work. arguments: its program in `benchmarks/peers`, and its options.

    once: measured in the first round alone. at_most: so many events are enough, since it is slow.
    """

    name: str
    label: str
    guarantee: str
    arguments: tuple[str, ...]
    once: bool = False
    at_most: int | None = None

    @property
    def command(self) -> str:
        """Says how it is started."""
        return " ".join(self.arguments)

    @property
    def program(self) -> list[str]:
        """Gives its command line, without where it reads and writes."""
        script, *options = self.arguments
        path = str(PEERS / script)
        return [UV, "run", "--quiet", "--script", path, *options] if script.endswith(".py") else [path, *options]


_STREAMS = ("kafka_streams/run.sh", "--threads", "2", "--guarantee", "exactly_once_v2")
_IN_MEMORY = (*_STREAMS, "--store", "memory", "--no-cache")
_FLINK = ("flink/run.sh", "--threads", "2", "--guarantee", "exactly_once")
_PATHWAY = ("pathway_peer.py", "--persistence", "inputs")

INTERPRETED = Tierflow("interpreted", "tierflow, interpreted", "assets-only", 1, compiled=False)
COMPILED = Tierflow("compiled", "tierflow, compiled", "assets-only", 1, compiled=True, instead="interpreted")
KAFKA_STREAMS = Peer("ks-memory", "Kafka Streams, memory", EXACTLY_ONCE, _IN_MEMORY)
FLINK = Peer(
    "flink-hashmap",
    "Flink, hashmap, checkpoint 1 s",
    EXACTLY_ONCE,
    (*_FLINK, "--store", "hashmap", "--checkpoint-ms", "1000"),
)

WHOLE: tuple[Tierflow | Peer, ...] = (
    INTERPRETED,
    COMPILED,
    Tierflow("compiled-2", "tierflow, compiled, 2 workers", "assets-only", 2, compiled=True, instead=""),
    Tierflow("standard", "tierflow, interpreted, `standard`", "standard", 1, compiled=False),
    Tierflow("standard-compiled", "tierflow, compiled, `standard`", "standard", 1, compiled=True, instead="standard"),
    KAFKA_STREAMS,
    Peer(
        "ks-rocksdb",
        "Kafka Streams, RocksDB, cache 256 MB",
        EXACTLY_ONCE,
        (*_STREAMS, "--store", "rocksdb", "--cache-mb", "256"),
    ),
    FLINK,
    Peer(
        "flink-rocksdb",
        "Flink, RocksDB, checkpoint 1 s",
        EXACTLY_ONCE,
        (*_FLINK, "--store", "rocksdb", "--checkpoint-ms", "1000"),
    ),
    Peer(
        "jet",
        "Hazelcast Jet, snapshot 1 s in its own memory",
        "exactly once, while its member lives",
        ("jet/run.sh", "--threads", "2", "--guarantee", "exactly_once", "--snapshot-ms", "1000"),
        once=True,
    ),
    Peer("pathway", "Pathway, input log, batches of 1 s", AT_LEAST_ONCE, (*_PATHWAY, "--commit-ms", "1000"), once=True),
    Peer(
        "quix",
        "Quix Streams",
        EXACTLY_ONCE,
        ("quix_streams.py", "--guarantee", "exactly-once"),
        once=True,
        at_most=100_000,
    ),
    Peer("plain-faust", "plain Faust", AT_LEAST_ONCE, ("plain_faust.py",), once=True, at_most=50_000),
)
QUICK: tuple[Tierflow | Peer, ...] = (COMPILED, KAFKA_STREAMS, FLINK)
# What shortens a delay: commits and checkpoints come as often as each system still bears them well.
DELAYED: tuple[Tierflow | Peer, ...] = (
    INTERPRETED,
    COMPILED,
    Peer("ks-commit-20", "Kafka Streams, memory, commit 20 ms", EXACTLY_ONCE, (*_IN_MEMORY, "--commit-ms", "20")),
    Peer("ks-commit-100", "Kafka Streams, memory, commit 100 ms", EXACTLY_ONCE, (*_IN_MEMORY, "--commit-ms", "100")),
    Peer(
        "flink-checkpoint-100",
        "Flink, hashmap, checkpoint 100 ms",
        EXACTLY_ONCE,
        (*_FLINK, "--store", "hashmap", "--checkpoint-ms", "100"),
    ),
    Peer("flink-checkpoint-1000", FLINK.label, EXACTLY_ONCE, FLINK.arguments),
)


def runnable(systems: Sequence[Tierflow | Peer], *, is_compiled: bool) -> list[Tierflow | Peer]:
    """Gives the systems that this checkout can run: interpreted ones for those that its logic is not compiled for."""
    if is_compiled:
        return list(systems)
    stand_ins = {system.name: system for system in WHOLE}
    found: dict[str, Tierflow | Peer] = {}
    for system in systems:
        if isinstance(system, Tierflow) and system.compiled:
            if system.instead:
                found.setdefault(system.instead, stand_ins[system.instead])
        else:
            found.setdefault(system.name, system)
    return list(found.values())


def in_round(systems: Sequence[Tierflow | Peer], number: int) -> list[Tierflow | Peer]:
    """Gives the systems of a round, from 1, in its order: every other round goes backwards."""
    found = [system for system in systems if number == 1 or not (isinstance(system, Peer) and system.once)]
    return found if number % 2 else found[::-1]
