"""One run of a peer on the loaded topics. It prints what it took itself, since it alone sees its first record."""

import os
import re
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from benchmarks.beside.ground import Ground
from benchmarks.beside.machine import cpu_s_of, loads
from benchmarks.beside.results import Run
from benchmarks.beside.systems import Peer
from streams.bench.stand import SERVERS, Stand
from streams.errors import UsageError

ENDS_WITHIN_S = 1_800.0
STOPPED_WITHIN_S = 15.0
POLL_S = 0.05
_PRINTED = re.compile(r"^processed=(\d+) seconds=([\d.]+) events_per_s=\d+ cpu_s=([\d.]+)", re.MULTILINE)
_LOG_END = 800


class Printed(NamedTuple):
    """What a peer prints at its end: from its first record to its last commit."""

    events: int
    seconds: float
    cpu_s: float


def printed(text: str) -> Printed:
    """Reads the last line of figures that a peer printed.

    Raises:
        UsageError: There is none.
    """
    found = _PRINTED.findall(text)
    if not found:
        raise UsageError(f"the peer printed no figures: {text.strip()[-_LOG_END:] or 'nothing at all'}")
    events, seconds, cpu_s = found[-1]
    return Printed(int(events), float(seconds), float(cpu_s))


class PeerProcess:
    """A running peer. A context, which ends it. events: after so many it ends by itself; 0: never."""

    def __init__(self, peer: Peer, on: Stand, events: int) -> None:
        self._name = peer.label
        self._log = on.folder / "peer.log"
        options = [word for name, value in _where(on, events).items() for word in (f"--{name}", value)]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - programs of our own
                [*peer.program, *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=on.folder,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        if self._process.returncode is not None:
            return
        for ending in (signal.SIGTERM, signal.SIGKILL):
            os.killpg(self._process.pid, ending)
            try:
                self._process.wait(STOPPED_WITHIN_S)
            except subprocess.TimeoutExpired:
                continue
            return

    def check(self) -> None:
        """Checks that it still runs.

        Raises:
            UsageError: It has ended.
        """
        if self._process.poll() is not None:
            raise UsageError(f"{self._name} ended with status {self._process.returncode}: {self.output()[-_LOG_END:]}")

    def cpu_s(self) -> float:
        """Gives its CPU time up to now."""
        return cpu_s_of(self._process.pid)

    def wait(self) -> int:
        """Waits until it ends; gives the most memory in bytes that it, or a process that it started, had resident.

        Raises:
            UsageError: It ends with an error, or does not end.
        """
        give_up_at = time.monotonic() + ENDS_WITHIN_S
        while time.monotonic() < give_up_at:
            ended, status, used = os.wait4(self._process.pid, os.WNOHANG)
            if ended:
                self._process.returncode = os.waitstatus_to_exitcode(status)
                if self._process.returncode:
                    self.check()
                return used.ru_maxrss * 1024
            time.sleep(POLL_S)
        raise UsageError(f"{self._name} did not end within {ENDS_WITHIN_S:.0f} s: {self.output()[-_LOG_END:]}")

    def output(self) -> str:
        """Gives what it has printed."""
        return self._log.read_text(errors="replace").strip()


def run_peer(ground: Ground, peer: Peer, number: int) -> Run:
    """Works the loaded topics by a peer. number: of the round.

    Raises:
        UsageError: It cannot be had here, or does not end as it should.
    """
    on = ground.stand("assets-only", {})
    broker_cpu_s = ground.broker_cpu_s()
    events = min(sum(ground.sent.values()), peer.at_most or sum(ground.sent.values()))
    with loads() as around, PeerProcess(peer, on, events) as process:
        peak = process.wait()
    took = printed(process.output())
    run = Run(
        system=peer.name,
        round=number,
        events=took.events,
        seconds=took.seconds,
        cpu_s=took.cpu_s,
        peak_rss_mib=round(peak / (1 << 20), 1),
        broker_cpu_s=round(ground.broker_cpu_s() - broker_cpu_s, 2),
        written=ground.written(on),
        load=around.load,
    )
    ground.clear(on)
    return run


def _where(on: Stand, events: int) -> dict[str, str]:
    """Gives the options that every peer takes."""
    app_id = on.settings.app_id
    return {
        "bootstrap": on.environment[SERVERS],
        "in-prefix": on.environment["TIERFLOW_INPUT_PREFIX"],
        "app-id": f"{app_id}-peer",
        "out-topic": on.settings.output_topic("changes"),
        "expect": str(events),
        "state-dir": str(Path(on.folder, "state")),
    }
