"""An admin client that says why it is not let in, and the settings of topics as the broker tells them."""

from collections.abc import Iterable
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaConnectionError, KafkaError, NodeNotReadyError, TopicAuthorizationFailedError

from streams.errors import UsageError
from streams.kafka.refusals import cannot_connect, needs
from streams.settings import Settings


class Admin:
    """A context manager with an admin client; raises UsageError if no broker answers, or none lets us in."""

    def __init__(self, settings: Settings) -> None:
        self._options = settings.client_options()
        self._client = AIOKafkaAdminClient(**self._options)

    async def __aenter__(self) -> AIOKafkaAdminClient:
        try:
            await self._client.start()
        except KafkaError as error:
            await self._client.close()
            raise await cannot_connect(self._options, error) from error
        return self._client

    async def __aexit__(self, _type: object, error: BaseException | None, _traceback: object) -> None:
        await self._client.close()
        # The broker that was asked first lets us in, and names another that does not.
        if isinstance(error, KafkaConnectionError | NodeNotReadyError | TimeoutError):
            raise await cannot_connect(self._options, error) from error


async def configs_of(admin: AIOKafkaAdminClient, topics: Iterable[str], *names: str) -> dict[str, dict[str, str]]:
    """Gives the values of these settings by topic, those that come from the broker included.

    Raises:
        UsageError: Our user may not see those of a topic.
    """
    # aiokafka takes the names to ask for as the keys of a mapping, and ignores its values.
    asked = [ConfigResource(ConfigResourceType.TOPIC, topic, dict.fromkeys(names, "")) for topic in topics]
    responses = await admin.describe_configs(asked)
    resources: list[Any] = [resource for response in responses for resource in response.resources]
    denied = [topic for code, _, _, topic, _ in resources if code == TopicAuthorizationFailedError.errno]
    if denied:
        raise UsageError(needs(f"DESCRIBE_CONFIGS on topic {topic}" for topic in denied))
    return {topic: {entry[0]: str(entry[1]) for entry in entries} for _, _, _, topic, entries in resources}
