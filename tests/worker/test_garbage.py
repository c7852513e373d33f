"""When garbage is collected: not in the middle of a batch, and none of it stays for good."""

import asyncio
import gc
from collections.abc import Iterator
from typing import ClassVar

import pytest

from streams.worker import garbage as module
from streams.worker.garbage import collect_rarely, collect_when_idle


class Knot:
    """An object that only the collector frees."""

    there: ClassVar[int] = 0

    def __init__(self) -> None:
        self.itself = self
        Knot.there += 1

    def __del__(self) -> None:
        Knot.there -= 1


@pytest.fixture(autouse=True)
def rarely() -> Iterator[None]:
    before = gc.get_threshold()
    gc.collect()
    collect_rarely()
    yield
    gc.set_threshold(*before)
    gc.collect()


@pytest.fixture
def collections() -> Iterator[list[int]]:
    """The generation of each collection that was begun."""
    begun: list[int] = []

    def note(phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            begun.append(info["generation"])

    gc.callbacks.append(note)
    yield begun
    gc.callbacks.remove(note)


def test_in_the_middle_of_a_batch_nothing_is_collected(collections: list[int]) -> None:
    batch = [[number] for number in range(1_000_000)]
    assert len(batch) == 1_000_000
    assert not collections


def test_what_is_left_behind_goes_even_where_no_moment_is_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_THRESHOLDS", (20_000, *module._THRESHOLDS[1:]))
    collect_rarely()
    most = 0
    for _ in range(100_000):
        Knot()
        most = max(most, Knot.there)
    assert most <= 20_000


@pytest.mark.parametrize(("busy", "rounds"), [("never", 1), ("always", 10)])
async def test_what_has_become_old_is_collected_when_idle_and_in_a_while_where_it_never_is(
    monkeypatch: pytest.MonkeyPatch, collections: list[int], busy: str, rounds: int
) -> None:
    slept: list[float] = []
    enough = asyncio.Event()

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        if collections:
            enough.set()
            await asyncio.Event().wait()

    knots = [Knot() for _ in range(1_000)]
    gc.collect(1)
    gc.collect(1)
    collections.clear()
    monkeypatch.setattr(module.asyncio, "sleep", sleep)
    task = asyncio.create_task(collect_when_idle(lambda: busy == "always"))
    knots.clear()
    await enough.wait()
    task.cancel()
    assert (slept, collections) == ([60.0] * (rounds + 1), [2])
    assert Knot.there == 0
