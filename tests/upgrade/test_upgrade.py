"""A release takes over what the one before it wrote (state, budgets, candidates), and comes to the same from there."""

import asyncio
import json
import lzma
import subprocess
from pathlib import Path
from typing import Any

import pytest

from streams.kafka.topics import ensure_topics
from streams.settings import Settings
from tests.support.own_broker import OwnBroker
from tests.support.restored_log import restore
from tests.support.worker_processes import PARTITIONS, TIERFLOW, Workers, audit_is_clean, read_changes
from tests.upgrade.keep import OUTPUTS, environment, later, read_all, values, worked

KEPT = sorted((Path(__file__).parent / "kept").glob("*/*.json.xz"))
WITH_BUDGET = {"at-once": {"gift", "cash-back"}, "by-calendar": {"stay"}}


def _is_granted(value: str, policy: str) -> bool:
    """Whether a budget had the last word. Candidates of all partitions meet in one, in an order that nobody promises:

    who comes too late differs from run to run, and only the candidates are the same.
    """
    said = json.loads(value)
    return "triggered_at" in said and said["campaign"] in WITH_BUDGET[policy]


@pytest.mark.timeout(180)
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
        came, expected = (
            [value for value in found if not _is_granted(value, policy)] for found in (new, kept["gives"][topic])
        )
        assert came == expected, topic
    await read_changes(settings)  # in sequence, each from where the one before ended
    await audit_is_clean(variables)


def _kept(file: Path) -> Any:
    return json.loads(lzma.decompress(file.read_bytes()))


def _load(variables: dict[str, str], file: Path) -> None:
    subprocess.run([TIERFLOW, "load", "events", str(file)], env=variables, check=True, stdout=subprocess.DEVNULL)
