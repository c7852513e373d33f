"""What schedules stand on: names and settings of its own on a cluster, its topics, and workers that have joined."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from streams.errors import AwayError
from streams.kafka.topics import ensure_topics
from streams.settings import Settings, policy_folder
from tests.faults.schedules.cluster import Cluster
from tests.faults.schedules.crew import LAUNCH, Crew
from tests.faults.schedules.watching import ends_of
from tests.support.patience import until

PARTITIONS = 4
HEALED_WITHIN_S = 60.0
_ASKED_EVERY_S = 0.2


class Ground:
    """An app id of its own on a cluster, with its topics. policy: the file that workers start with."""

    def __init__(
        self, cluster: Cluster, seed: int, folder: Path, launch: str = LAUNCH, policy: Path | None = None
    ) -> None:
        self.cluster = cluster
        self.seed = seed
        self.folder = folder
        self.app_id = f"s{seed}-{time.time_ns() // 1_000_000 % 1_000_000_000}"
        self.environment = {
            "KAFKA_BOOTSTRAP_SERVERS": cluster.servers,
            "TIERFLOW_APP_ID": self.app_id,
            "TIERFLOW_INPUT_PREFIX": f"{self.app_id}.bank.",
            "TIERFLOW_OUTPUT_PREFIX": f"{self.app_id}.tier.",
            "TIERFLOW_POLICY": str(policy or policy_folder() / "assets-only.toml"),
            "TIERFLOW_DATA_DIR": str(folder / "data"),
            "TIERFLOW_HTTP_PORT": "0",
            "TIERFLOW_LOAN_WAIT_MS": "200",
            "PATH": os.environ["PATH"],
            "HOME": os.environ.get("HOME", str(folder)),
        }
        self.settings = Settings.from_environment(self.environment, dotenv=None)
        self._launch = launch

    @asynccontextmanager
    async def crew(self) -> AsyncIterator[Crew]:
        """Makes the topics and starts the workers; a supervisor starts them again for the length of the block."""
        self.folder.mkdir(parents=True, exist_ok=True)
        await until(self._has_topics, HEALED_WITHIN_S, "the topics are made")
        servers = [self.cluster.servers_of(slot) for slot in self.cluster.slots]
        crew = Crew(self.environment, self.folder, servers, self._launch)
        async with crew.supervising():
            yield crew

    async def heal(self, crew: Crew) -> None:
        """Mends all that is broken, and returns when every worker has joined."""
        await asyncio.to_thread(self.cluster.heal)
        for member in crew.members:
            member.heal()
        await crew.all_ready(HEALED_WITHIN_S)

    async def all_worked(self, more: Iterable[str] = ()) -> None:
        """Returns when the group has come to the ends of the inputs, and no transaction is open. more: topics."""
        goal = await ends_of(
            self.cluster.servers, [*self.settings.input_topics(), *more], PARTITIONS, "read_uncommitted"
        )

        async def are_worked() -> bool:
            await asyncio.sleep(_ASKED_EVERY_S)
            with suppress(Exception):
                group = await group_offsets(self.settings)
                return all(group.get(tp, 0) >= end for tp, end in goal.items())
            return False

        await until(are_worked, HEALED_WITHIN_S, "all inputs are worked")

    async def _has_topics(self) -> bool:
        with suppress(AwayError):  # brokers on a busy machine
            await ensure_topics(self.settings, PARTITIONS, self.cluster.replication)
            return True
        return False


async def group_offsets(settings: Settings) -> dict[TopicPartition, int]:
    """The offsets of the workers' group."""
    admin = AIOKafkaAdminClient(**settings.client_options())
    await admin.start()
    try:
        found = await admin.list_consumer_group_offsets(settings.app_id)
    finally:
        await admin.close()
    return {tp: committed.offset for tp, committed in found.items()}
