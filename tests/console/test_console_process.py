"""`tierflow console` as a process: it starts, holds against all that its OpenAPI document allows, and ends."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiohttp import ClientSession

from tests.support.consoles import GOLD, TOKENS, ABank, bearing, tokens_file
from tests.support.patience import stretched, until
from tests.support.worker_processes import TIERFLOW

DOCUMENT = Path(__file__).parents[2] / "docs/openapi.json"
SCHEMATHESIS = str(Path(sys.executable).with_name("schemathesis"))
EXAMPLES = 100 if os.environ.get("TIERFLOW_SOAK") == "1" else 4
"""How often each route is asked at random, by a fixed seed, beside what covers each parameter."""


@contextmanager
def running(of_bank: ABank, tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    environment = {
        **of_bank.environment,
        "TIERFLOW_DATA_DIR": str(tmp_path / "data"),
        "TIERFLOW_CONSOLE_PORT": "0",
        "TIERFLOW_CONSOLE_TOKENS": str(tokens_file(tmp_path)),
        "HOME": str(tmp_path),
    }
    log = tmp_path / "console.log"
    with log.open("wb") as file:
        process = subprocess.Popen([TIERFLOW, "console"], stdout=file, stderr=file, env=environment)
    try:
        yield process, log
    finally:
        process.kill()
        process.wait()


async def url_of(process: subprocess.Popen[bytes], log: Path) -> str:
    def said() -> list[str]:
        assert process.poll() is None, log.read_text()
        text = log.read_text()
        return re.findall(r"console at (http://[0-9.:]+)", text) if "at the ends of the topics" in text else []

    await until(said, 20, "the console is there")
    return said()[0]


async def test_nothing_that_the_document_allows_or_does_not_makes_it_fail(of_bank: ABank, tmp_path: Path) -> None:
    with running(of_bank, tmp_path) as (process, log):
        url = await url_of(process, log)
        asked = await asyncio.create_subprocess_exec(
            SCHEMATHESIS,
            "run",
            str(DOCUMENT),
            "--url",
            url,
            *("--header", f"Authorization: Bearer {TOKENS['admin']}"),
            *("--exclude-path", "/api/stream", "--seed", "1", "--max-examples", str(EXAMPLES)),
            *("--request-timeout", f"{stretched(30):.0f}"),
            *("--phases", "coverage,fuzzing", "--generation-database", "none", "--suppress-health-check", "all"),
            *("--exclude-checks", "positive_data_acceptance,missing_required_header,unsupported_method"),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            cwd=tmp_path,
        )
        async with asyncio.timeout(stretched(120)):
            output, _ = await asked.communicate()
        assert asked.returncode == 0, output.decode()
        [selected] = re.findall(r"Selected: (\d+)/", output.decode())
        assert f"Tested: {selected}" in output.decode(), output.decode()
        assert '"error"' not in log.read_text()
        process.send_signal(signal.SIGTERM)
        await until(lambda: process.poll() is not None, 20, "it ends")
        assert process.returncode == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
async def test_it_ends_when_it_is_asked_and_leaves_nothing_running(
    of_bank: ABank, tmp_path: Path, number: signal.Signals
) -> None:
    with running(of_bank, tmp_path) as (process, log):
        url = await url_of(process, log)
        async with (
            ClientSession(headers=bearing("agent")) as session,
            session.get(f"{url}/api/customers/{GOLD}/explanation") as answer,
        ):
            assert (answer.status, (await answer.json())["tier"]["id"]) == (200, "high")
        children = [Path(f"/proc/{number}") for number in children_of(process.pid)]
        assert children
        process.send_signal(number)
        await until(lambda: process.poll() is not None, 20, "it ends")
        assert process.returncode == (-number if number == signal.SIGKILL else 0), log.read_text()
        await until(lambda: not any(child.exists() for child in children), 20, "its processes end")


def children_of(pid: int) -> list[int]:
    return [int(number) for number in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
