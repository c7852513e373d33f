"""Which features a cluster has finalized, such as transaction.version 2: ApiVersions v3, which aiokafka 0.14.0 lacks.

A broker knows newer requests before all of its cluster may use them: somebody finalizes a feature once every broker has
it (KIP-584). So the versions of requests alone do not tell.
"""

from collections.abc import Mapping
from io import BytesIO
from typing import Any, ClassVar

from aiokafka import __version__
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import IncompatibleBrokerVersion, UnsupportedVersionError, for_code
from aiokafka.protocol.api import Request, RequestStruct, Response, ResponseHeader_v0
from aiokafka.protocol.types import CompactArray, CompactString, Int16, Int32, Schema, TaggedFields

_TEXT = CompactString("utf-8")
_TAGS = ("tags", TaggedFields)
_FINALIZED_TAG = 2
_FINALIZED = CompactArray(("name", _TEXT), ("max_level", Int16), ("min_level", Int16), _TAGS)


class _ApiVersionsResponse(Response):  # type: ignore[misc]
    API_KEY = 18
    API_VERSION = 3
    SCHEMA = Schema(
        ("error_code", Int16),
        ("api_versions", CompactArray(("api_key", Int16), ("min_version", Int16), ("max_version", Int16), _TAGS)),
        ("throttle_time_ms", Int32),
        _TAGS,
    )


class _ApiVersionsStruct(RequestStruct):  # type: ignore[misc]
    FLEXIBLE_VERSION = True
    API_KEY = 18
    API_VERSION = 3
    RESPONSE_TYPE = _ApiVersionsResponse
    SCHEMA = Schema(("client_software_name", _TEXT), ("client_software_version", _TEXT), _TAGS)

    def parse_response_header(self, read_buffer: Any) -> ResponseHeader_v0:
        """Reads the header without tags: a client that asks for versions cannot know yet whether there are any."""
        return ResponseHeader_v0.decode(read_buffer)


class _ApiVersions(Request[_ApiVersionsStruct]):  # type: ignore[misc]
    API_KEY: ClassVar[int] = 18

    def build(self, request_struct_class: type[_ApiVersionsStruct]) -> _ApiVersionsStruct:
        return request_struct_class("aiokafka", __version__, {})


async def finalized_features(client: AIOKafkaClient, node: int, **where: Any) -> Mapping[str, int]:
    """Gives the level of each feature that the cluster has finalized; none where the broker is too old to tell.

    where: the group of connections, as `send` of aiokafka's client has it.

    Raises:
        KafkaError: The broker does not answer, or answers with an error.
    """
    try:
        answer = await client.send(node, _ApiVersions(), **where)
    except (IncompatibleBrokerVersion, NotImplementedError):  # the latter is aiokafka's, for a version
        return {}
    if answer.error_code == UnsupportedVersionError.errno:  # it tells the versions that it has, and no features
        return {}
    if answer.error_code:
        raise for_code(answer.error_code)(f"node {node} does not tell its features")
    finalized = _FINALIZED.decode(BytesIO(answer.tags.get(_FINALIZED_TAG, b"\1")))
    return {name: level for name, level, _, _ in finalized}
