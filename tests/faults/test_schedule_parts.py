"""What the schedules of tests/faults/schedules are made of: named points that are there, plans, links, disks."""

import asyncio
import errno
import inspect
import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from streams.kafka.local import HOST
from tests.faults.schedules.disks import Disk
from tests.faults.schedules.launcher import Armed, wrap
from tests.faults.schedules.links import Link
from tests.faults.schedules.plan import AT_LEAST, AT_MOST, kinds, phases
from tests.faults.schedules.points import ONLY_FOR, POINTS, Point, owner_of
from tests.support.patience import stretched
from tests.support.ports import free_ports

# --- named points ---


@pytest.mark.parametrize("name", POINTS)
def test_what_a_named_point_wraps_is_there(name: str) -> None:
    point = POINTS[name]
    function = vars(owner_of(point))[point.function]
    # These two are called without await: whatever they give must not be awaited by what wraps them.
    assert inspect.iscoroutinefunction(function) != (point.function in {"send", "start_lanes"})


def test_what_is_named_for_some_arguments_alone_is_a_named_point() -> None:
    assert ONLY_FOR.keys() <= POINTS.keys()
    for names in ONLY_FOR.values():
        for module, _, beginning in (name.rpartition(".") for name in names):
            assert any(each.startswith(beginning) for each in vars(import_module(module))), beginning


class Worked:
    async def step(self, log: list[str]) -> str:
        log.append("step")
        return "done"


@pytest.mark.parametrize(("moment", "log"), [("before", ["point", "step"]), ("after", ["step", "point"])])
async def test_a_point_is_reached_before_or_after(moment: Any, log: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Worked, "step", Worked.step)  # undone afterwards
    found: list[str] = []
    wrap("point", Point(__name__, "Worked", "step", moment), found.append)
    assert await Worked().step(found) == "done"
    assert found == log


def test_a_process_ends_at_the_time_it_was_told_and_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[int] = []
    monkeypatch.setattr("os.kill", lambda _, number: sent.append(number))
    armed = Armed(tmp_path)
    armed.reached("in park")
    (tmp_path / "armed").write_text(json.dumps({"point": "in park", "signal": signal.SIGKILL, "times": 2}))
    armed.reached("in release")
    armed.reached("in park")
    assert not sent
    armed.reached("in park")
    armed.reached("in park")
    assert sent == [signal.SIGKILL]
    assert not (tmp_path / "armed").exists()


# --- plans ---


def test_a_seed_says_everything() -> None:
    assert phases(7, 3, 3) == phases(7, 3, 3) != phases(8, 3, 3)


@pytest.mark.parametrize("brokers", [1, 3])
def test_enough_seeds_have_every_fault_at_every_point(brokers: int) -> None:
    plans = [phases(seed, brokers, 3) for seed in range(400)]
    assert all(AT_LEAST <= sum(map(len, plan)) <= AT_MOST for plan in plans)
    steps = [step for plan in plans for phase in plan for step in phase]
    assert {step.name for step in steps} == set(kinds(brokers))
    for kind in ("kill at", "stop at"):
        assert {step.detail[0] for step in steps if step.kind == kind} == set(POINTS)
    assert all(1 <= step.target <= brokers for step in steps if step.role == "broker")


# --- links ---


async def served(handle: Callable[..., Any]) -> tuple[asyncio.Server, Link]:
    port, broker_port = free_ports(2)
    server, link = await asyncio.start_server(handle, HOST, broker_port), Link(port, broker_port)
    await link.start()
    return server, link


async def test_what_a_stopped_link_has_taken_in_arrives_after_its_client_has_gone() -> None:
    arrived: asyncio.Queue[bytes] = asyncio.Queue()

    async def note(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(100):
            arrived.put_nowait(chunk)

    server, link = await served(note)
    _, writer = await asyncio.open_connection(HOST, link.port)
    writer.write(b"first")
    async with asyncio.timeout(stretched(5)):
        assert await arrived.get() == b"first"
        link.hold("up")
        writer.write(b"late")
        writer.close()
        await writer.wait_closed()
        assert arrived.empty()
        link.heal()
        assert await arrived.get() == b"late"
    await link.stop()
    server.close()


async def test_a_cut_link_resets_and_lets_nobody_through_until_it_is_healed() -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(100):
            writer.write(chunk)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(b"?")
        return await reader.read(100)

    server, link = await served(echo)
    async with asyncio.timeout(stretched(5)):
        client = await asyncio.open_connection(HOST, link.port)
        assert await answer(*client) == b"?"
        link.cut()
        with pytest.raises(ConnectionError):
            await client[0].read(100)
        with suppress(ConnectionError):
            assert await answer(*await asyncio.open_connection(HOST, link.port)) == b""
        link.heal()
        assert await answer(*await asyncio.open_connection(HOST, link.port)) == b"?"
    await link.stop()
    server.close()


# --- disks ---


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    found = Disk(tmp_path, size_mib=1)
    found.mount()
    yield found
    found.discard()


@pytest.mark.parametrize(("break_it", "number"), [(Disk.fill, errno.ENOSPC), (Disk.make_read_only, errno.EROFS)])
def test_a_broken_disk_takes_nothing_until_it_is_healed(
    disk: Disk, tmp_path: Path, break_it: Callable[[Disk], bool], number: int
) -> None:
    (tmp_path / "before").write_text("kept")
    if not break_it(disk):
        pytest.skip("no file system may be mounted here")
    with pytest.raises(OSError, match=os.strerror(number)):
        (tmp_path / "new").write_text("a word")
    disk.heal()
    assert (tmp_path / "before").read_text() == "kept"
    (tmp_path / "new").write_text("a word")
