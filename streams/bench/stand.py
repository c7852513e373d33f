"""The test stand: a broker, fresh topics and the settings for workers on them; taken down afterwards.

The broker is that of KAFKA_BOOTSTRAP_SERVERS where the environment has it, else a local one of our own in a
temporary folder.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory
from typing import NamedTuple

from aiokafka.admin import AIOKafkaAdminClient

from streams.engine.policy import Policy, PolicyError, load_policy
from streams.errors import UsageError
from streams.kafka import local
from streams.kafka.topics import ensure_topics, topic_specs
from streams.settings import Settings, policy_folder

SERVERS = "KAFKA_BOOTSTRAP_SERVERS"
DEFAULT_POLICY = "assets-only.toml"


class Stand(NamedTuple):
    """Where a benchmark runs. `environment` is that of its workers, `settings` the same for ourselves."""

    settings: Settings
    environment: Mapping[str, str]
    policy: Policy
    partitions: int
    folder: Path


@contextmanager
def stand(policy_file: Path | None, partitions: int) -> Iterator[Stand]:
    """A stand whose topics are empty. UsageError: the policy cannot be used, or no broker answers."""
    path = policy_file or policy_folder() / DEFAULT_POLICY
    policy = _policy(path)
    with TemporaryDirectory(prefix="tierflow-bench-") as name, _ending_on_sigterm(), _broker(Path(name)) as broker:
        environment = {**os.environ, **_names(), **broker, "TIERFLOW_POLICY": str(path.absolute())}
        settings = Settings.from_environment(environment)
        asyncio.run(ensure_topics(settings, partitions))
        try:
            yield Stand(settings, environment, policy, partitions, Path(name))
        finally:
            if SERVERS in os.environ:
                asyncio.run(_delete_topics(settings))


def _policy(path: Path) -> Policy:
    try:
        return load_policy(path.read_text(encoding="utf-8"))
    except (PolicyError, UnicodeDecodeError, OSError) as error:
        raise UsageError(f"--policy {path}: {error}") from error


def _names() -> dict[str, str]:
    app_id = f"bench-{token_hex(4)}"
    return {
        "TIERFLOW_APP_ID": app_id,
        "TIERFLOW_INPUT_PREFIX": f"{app_id}.bank.",
        "TIERFLOW_OUTPUT_PREFIX": f"{app_id}.tier.",
        "TIERFLOW_CLOCK": "wall",
        "TIERFLOW_PARTITIONER": "murmur2",
        "TIERFLOW_HTTP_HOST": "127.0.0.1",
        "TIERFLOW_HTTP_PORT": "0",
    }


@contextmanager
def _broker(folder: Path) -> Iterator[dict[str, str]]:
    """The settings of the broker: those that are there already, or the ones of a broker of our own."""
    if SERVERS in os.environ:
        yield {}
        return
    running = local.start(folder / "kafka", local.free_port())
    try:
        yield {SERVERS: running.bootstrap_servers, "KAFKA_SECURITY_PROTOCOL": "PLAINTEXT"}
    finally:
        local.stop(folder / "kafka")


@contextmanager
def _ending_on_sigterm() -> Iterator[None]:
    """SIGTERM unwinds as an exit does, so that no broker and no worker is left behind."""
    former = signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, former)


async def _delete_topics(settings: Settings) -> None:
    admin = AIOKafkaAdminClient(**settings.client_options())
    await admin.start()
    try:
        await admin.delete_topics([spec.name for spec in topic_specs(settings)])
    finally:
        await admin.close()
