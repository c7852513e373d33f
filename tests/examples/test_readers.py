"""examples/readers and kcat, on the real broker: each change is acted on once, and none that was taken back."""

import asyncio
import json
import os
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from aiokafka import AIOKafkaProducer

from streams.settings import Settings
from streams.simulate.samples import samples
from tests.support.patience import stretched, wait_until

READERS = Path(__file__).parents[2] / "examples/readers"
CHANGE = next(sample.value for sample in samples() if sample.message == "tierChanged")
CUSTOMERS = 20
FIRST, THEN = range(1, 6), range(6, 7)
pytestmark = pytest.mark.soak


def ids(sequences: Iterable[int]) -> list[str]:
    return sorted(f"C{number}:{sequence}" for number in range(CUSTOMERS) for sequence in sequences)


def change(number: int, sequence: int) -> dict[str, Any]:
    customer = f"C{number}"
    return {**CHANGE, "id": f"{customer}:{sequence}", "customer_id": customer, "sequence": sequence, "backfill": False}


async def written(settings: Settings, sequences: Iterable[int]) -> None:
    """Changes in a transaction each sequence, and between them others that are taken back."""
    producer = AIOKafkaProducer(**settings.client_options(), transactional_id="readers")
    await producer.start()
    try:
        for sequence in sequences:
            for is_kept in (False, True):
                await producer.begin_transaction()
                for number in range(CUSTOMERS):
                    told = change(number, sequence) | ({} if is_kept else {"id": "taken back"})
                    await producer.send_and_wait(
                        settings.output_topic("changes"), json.dumps(told).encode(), key=f"C{number}".encode()
                    )
                await (producer.commit_transaction() if is_kept else producer.abort_transaction())
    finally:
        await producer.stop()


class Reader(NamedTuple):
    """A reader, built: its command, and what it has acted on, by its store."""

    command: list[str]
    acted: Callable[[Path], list[str]]


def java(folder: Path) -> Reader:
    for program in ("java", "mvn"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is missing")
    shutil.copytree(READERS / "java", folder)
    build = ["mvn", "-q", "-B", "package", "dependency:copy-dependencies", "-DincludeScope=runtime"]
    subprocess.run(build, cwd=folder, check=True, timeout=stretched(300))
    return Reader(["java", "-cp", f"{folder}/target/classes:{folder}/target/dependency/*", "Reader"], letters)


def letters(store: Path) -> list[str]:
    with closing(sqlite3.connect(store)) as opened:
        try:
            return [one for (one,) in opened.execute("SELECT change_id FROM letters")]
        except sqlite3.OperationalError:  # not made yet, or in hand
            return []


def node(folder: Path) -> Reader:
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is missing")
    shutil.copytree(READERS / "node", folder)
    install = ["npm", "install", "--silent", "--no-audit", "--no-fund"]
    subprocess.run(install, cwd=folder, check=True, timeout=stretched(120))
    return Reader(["node", f"{folder}/reader.mjs"], lines)


def lines(store: Path) -> list[str]:
    whole = store.read_text().rpartition("\n")[0] if store.exists() else ""
    return [json.loads(line)["id"] for line in whole.splitlines()]


@pytest.mark.parametrize("build", [java, node])
def test_a_reader_acts_on_each_change_once_though_it_is_killed_and_reads_anew(
    build: Callable[[Path], Reader],
    settings: Settings,
    environment: Mapping[str, str],
    tmp_path: Path,
    running: list[subprocess.Popen[bytes]],
) -> None:
    reader, store = build(tmp_path / "reader"), tmp_path / "store"
    asyncio.run(written(settings, FIRST))

    def start(group: str) -> subprocess.Popen[bytes]:
        own = {**os.environ, **environment, "READER_STORE": str(store), "READER_GROUP": f"{settings.app_id}-{group}"}
        running.append(subprocess.Popen(reader.command, env=own, cwd=tmp_path))
        return running[-1]

    first = start("first")
    wait_until(lambda: reader.acted(store), 30, "the first reader acts")
    first.send_signal(signal.SIGKILL)
    first.wait()
    # Another group reads all of it again, as one does whose positions were not committed.
    second = start("second")
    wait_until(lambda: set(reader.acted(store)) >= set(ids(FIRST)), 30, "all changes are acted on")
    # Who acts on the newest of every customer has read all that was before.
    asyncio.run(written(settings, THEN))
    wait_until(lambda: set(reader.acted(store)) >= set(ids(THEN)), 30, "all is read")
    second.send_signal(signal.SIGTERM)
    assert second.wait(stretched(20)) in {0, 128 + signal.SIGTERM}
    assert sorted(reader.acted(store)) == ids([*FIRST, *THEN])


def test_kcat_shows_what_is_committed_alone(settings: Settings) -> None:
    if shutil.which("kcat") is None:
        pytest.skip("kcat is missing")
    asyncio.run(written(settings, FIRST))
    page = (READERS.parents[1] / "docs/readers.md").read_text()
    [command] = [line for line in page.splitlines() if line.startswith("kcat ") and " -e " in line]
    command = command.replace("127.0.0.1:9092", settings.bootstrap_servers).replace(
        "tier.changes", settings.output_topic("changes")
    )
    ran = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=stretched(60), check=True)
    assert sorted(json.loads(line.partition(" ")[2])["id"] for line in ran.stdout.splitlines()) == ids(FIRST)
