"""What an operator may do to topics, on a real broker."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from streams.settings import Settings
from tests.support.worker_processes import until


@asynccontextmanager
async def admin_of(settings: Settings) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(**settings.client_options())
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


async def delete_topic(settings: Settings, topic: str) -> None:
    """Deletes a topic, and waits until it is gone."""
    async with admin_of(settings) as admin:

        async def gone() -> bool:
            return topic not in await admin.list_topics()

        await admin.delete_topics([topic])
        await until(gone, 20, "the topic is gone")


async def limit_records(settings: Settings, topic: str, limit: int) -> None:
    """Sets the largest record of a topic that is kept by age. What is not named gets the broker's default."""
    config = {"cleanup.policy": "delete", "retention.ms": "-1", "max.message.bytes": str(limit)}
    async with admin_of(settings) as admin:
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, config)])
