"""A lane whose records need something before they can be decoded: it waits, and works what was prepared alone."""

import asyncio
from collections.abc import Awaitable, Iterable
from typing import Any

import pytest

from streams.worker import takeover
from tests.worker.test_lane import BALANCES, Log, Stand, fetch, line


class Prepared:
    """What a stage's records need: gotten for an offset once `go_on` is set."""

    def __init__(self, error: Exception | None = None) -> None:
        self.ready: set[int] = set()
        self.begun = asyncio.Event()
        self.go_on = asyncio.Event()
        self.calls = 0
        self._error = error

    def __call__(self, records: Iterable[Any]) -> Awaitable[None] | None:
        missing = {record.offset for record in records} - self.ready
        return self._get(missing) if missing else None

    async def _get(self, missing: set[int]) -> None:
        self.calls += 1
        self.begun.set()
        await self.go_on.wait()
        if self._error is not None:
            raise self._error
        self.ready |= missing


class PreparedStand(Stand):
    def __init__(self, log: Log, prepare: Prepared) -> None:
        super().__init__(log)
        self.lane.adopt(self.lane.stage._replace(prepare=prepare))


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(takeover, "PAUSE_LIMIT_S", 0.001)


async def test_a_lane_waits_for_what_its_records_need_and_does_not_count_as_hung() -> None:
    log, prepare = Log(), Prepared()
    stand = PreparedStand(log, prepare)
    await stand.start()
    stand.lane.offer(BALANCES, fetch(line(0)))
    await prepare.begun.wait()
    assert (stand.lane.queued, stand.lane.is_busy, log.works) == (1, False, [])
    stand.lane.offer(BALANCES, fetch(line(1)))
    prepare.go_on.set()
    await stand.until(lambda: log.works)
    assert [work.lane.next_offsets[BALANCES] for work in log.works] == [2]
    assert prepare.calls == 2  # what had come meanwhile was prepared, too
    await stand.lane.release()


async def test_a_lane_parks_while_its_records_are_prepared() -> None:
    log, prepare = Log(), Prepared()
    stand = PreparedStand(log, prepare)
    await stand.start()
    stand.lane.offer(BALANCES, fetch(line(0)))
    await prepare.begun.wait()
    await stand.lane.park()
    assert (log.works, stand.failed) == ([], [])
    prepare.go_on.set()
    await stand.start()
    stand.lane.offer(BALANCES, fetch(line(0)))
    await stand.until(lambda: log.works)
    await stand.lane.release()


async def test_what_cannot_be_prepared_ends_the_process() -> None:
    log, error = Log(), ValueError("no way in")
    prepare = Prepared(error)
    stand = PreparedStand(log, prepare)
    await stand.start()
    prepare.go_on.set()
    stand.lane.offer(BALANCES, fetch(line(0)))
    await stand.until(lambda: stand.failed)
    assert (stand.failed, log.works) == ([error], [])
