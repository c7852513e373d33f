"""Real worker processes: started, watched through their logs and /proc, and ended."""

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

STARTED_WITHIN_S = 60.0
STOPPED_WITHIN_S = 20.0
POLL_S = 0.01
_LOG_END_LINES = 15
# What a lane logs when a partition is ours (kafka/lane.py).
_TAKEN_OVER = re.compile(rb"partition (\d+) taken over: (\d+) records in ([\d.]+) s")


class TakeOver(NamedTuple):
    """A partition that a worker has recovered: how many state records it read, and how long that took."""

    partition: int
    records: int
    seconds: float


class Worker:
    """One `tierflow worker`, or another command that runs on, with a log and a data folder of its own."""

    def __init__(
        self,
        on: Stand,
        number: int,
        command: Sequence[str] = ("worker",),
        variables: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._log = on.folder / f"worker{number}.log"
        environment = {**on.environment, "TIERFLOW_DATA_DIR": str(on.folder / f"worker{number}"), **variables}
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                [*_tierflow(), *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
                process_group=0,  # ctrl-C is ours: the worker ends when we are done with it
            )

    def check(self) -> None:
        """UsageError with the end of the log if the worker has ended."""
        status = self._process.poll()
        if status is not None:
            tail = self._log.read_text(errors="replace").splitlines()[-_LOG_END_LINES:]
            raise UsageError(f"a worker ended with status {status}; the end of its log:\n" + "\n".join(tail))

    def take_overs(self) -> list[TakeOver]:
        """The partitions taken over up to now."""
        found = _TAKEN_OVER.findall(self._log.read_bytes())
        return [TakeOver(int(partition), int(records), float(seconds)) for partition, records, seconds in found]

    def cpu_s(self) -> float | None:
        """User and system time used up to now, by all threads; None where the system has no /proc."""
        try:
            stat = Path(f"/proc/{self._process.pid}/stat").read_text()
        except FileNotFoundError:
            return None
        # The name in brackets may hold spaces; utime and stime are the 12th and 13th fields after it.
        fields = stat.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def rss_bytes(self) -> int:
        """Resident memory now. UsageError where the system has no /proc."""
        try:
            pages = Path(f"/proc/{self._process.pid}/statm").read_text().split()[1]
        except FileNotFoundError as error:
            raise UsageError(
                "the memory of a process is read from /proc, which this system has not; use Linux"
            ) from error
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def terminate(self) -> None:
        """Asks the worker to end."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)

    def wait(self) -> None:
        """Waits for the end; a worker that takes longer than it may is killed."""
        try:
            self._process.wait(STOPPED_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@contextmanager
def running_workers(on: Stand, count: int) -> Iterator[list[Worker]]:
    """Workers, ended at the end of the block."""
    workers: list[Worker] = []
    try:
        workers.extend(Worker(on, number) for number in range(1, count + 1))
        yield workers
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.wait()


async def taken_over(workers: list[Worker], partitions: int, within_s: float = STARTED_WITHIN_S) -> list[TakeOver]:
    """Waits until so many partitions are taken over, and gives the newest take-over of each.

    No record is read before the first. UsageError: a worker ended, or it took too long.
    """
    give_up_at = time.monotonic() + within_s
    while True:
        found = {each.partition: each for worker in workers for each in worker.take_overs()}
        if len(found) >= partitions:
            return list(found.values())
        for worker in workers:
            worker.check()
        if time.monotonic() > give_up_at:
            raise UsageError(f"{len(found)} of {partitions} partitions were taken over within {within_s:.0f} s")
        await asyncio.sleep(POLL_S)


def ended_workers_cpu_s() -> float:
    """User and system time of all processes that we started and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _tierflow() -> list[str]:
    """The command of this very installation."""
    script = Path(sys.executable).with_name("tierflow")
    return [str(script)] if script.exists() else [sys.executable, "-m", "streams.cli.main"]
