"""A release takes over what the one before it wrote (state, budgets, candidates), and goes on from there.

It comes to what the kept log says. Where a release changes a rule on purpose, TIERFLOW_KEEP_AGAIN=1 writes what it
gives into the kept log, and the commit says what differs and why.
"""

import asyncio
import base64
import json
import lzma
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from streams.contracts.outputs import ENGINE_VERSION
from streams.contracts.packing import VERSION
from streams.kafka.topics import ensure_topics
from streams.settings import Settings
from tests.support.commands import TIERFLOW, tierflow
from tests.support.own_broker import OwnBroker
from tests.support.patience import stretched
from tests.support.restored_log import of_these_topics, restore
from tests.support.worker_processes import PARTITIONS, Workers, read_changes
from tests.upgrade.keep import environment, later, read_all, topic_ids, values, worked, write

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
    await restore(servers, of_these_topics(kept["records"], kept["ids"], await topic_ids(variables)), kept["ends"])
    (tmp_path / "rest.jsonl").write_text("\n".join(kept["rest"]) + "\n")
    await asyncio.to_thread(_load, variables, tmp_path / "rest.jsonl")
    with Workers(variables, tmp_path) as workers:
        worker = workers.start()
        await worker.ready()
        await worked(servers, [*settings.input_topics()])
        await worked(servers, [settings.candidates_topic])
        assert await worker.stop() == 0
    given = await read_all(servers, kept["gives"])
    for topic in kept["gives"]:
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
    audited = await asyncio.to_thread(tierflow, variables, "audit")
    if engine_version(kept) == ENGINE_VERSION:
        assert (audited.status, audited.out.splitlines()[-1]) == (0, "clean"), audited.out
    else:  # the rules have changed since: a log that begins under the former ones is not replayed
        assert audited.status == 2
        named = f"was worked by engine version {engine_version(kept)}, this release has {ENGINE_VERSION}"
        assert named in audited.err


def engine_version(kept: Any) -> int:
    (_, _, _, _, value, _), *_ = kept["records"]["tier.order"]
    return int(json.loads(base64.b64decode(value))["engine_version"])


def test_each_former_version_of_the_state_is_kept() -> None:
    assert {state_version(_kept(file)) for file in KEPT} >= set(range(1, VERSION))


def state_version(kept: Any) -> int:
    (_, _, _, _, value, _), *_ = kept["records"]["tierflow-customers-changelog"]
    return base64.b64decode(value)[0]


def _kept(file: Path) -> Any:
    """The kept log. Release 0.1.0 noted no ids of topics, and no ends."""
    return {"ids": {}, "ends": {}, **json.loads(lzma.decompress(file.read_bytes()))}


def _load(variables: dict[str, str], file: Path) -> None:
    subprocess.run([TIERFLOW, "load", "events", str(file)], env=variables, check=True, stdout=subprocess.DEVNULL)
