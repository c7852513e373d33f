"""What the benchmarks ran on, and with."""

import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.beside.results import Load
from benchmarks.beside.systems import PEERS, PROJECT
from streams.kafka.local import KAFKA

TIERFLOW = str(Path(sys.executable).with_name("tierflow"))
_GIB = 1 << 30


class Loads:
    """The load averages around a measurement: `load` is complete when the block of `loads` has ended."""

    def __init__(self) -> None:
        self._before = self._after = os.getloadavg()[0]

    @property
    def load(self) -> Load:
        """The load averages before and after."""
        return Load(before=round(self._before, 2), after=round(self._after, 2))

    def end(self) -> None:
        """Notes the load average after."""
        self._after = os.getloadavg()[0]


@contextmanager
def loads() -> Iterator[Loads]:
    """Notes the load averages before and after the block."""
    found = Loads()
    yield found
    found.end()


def cpu_s_of(pid: int) -> float:
    """Gives the user and system time of a process up to now, from /proc."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def machine() -> dict[str, str]:
    """Describes this machine."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "cores": str(len(os.sched_getaffinity(0))),
        "processor": _processor(),
        "memory": f"{pages / _GIB:.0f} GiB",
        "system": platform.platform(terse=True),
        "broker": "on the same cores, one, data on the local disk",
    }


def versions() -> dict[str, str]:
    """Gives the versions of all that is measured."""
    streams, flink, jet = ((PEERS / name / "pom.xml").read_text() for name in ("kafka_streams", "flink", "jet"))
    return {
        "tierflow": said_by(TIERFLOW, "--version").removeprefix("tierflow "),
        "commit": said_by("git", "-C", str(PROJECT), "describe", "--always", "--dirty"),
        "Python": platform.python_version(),
        "Kafka": KAFKA.rpartition(":")[2],
        "Java": said_by("java", "-version"),
        "Kafka Streams": _version("kafka-streams", streams),
        "Flink": _version("flink-streaming-java", flink),
        "Hazelcast Jet": _version("hazelcast", jet),
        **{name: _pinned(name) for name in ("pathway", "quixstreams", "faust-streaming")},
    }


def is_compiled() -> bool:
    """Says whether the logic of this checkout is compiled."""
    return "compiled" in said_by(TIERFLOW, "--version")


def said_by(*command: str) -> str:
    """Gives the first line that a command prints; a dash where there is no such command."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - commands of our own
    except FileNotFoundError:
        return "-"
    lines: Sequence[str] = (done.stdout or done.stderr).splitlines()
    return lines[0] if lines else "-"


def _processor() -> str:
    found = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    return found[1] if found else platform.machine()


def _version(artifact: str, pom: str) -> str:
    found = re.search(rf"<artifactId>{artifact}</artifactId>\s*<version>([^<]+)</version>", pom)
    return found[1] if found else "-"


def _pinned(package: str) -> str:
    found = (re.search(rf'"{package}==([^"]+)"', script.read_text()) for script in sorted(PEERS.glob("*.py")))
    return next((match[1] for match in found if match), "-")
