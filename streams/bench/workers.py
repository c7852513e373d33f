"""Real worker processes: they are started, watched through their logs and /proc, and ended."""

import asyncio
import os
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from streams.bench.stand import Stand
from streams.errors import UsageError
from streams.signals import signals_wait

# A machine that does much else takes its time; a process that ends is seen at once.
STARTED_WITHIN_S = 240.0
STOPPED_WITHIN_S = 20.0
POLL_S = 0.01
_LOG_END_LINES = 15
# What a lane of the customers' stage logs when it has taken its partition over (worker/lane.py).
_READY = re.compile(rb"ready at (\S+),")
_TAKEN_OVER = re.compile(rb"partition (\d+) taken over: (\d+) records in ([\d.]+) s")


class TakeOver(NamedTuple):
    """A partition that a worker has taken over: how many changelog records it read, and how long that took."""

    partition: int
    records: int
    seconds: float


class Worker:
    """A `tierflow worker` process, or another long-running command, with a log and a data folder of its own.

    Making one starts the process. number: part of the names of the log and the data folder, so different for each
    worker of a stand. variables: environment variables beside those of the stand.
    """

    def __init__(
        self,
        on: Stand,
        number: int,
        command: Sequence[str] = ("worker",),
        variables: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._name = f"tierflow {command[0]}"
        self._log = on.folder / f"worker{number}.log"
        environment = {**on.environment, "TIERFLOW_DATA_DIR": str(on.folder / f"worker{number}"), **variables}
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                [*_tierflow(), *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
                process_group=0,  # so ctrl-C reaches the benchmark alone, which then ends the worker
            )

    def check(self) -> None:
        """Checks that the process still runs.

        Raises:
            UsageError: It has ended; the message has the end of its log.
        """
        status = self._process.poll()
        if status is not None:
            tail = self._log.read_text(errors="replace").splitlines()[-_LOG_END_LINES:]
            raise UsageError(
                f"{self._name} ended with status {status}; mend what the end of its log says, then start again:\n"
                + "\n".join(tail)
            )

    def take_overs(self) -> list[TakeOver]:
        """Reads from the log which partitions were taken over up to now, oldest first."""
        found = _TAKEN_OVER.findall(self._log.read_bytes())
        return [TakeOver(int(partition), int(records), float(seconds)) for partition, records, seconds in found]

    def url(self) -> str:
        """Gives the address of its HTTP routes, as it has logged it when it was ready.

        Raises:
            UsageError: It is not ready.
        """
        found = _READY.search(self._log.read_bytes())
        if found is None:
            raise UsageError(f"{self._name} is not ready, see {self._log}; start again")
        return found[1].decode()

    def cpu_s(self) -> float | None:
        """Gives the user and system time of all threads up to now; None where the system has no /proc."""
        try:
            stat = Path(f"/proc/{self._process.pid}/stat").read_text()
        except FileNotFoundError:
            return None
        # See proc(5). The name in brackets may hold spaces; utime and stime are the 12th and 13th fields after it.
        fields = stat.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def rss_bytes(self) -> int:
        """Gives the resident memory now.

        Raises:
            UsageError: The system has no /proc.
        """
        try:
            pages = Path(f"/proc/{self._process.pid}/statm").read_text().split()[1]
        except FileNotFoundError as error:
            raise UsageError(
                "the memory of a process is read from /proc, which this system has not; use Linux"
            ) from error
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def peak_rss_bytes(self) -> int:
        """Gives the most resident memory up to now, from /proc."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024

    def terminate(self) -> None:
        """Asks the process to end, by SIGTERM; does not wait."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)

    def wait(self) -> None:
        """Waits for the process to end, and kills it after `STOPPED_WITHIN_S`."""
        try:
            self._process.wait(STOPPED_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@contextmanager
def running_workers(on: Stand, count: int) -> Iterator[list[Worker]]:
    """Starts so many workers, and ends them at the end of the block."""
    workers: list[Worker] = []
    try:
        with signals_wait():
            workers.extend(Worker(on, number) for number in range(1, count + 1))
        yield workers
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.wait()


async def taken_over(workers: list[Worker], partitions: int, within_s: float = STARTED_WITHIN_S) -> list[TakeOver]:
    """Waits until so many partitions are taken over, and gives one take-over of each.

    A worker fetches no record before its first take-over.

    Raises:
        UsageError: A worker has ended, or the partitions were not taken over within the time.
    """
    give_up_at = time.monotonic() + within_s
    while True:
        found = {each.partition: each for worker in workers for each in worker.take_overs()}
        if len(found) >= partitions:
            return list(found.values())
        for worker in workers:
            worker.check()
        if time.monotonic() > give_up_at:
            raise UsageError(
                f"{len(found)} of {partitions} partitions were taken over within {within_s:.0f} s: this machine is too "
                "slow, or too busy; start again when it is quiet, or take less data"
            )
        await asyncio.sleep(POLL_S)


def ended_workers_cpu_s() -> float:
    """Gives the user and system time of all child processes of this process that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _tierflow() -> list[str]:
    """Gives the command line of `tierflow` in the running installation."""
    script = Path(sys.executable).with_name("tierflow")
    return [str(script)] if script.exists() else [sys.executable, "-m", "streams.cli.main"]
