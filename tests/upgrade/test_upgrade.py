"""A release takes over what the one before it wrote (state, budgets, candidates), and goes on from there.

It comes to what the kept log says. Where a release changes a rule on purpose, TIERFLOW_KEEP_AGAIN=1 writes what it
gives into the kept log, and the commit says what differs and why.
"""

import asyncio
import json
import lzma
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from streams.kafka.topics import ensure_topics
from streams.settings import Settings
from tests.support.own_broker import OwnBroker
from tests.support.patience import stretched
from tests.support.restored_log import restore
from tests.support.worker_processes import PARTITIONS, TIERFLOW, Workers, read_changes
from tests.upgrade.keep import OUTPUTS, environment, later, read_all, values, worked, write

KEPT = sorted((Path(__file__).parent / "kept").glob("*/*.json.xz"))
WITH_BUDGET = {"at-once": {"gift", "cash-back"}, "by-calendar": {"stay"}}


def _is_granted(value: str, policy: str) -> bool:
    """Whether a budget had the last word. Candidates of all partitions meet in one, in an order that nobody promises:

    who comes too late differs from run to run, and only the candidates are the same.
    """
    said = json.loads(value)
    return "triggered_at" in said and said["campaign"] in WITH_BUDGET[policy]


@pytest.mark.timeout(stretched(180))
@pytest.mark.parametrize("file", KEPT, ids=lambda file: f"{file.parent.name}-{file.name.partition('.')[0]}")
async def test_a_kept_log_is_taken_over_and_goes_on(file: Path, own: OwnBroker, tmp_path: Path) -> None:
    policy = file.name.partition(".")[0]
    kept = await asyncio.to_thread(_kept, file)
    servers = own.settings.bootstrap_servers
    variables = environment(tmp_path, policy, servers)
    settings = Settings.from_environment(variables, dotenv=None)
    await ensure_topics(settings, PARTITIONS)
    await restore(servers, kept["records"])
    (tmp_path / "rest.jsonl").write_text("\n".join(kept["rest"]) + "\n")
    await asyncio.to_thread(_load, variables, tmp_path / "rest.jsonl")
    with Workers(variables, tmp_path) as workers:
        worker = workers.start()
        await worker.ready()
        await worked(servers, [*settings.input_topics()])
        await worked(servers, [settings.candidates_topic])
        assert await worker.stop() == 0
    given = await read_all(servers, OUTPUTS)
    for topic in OUTPUTS:
        new = values(later(given[topic], kept["records"][topic]))
        if "TIERFLOW_KEEP_AGAIN" in os.environ:
            kept["gives"][topic] = new
        came, expected = (
            [value for value in found if not _is_granted(value, policy)] for found in (new, kept["gives"][topic])
        )
        assert came == expected, topic
    if "TIERFLOW_KEEP_AGAIN" in os.environ:
        await asyncio.to_thread(write, file, kept)
    await read_changes(settings)  # in sequence, each from where the one before ended
    await audit_names_the_former_engine(variables)


async def audit_names_the_former_engine(variables: dict[str, str]) -> None:
    """The rules have changed since (engine version 2): a log that begins under the former ones is not replayed."""
    audit = await asyncio.create_subprocess_exec(TIERFLOW, "audit", env=variables, stderr=asyncio.subprocess.PIPE)
    _, said = await audit.communicate()
    assert audit.returncode == 2
    assert b"was worked by engine version 1, this release has 2" in said


def _kept(file: Path) -> Any:
    return json.loads(lzma.decompress(file.read_bytes()))


def _load(variables: dict[str, str], file: Path) -> None:
    subprocess.run([TIERFLOW, "load", "events", str(file)], env=variables, check=True, stdout=subprocess.DEVNULL)
