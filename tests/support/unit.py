"""A supervisor of workers that is as the documented one."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support.background import background
from tests.support.worker_processes import Worker


class Unit:
    """Restarts workers exactly as the unit of docs/operations.md does, and no other way."""

    def __init__(self, workers: list[Worker]) -> None:
        unit = Path("docs/operations.md").read_text()
        [prevented] = re.findall(r"RestartPreventExitStatus=([\d ]+)", unit)
        [pause_s] = re.findall(r"RestartSec=(\d+)", unit)
        assert "Restart=on-failure" in unit
        self._never = {0, *map(int, prevented.split())}
        self._pause_s = int(pause_s)
        self._workers = workers

    @asynccontextmanager
    async def supervising(self) -> AsyncIterator[None]:
        async with background(*map(self._supervise, self._workers)):
            yield

    def are_up(self) -> None:
        """Nobody has ended in a way that the unit does not mend."""
        for worker in self._workers:
            assert worker.process.poll() not in self._never, f"{worker.name} stays down:\n{worker.tail()}"

    async def _supervise(self, worker: Worker) -> None:
        while True:
            await asyncio.sleep(0.2)
            if worker.process.poll() not in {None, *self._never}:
                await asyncio.sleep(self._pause_s)
                worker.start_again()
