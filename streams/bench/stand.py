"""The test stand of a benchmark: a broker, fresh topics and the settings for workers on them.

The broker is the one of KAFKA_BOOTSTRAP_SERVERS if the environment has it, and the topics are deleted afterwards. Else
it is a local one with its data in a temporary folder, which is stopped afterwards.
"""

import asyncio
import os
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from secrets import token_bytes, token_hex
from tempfile import TemporaryDirectory
from typing import NamedTuple

from aiokafka.admin import AIOKafkaAdminClient

from streams.kafka import local
from streams.kafka.topic_specs import topic_specs
from streams.kafka.topics import ensure_topics
from streams.policy.policy import Policy
from streams.sealing.cipher import SECRET_BYTES
from streams.settings import Settings, policy_folder, read_policy_file
from streams.signals import ending_on_signals

SERVERS = "KAFKA_BOOTSTRAP_SERVERS"
DEFAULT_POLICY = "assets-only.toml"


class Stand(NamedTuple):
    """Where a benchmark runs.

    environment: the environment variables of its worker processes. settings: the same, read. folder: for logs and data.
    """

    settings: Settings
    environment: Mapping[str, str]
    policy: Policy
    partitions: int
    folder: Path


@contextmanager
def stand(policy_file: Path | None, partitions: int, *, sealed: bool = False) -> Iterator[Stand]:
    """Sets a stand up with empty topics under names of their own, and takes it down at the end of the block.

    policy_file: None for assets-only. sealed: by keys of customers, under a master key of its own.

    Raises:
        UsageError: The policy cannot be used, or no broker answers.
    """
    path = policy_file or policy_folder() / DEFAULT_POLICY
    policy = read_policy_file(path, "--policy")
    with TemporaryDirectory(prefix="tierflow-bench-") as name, ending_on_signals(), broker(Path(name)) as servers:
        environment = {**stand_environment(os.environ), **servers, "TIERFLOW_POLICY": str(path.absolute())}
        if sealed:
            file = Path(name) / "master.key"
            file.write_bytes(b64encode(token_bytes(SECRET_BYTES)))
            environment |= {"TIERFLOW_KEYS": "on", "TIERFLOW_KEYS_MASTER_FILE": str(file)}
        settings = Settings.from_environment(environment)
        asyncio.run(ensure_topics(settings, partitions))
        try:
            yield Stand(settings, environment, policy, partitions, Path(name))
        finally:
            if SERVERS in os.environ:
                asyncio.run(delete_topics(settings))


def stand_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Gives the environment of a stand's processes: the user's, with all pinned that changes topics or figures.

    environ: the user's environment.
    """
    app_id = f"bench-{token_hex(4)}"
    return {
        **environ,
        "TIERFLOW_APP_ID": app_id,
        "TIERFLOW_INPUT_PREFIX": f"{app_id}.bank.",
        "TIERFLOW_OUTPUT_PREFIX": f"{app_id}.tier.",
        "TIERFLOW_CLOCK": "wall",
        "TIERFLOW_BACKFILL": "off",
        "TIERFLOW_PARTITIONER": "murmur2",
        "TIERFLOW_KEYS": "off",
        "TIERFLOW_HTTP_HOST": "127.0.0.1",
        "TIERFLOW_HTTP_PORT": "0",
    }


@contextmanager
def broker(folder: Path) -> Iterator[Mapping[str, str]]:
    """Gives the environment variables that name the broker: none if the environment does, else those of a local one.

    A local broker is started in the folder, and stopped at the end of the block.
    """
    if SERVERS in os.environ:
        yield {}
        return
    try:
        running = local.start(folder / "kafka", local.free_port())
        yield {SERVERS: running.bootstrap_servers, "KAFKA_SECURITY_PROTOCOL": "PLAINTEXT"}
    finally:
        local.stop(folder / "kafka")


async def delete_topics(settings: Settings) -> None:
    """Deletes all topics of these settings, with their records."""
    admin = AIOKafkaAdminClient(**settings.client_options())
    await admin.start()
    try:
        await admin.delete_topics([spec.name for spec in topic_specs(settings)])
    finally:
        await admin.close()
