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

from streams.kafka import local
from streams.kafka.topics import ensure_topics, topic_specs
from streams.policy.policy import Policy
from streams.settings import Settings, policy_folder, read_policy_file

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
    policy = read_policy_file(path, "--policy")
    with TemporaryDirectory(prefix="tierflow-bench-") as name, ending_on_signals(), broker(Path(name)) as servers:
        environment = {**os.environ, **_names(), **servers, "TIERFLOW_POLICY": str(path.absolute())}
        settings = Settings.from_environment(environment)
        asyncio.run(ensure_topics(settings, partitions))
        try:
            yield Stand(settings, environment, policy, partitions, Path(name))
        finally:
            if SERVERS in os.environ:
                asyncio.run(delete_topics(settings))


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
def broker(folder: Path) -> Iterator[Mapping[str, str]]:
    """The settings of the broker: those that are there already, or the ones of a broker of our own."""
    if SERVERS in os.environ:
        yield {}
        return
    try:
        running = local.start(folder / "kafka", local.free_port())
        yield {SERVERS: running.bootstrap_servers, "KAFKA_SECURITY_PROTOCOL": "PLAINTEXT"}
    finally:
        local.stop(folder / "kafka")


@contextmanager
def ending_on_signals() -> Iterator[None]:
    """SIGTERM and a closed terminal unwind as an exit does, so that no broker and no worker is left behind."""
    awaited = [number for number in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(number) != signal.SIG_IGN]
    formers = {number: signal.signal(number, lambda number, _: sys.exit(128 + number)) for number in awaited}
    try:
        yield
    finally:
        for number, former in formers.items():
            signal.signal(number, former)


async def delete_topics(settings: Settings) -> None:
    """Deletes all topics of these settings, and what is in them."""
    admin = AIOKafkaAdminClient(**settings.client_options())
    await admin.start()
    try:
        await admin.delete_topics([spec.name for spec in topic_specs(settings)])
    finally:
        await admin.close()
