"""The file as a team would copy it: it reads what is sealed, and says of whom was erased that."""

import asyncio
import base64
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from streams.settings import Settings
from tests.support.handmade_logs import START_MS, Writing, action, balance, customers_of
from tests.support.patience import stretched

FILE = Path(__file__).parents[2] / "examples" / "sealed_reader.py"
ERASED, STAYS = customers_of(1, 2)


async def test_the_reader_reads_what_is_sealed_and_says_who_was_erased(
    sealed_settings: Settings, sealed_environment: Mapping[str, str], tmp_path: Path
) -> None:
    async with Writing(sealed_settings, "assets-only") as writing:
        writer = await writing.writer(1)
        await writer.batch([balance("b1", ERASED, "600000"), balance("b2", STAYS, "600000")])
        await writer.batch([action("e1", ERASED, "erase", START_MS + 10)], START_MS + 10)
        await writer.batch([balance("b3", ERASED, "1", START_MS + 20)], START_MS + 20)
        shutil.copy(FILE, tmp_path / "reader.py")
        reader = await asyncio.create_subprocess_exec(
            sys.executable,
            str(tmp_path / "reader.py"),
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, **sealed_environment},
        )
        assert reader.stdout is not None
        try:
            async with asyncio.timeout(stretched(20)):
                told = {(await reader.stdout.readline()).decode().strip() for _ in range(3)}
                assert told == {f"{ERASED}:1  erased", f"{STAYS}:1  None -> mid", f"{ERASED}:2  None -> low"}
                # A key that comes while it runs.
                later = customers_of(1, 3)[2]
                await writer.batch([balance("b4", later, "6000000", START_MS + 30)], START_MS + 30)
                assert (await reader.stdout.readline()).decode().strip() == f"{later}:1  None -> high"
        finally:
            reader.kill()
            await reader.wait()


def test_the_vector_of_the_documents_opens() -> None:
    text = (FILE.parents[1] / "docs" / "privacy.md").read_text(encoding="utf-8")
    [vector] = [word.strip("`.") for word in text.split() if word.startswith("`gQAB")]
    namespace: dict[str, object] = {"__name__": "reader"}
    exec(compile(FILE.read_text(encoding="utf-8"), str(FILE), "exec"), namespace)  # noqa: S102 - our own file
    unseal = namespace["unseal"]
    assert callable(unseal)
    assert unseal(bytes(range(36)), b"changes", base64.b64decode(vector)) == b'{"id":"C001:1"}'
