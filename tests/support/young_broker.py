"""What a broker does at its first use, which takes a busy machine seconds: done before a test comes with a limit."""

import asyncio
from collections.abc import Iterable

from aiokafka.client import AIOKafkaClient, CoordinationType
from aiokafka.errors import KafkaError

from streams.kafka.refusals import hear
from streams.settings import Settings
from tests.support.patience import until


def make_coordinators(servers: str) -> None:
    """Returns once groups and transactions have their coordinators: their topics are made for whoever asks first."""
    asyncio.run(_make_coordinators(servers))


async def _make_coordinators(servers: str) -> None:
    client = AIOKafkaClient(bootstrap_servers=servers)
    await client.bootstrap()

    async def are_there() -> bool:
        try:
            for kind in (CoordinationType.GROUP, CoordinationType.TRANSACTION):
                await client.coordinator_lookup(kind, "anybody")
        except KafkaError:
            return False
        return True

    try:
        await until(are_there, 60, "there are coordinators")
    finally:
        await client.close()


def let_in(environments: Iterable[dict[str, str]]) -> None:
    """Returns once a client was let in by each of these settings."""
    asyncio.run(_let_in(environments))


async def _let_in(environments: Iterable[dict[str, str]]) -> None:
    for environment in environments:
        options = Settings.from_environment(environment, dotenv=None).client_options()

        async def is_let_in(options: dict[str, object] = options) -> bool:
            return (await hear(options)).lets_in

        await until(is_let_in, 60, f"a client is let in at {environment['KAFKA_BOOTSTRAP_SERVERS']}")
