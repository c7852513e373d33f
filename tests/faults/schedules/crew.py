"""The workers of a schedule, each behind links of its own, and a supervisor that starts them again."""

import asyncio
import json
import re
import resource
import signal
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from tests.faults.schedules.disks import lay_read_only, take_away
from tests.faults.schedules.launcher import CONTROL
from tests.support.background import background
from tests.support.patience import until
from tests.support.worker_processes import Worker

LAUNCH = "from tests.faults.schedules.launcher import main; main()"
_RESTARTED_AFTER_S = 0.5
_ENDED_WITHIN_S = 20.0
_NO_LIMIT = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


class Ended(NamedTuple):
    """A worker that nobody had asked to end: its exit status, and its last words."""

    worker: str
    status: int
    said: str


class Member(Worker):
    """A worker that can be told to end at a named point. is_off: the supervisor does not start it again."""

    def __init__(
        self, environment: Mapping[str, str], folder: Path, name: str, servers: str, launch: str = LAUNCH
    ) -> None:
        self.is_off = False
        self.control = folder / f"{name}-control"
        self.control.mkdir(parents=True, exist_ok=True)
        more = {"KAFKA_BOOTSTRAP_SERVERS": servers, CONTROL: str(self.control)}
        self._data = folder / name
        self._is_read_only = False
        self._url: tuple[int, int, str | None] = 0, 0, None  # of a process, as of this length of its log
        super().__init__({**environment, **more}, folder, name, launch)

    @property
    def is_up(self) -> bool:
        return self.process.poll() is None

    @property
    def may_be_ended(self) -> bool:
        """False while another fault has it ended: it would be waited for in vain once that one starts it again."""
        return self.is_up and not self.is_off

    @property
    def url(self) -> str | None:
        """Where its HTTP server is, once it is ready, as far as it could write that to its log."""
        if not self.is_up:
            return None
        length = self.log.stat().st_size
        if self._url[:2] != (self.process.pid, length):
            said = self.says(r"ready at (http://[^,]*),")
            self._url = self.process.pid, length, said[-1][0] if said else None
        return self._url[2]

    def arm(self, point: str, number: int, times: int) -> None:
        draft = self.control / "draft"
        draft.write_text(json.dumps({"point": point, "signal": number, "times": times, "nonce": time.monotonic_ns()}))
        draft.rename(self.control / "armed")

    @property
    def is_armed(self) -> bool:
        """Whether what was asked for has still to happen."""
        return (self.control / "armed").exists()

    def disarm(self) -> bool:
        """False if it has happened already."""
        try:
            (self.control / "armed").unlink()
        except FileNotFoundError:
            return False
        return True

    async def asked_to_end(self) -> float:
        """SIGTERM; gives the seconds until it has ended."""
        began_s = time.monotonic()
        self.signal(signal.SIGTERM)
        self.signal(signal.SIGCONT)
        await self.ended(_ENDED_WITHIN_S)
        return round(time.monotonic() - began_s, 3)

    def set_clock(self, shift_ms: int) -> None:
        (self.control / "clock_ms").write_text(str(shift_ms))

    def limit_files(self, size: int | None) -> None:
        """No file may become larger, its log included; None: as large as it wants."""
        with suppress(ProcessLookupError):
            limit = _NO_LIMIT if size is None else (size, resource.RLIM_INFINITY)
            resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, limit)

    def make_data_read_only(self) -> bool:
        """Lays a file system over the data folder that cannot be written to; False where that is not permitted."""
        self._is_read_only = lay_read_only(self._data)
        return self._is_read_only

    def heal(self) -> None:
        if self._is_read_only:
            take_away(self._data)
            self._is_read_only = False
        self.disarm()
        self.set_clock(0)
        self.is_off = False
        if self.is_up:
            self.limit_files(None)
            self.signal(signal.SIGCONT)


class Crew:
    """All members; extras come and go."""

    def __init__(self, environment: Mapping[str, str], folder: Path, servers: list[str], launch: str = LAUNCH) -> None:
        """servers: by slot, where a worker reaches the brokers. launch: the code that is a worker."""
        self.ended: list[Ended] = []
        self._environment = environment
        self._folder = folder
        self._servers = servers
        self._launch = launch
        self._extras = 0
        self.members = [self._start(f"w{slot}", slot) for slot in range(len(servers))]
        self.extras: list[Member] = []

    def _start(self, name: str, slot: int) -> Member:
        return Member(self._environment, self._folder, name, self._servers[slot], self._launch)

    def start_extra(self) -> Member:
        self._extras += 1
        extra = self._start(f"x{self._extras}", self._extras % len(self._servers))
        self.extras.append(extra)
        return extra

    def urls(self) -> dict[str, str]:
        urls = {member.name: member.url for member in self.members}
        return {name: url for name, url in urls.items() if url is not None}

    async def all_ready(self, within_s: float) -> None:
        """Returns when every member runs, and has joined the group."""
        await until(lambda: all(member.url for member in self.members), within_s, "the workers are ready")

    @asynccontextmanager
    async def supervising(self) -> AsyncIterator[None]:
        try:
            async with background(*map(self._supervise, self.members)):
                yield
        finally:
            for member in (*self.members, *self.extras):
                member.heal()
                member.discard()

    async def _supervise(self, member: Member) -> None:
        """Starts it again whatever it ended with, and notes what nobody had asked for."""
        while True:
            await asyncio.sleep(0.1)
            status = member.process.poll()
            if status is None or member.is_off:
                continue
            if status != -signal.SIGKILL:
                self.ended.append(Ended(member.name, status, last_words(member)))
            await asyncio.sleep(_RESTARTED_AFTER_S)
            if not member.is_off and not member.is_up:
                member.start_again()

    async def end_extras(self) -> None:
        for extra in self.extras:
            extra.heal()
            if extra.is_up:
                extra.signal(signal.SIGTERM)
        await asyncio.gather(*(extra.ended(_ENDED_WITHIN_S) for extra in self.extras))


def last_words(member: Worker) -> str:
    """What the newest process of a worker says of its end, or its newest error; the end of the log if there is none."""
    lines = [line for (line,) in member.says(r"(.+)")]
    found = [line for pattern in ("rror", r"worker ends|^tierflow: ") for line in lines if re.search(pattern, line)]
    return (found or lines or [""])[-1][:400]
