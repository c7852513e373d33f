"""The ground that all systems stand on: a broker of its own, with the input topics loaded once."""

import asyncio
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from benchmarks.beside.machine import cpu_s_of
from streams.bench.stand import SERVERS, Stand, stand_environment
from streams.bench.throughput import load, recent_workload
from streams.kafka import local
from streams.kafka.admin import Admin
from streams.kafka.topics import ensure_topics
from streams.settings import Settings, policy_folder, read_policy_file
from streams.signals import ending_on_signals


class WorkloadOptions(NamedTuple):
    """The size of the workload (docs/benchmarks.md#the-workload)."""

    events: int
    customers: int
    partitions: int
    seed: int


class Ground:
    """A running broker. `inputs` is the prefix of the loaded topics, `sent` their records by topic and partition."""

    def __init__(self, broker: local.RunningKafka, folder: Path, partitions: int) -> None:
        self.broker = broker
        self.inputs = ""
        self.sent: dict[tuple[str, int], int] = {}
        self._folder = folder
        self._partitions = partitions

    def stand(self, policy: str, variables: Mapping[str, str], *, on_loaded: bool = True) -> Stand:
        """Makes the topics of one run, under an app id of its own. on_loaded: its inputs are the loaded topics.

        policy: the name of one that comes with tierflow. variables: environment variables of its processes.
        """
        path = policy_folder() / f"{policy}.toml"
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("KAFKA_")}
        environment = {
            **stand_environment(inherited),
            **self.servers,
            **({"TIERFLOW_INPUT_PREFIX": self.inputs} if on_loaded else {}),
            "TIERFLOW_POLICY": str(path),
            **variables,
        }
        settings = Settings.from_environment(environment)
        folder = self._folder / settings.app_id
        folder.mkdir()
        asyncio.run(ensure_topics(settings, self._partitions))
        return Stand(settings, environment, read_policy_file(path, "the benchmark"), self._partitions, folder)

    @property
    def servers(self) -> dict[str, str]:
        """The environment variables that name the broker."""
        return {SERVERS: self.broker.bootstrap_servers, "KAFKA_SECURITY_PROTOCOL": "PLAINTEXT"}

    def load(self, options: WorkloadOptions) -> None:
        """Makes the input topics that all systems read, and loads the workload into them."""
        on = self.stand("assets-only", {}, on_loaded=False)
        workload = recent_workload(options.events, options.customers, options.seed, on.policy.currency)
        self.sent = asyncio.run(load(on, workload))
        self.inputs = on.environment["TIERFLOW_INPUT_PREFIX"]

    def broker_cpu_s(self) -> float:
        """Gives the broker's CPU time up to now."""
        return cpu_s_of(self.broker.pid)

    def written(self, on: Stand) -> dict[str, int]:
        """Gives the bytes in the topics of a run on the broker's disk, by topic; none where there are none."""
        app_id = on.settings.app_id
        found: dict[str, int] = {}
        for log in (self.broker.folder / "data").glob(f"{app_id}*/*.log"):
            topic = log.parent.name.rpartition("-")[0].removeprefix(app_id).strip(".-")
            found[topic] = found.get(topic, 0) + log.stat().st_size
        return {topic: size for topic, size in sorted(found.items()) if size}

    def clear(self, on: Stand) -> None:
        """Deletes the topics of a run, with their records."""
        asyncio.run(_delete_topics(on.settings))


@contextmanager
def ground(partitions: int) -> Iterator[Ground]:
    """Starts a broker with its data in a temporary folder, and stops it at the end of the block."""
    with TemporaryDirectory(prefix="tierflow-beside-") as name, ending_on_signals():
        folder = Path(name)
        try:
            yield Ground(local.start(folder / "kafka", local.free_port()), folder, partitions)
        finally:
            local.stop(folder / "kafka")


async def _delete_topics(settings: Settings) -> None:
    async with Admin(settings) as admin:
        there = await admin.list_topics()
        await admin.delete_topics([topic for topic in there if topic.startswith(settings.app_id)])
