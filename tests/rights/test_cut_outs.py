"""Each right of a role is left out once: its program says which within seconds, and ends; it neither hangs nor spins.

What a program does without a right is not tried here: it asks for its rights before it begins. All rights of all roles
take minutes (`make test-rights`); one of each kind is tried in every run.
"""

import asyncio
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import TopicAuthorizationFailedError

from streams.kafka.policies import publish_policy
from streams.kafka.rights.right import Right, rights_of
from streams.kafka.rights.roles import ROLES
from streams.kafka.topics import ensure_topics
from streams.settings import Settings, policy_folder, read_policy_file
from tests.support.deliveries import config
from tests.support.forked import forked
from tests.support.guarded_broker import GuardedBroker
from tests.support.http_endpoint import SECRET, VARIABLE
from tests.support.patience import stretched
from tests.support.topic_changes import delete_topic
from tests.support.worker_processes import PARTITIONS

ALL = os.environ.get("TIERFLOW_RIGHTS") == "1"
POLICY = policy_folder() / "assets-only.toml"
NAMES = {
    "TIERFLOW_APP_ID": "rights",
    "TIERFLOW_POLICY": str(POLICY),
    "TIERFLOW_HTTP_PORT": "0",
    "PATH": os.environ["PATH"],
    "HOME": os.environ.get("HOME", "/"),
}
COMMANDS: Mapping[str, Sequence[str]] = {
    "worker": ["worker"],
    "deliver": ["deliver", "--config", "{folder}/deliver.toml"],
    "reader": ["watch", "--all", "--limit", "1"],
    "audit": ["audit"],
    "explain": ["explain", "C001"],
    "console": ["console"],
    "simulate": ["simulate", "--policy", str(POLICY), "--from-kafka"],
    "load": ["load", "events", "{folder}/events.jsonl"],
    "topics": ["topics", "create"],
    "grow": ["topics", "grow", "--partitions", str(PARTITIONS)],
    "policy": ["policy", "publish", str(POLICY), "--yes"],
    "dead-letters": ["dead-letters", "list"],
    "replay": ["dead-letters", "replay", "--yes"],
    "parked": ["deliver", "parked"],
    "resend": ["deliver", "resend", "--yes"],
}
"""By role. Of the others, `operator` is several of these, and producers are programs of others."""
ONLY_OTHERS_READ = {("reader", "tier.current"), ("reader", "tier.policies")}


class CutOut(NamedTuple):
    """A role, and the right that it is to do without."""

    role: str
    right: Right

    def __str__(self) -> str:
        return f"{self.role}: {self.right}"


def cut_outs(roles: Sequence[str]) -> list[CutOut]:
    settings = Settings.from_environment(NAMES, dotenv=None)
    rows = {role: [row for row in ROLES[role](settings) if not row.when_used] for role in roles}  # test_merges.py
    found = [CutOut(role, right) for role in roles for right in rights_of(rows[role])]
    return [cut for cut in found if (cut.role, cut.right.name) not in ONLY_OTHERS_READ]


def one_of_each_kind(found: Sequence[CutOut]) -> list[CutOut]:
    """The first of each operation and kind of resource."""
    kinds = {(cut.right.operation, cut.right.resource): cut for cut in reversed(found)}
    return list(kinds.values())


def tried(found: Sequence[CutOut]) -> Sequence[CutOut]:
    return found if ALL else one_of_each_kind(found)


class Ground(NamedTuple):
    """Topics and a policy, and a folder with the files that commands take."""

    guarded: GuardedBroker
    administrator: Settings
    folder: Path

    async def make(self) -> None:
        await ensure_topics(self.administrator, PARTITIONS)
        await publish_policy(self.administrator, read_policy_file(POLICY, ""))
        config(self.folder, ("crm", "http://127.0.0.1:1/events", ""))
        (self.folder / "events.jsonl").write_text("")

    def environment(self, user: str) -> dict[str, str]:
        more = {VARIABLE: SECRET, "TIERFLOW_DATA_DIR": str(self.folder / "data")}
        return self.guarded.environment(user, {**NAMES, **more})

    async def leave_out(self, cut: CutOut) -> None:
        await self.guarded.give(cut.role, rights_of(ROLES[cut.role](self.administrator)))
        await self.guarded.take(cut.role, cut.right)
        if cut.right.operation == "CREATE":
            await delete_topic(self.administrator, cut.right.name)


@pytest.fixture(scope="module")
def ground(guarded: GuardedBroker, tmp_path_factory: pytest.TempPathFactory) -> Ground:
    administrator = Settings.from_environment({**NAMES, **guarded.own.environment}, dotenv=None)
    made = Ground(guarded, administrator, tmp_path_factory.mktemp("ground"))
    asyncio.run(made.make())
    return made


@pytest.fixture
def left_out(ground: Ground, cut: CutOut) -> Iterator[CutOut]:
    """The user of the role has all rights but one; a topic that is to be made is not there."""
    asyncio.run(ground.leave_out(cut))
    yield cut
    if cut.right.operation == "CREATE":
        asyncio.run(ensure_topics(ground.administrator, PARTITIONS))


@pytest.mark.parametrize("cut", tried(cut_outs([*COMMANDS])), ids=str)
def test_the_program_names_what_it_lacks_and_ends(ground: Ground, left_out: CutOut) -> None:
    right = left_out.right
    arguments = [word.format(folder=ground.folder) for word in COMMANDS[left_out.role]]
    said = forked(ground.environment(left_out.role), *arguments)
    assert said.status == 2, said
    named = f"{right.operation} on {right.resource} {right.name}"
    lines = [line for line in said.err.splitlines() if line.startswith("tierflow: ")]
    assert len(lines) == 1, said.err
    assert named in lines[0]
    assert "deploy/kafka-acls.md" in lines[0]
    assert lines[0].count(" on ") == 1, "no other right is named"


@pytest.mark.parametrize("cut", tried(cut_outs(["producer", "customers"])), ids=str)
def test_a_producer_without_its_right_is_refused_by_the_broker(ground: Ground, left_out: CutOut) -> None:
    settings = Settings.from_environment(ground.environment(left_out.role), dotenv=None)
    with pytest.raises(TopicAuthorizationFailedError, match=left_out.right.name):
        asyncio.run(produce(settings, left_out.right.name))


async def produce(settings: Settings, topic: str) -> None:
    producer = AIOKafkaProducer(**settings.client_options())
    async with asyncio.timeout(stretched(10)):
        await producer.start()
        try:
            await producer.send_and_wait(topic, b"{}", partition=0)
        finally:
            await producer.stop()
