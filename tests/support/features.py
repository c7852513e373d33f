"""Finalizing a feature of a cluster, as kafka-features.sh does; aiokafka 0.14.0 has no UpdateFeatures."""

from typing import Any, ClassVar

from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Boolean, CompactArray, CompactString, Int8, Int16, Int32, Schema, TaggedFields

from streams.settings import Settings

_TEXT = CompactString("utf-8")
_TAGS = ("tags", TaggedFields)
_UPGRADE = 1


class _UpdateFeaturesResponse(Response):
    API_KEY = 57
    API_VERSION = 1
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("error_code", Int16),
        ("error_message", _TEXT),
        ("results", CompactArray(("feature", _TEXT), ("error_code", Int16), ("error_message", _TEXT), _TAGS)),
        _TAGS,
    )


class _UpdateFeaturesStruct(RequestStruct):
    FLEXIBLE_VERSION = True
    API_KEY = 57
    API_VERSION = 1
    RESPONSE_TYPE = _UpdateFeaturesResponse
    SCHEMA = Schema(
        ("timeout_ms", Int32),
        ("updates", CompactArray(("feature", _TEXT), ("max_level", Int16), ("upgrade_type", Int8), _TAGS)),
        ("validate_only", Boolean),
        _TAGS,
    )


class _UpdateFeatures(Request[_UpdateFeaturesStruct]):
    API_KEY: ClassVar[int] = 57

    def __init__(self, feature: str, level: int) -> None:
        self._update = feature, level, _UPGRADE, {}

    def build(self, request_struct_class: type[_UpdateFeaturesStruct]) -> Any:
        return request_struct_class(10_000, [self._update], False, {})  # noqa: FBT003 - as Kafka names it: not only to validate


async def finalize(settings: Settings, feature: str, level: int) -> None:
    """Has a feature at this level from now on."""
    client = AIOKafkaClient(**settings.client_options())
    await client.bootstrap()
    try:
        answer = await client.send(client.get_random_node(), _UpdateFeatures(feature, level))
        assert not any([answer.error_code, *(each[1] for each in answer.results)]), answer
    finally:
        await client.close()
