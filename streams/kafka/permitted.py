"""Whether our user has the rights that it needs, as the brokers say: asked before a program begins, and while it runs.

aiokafka turns many refusals into tries without end, or into errors that name neither the operation nor the resource. So
what is permitted is asked for, before anything is tried: the operations on topics with the metadata (KIP-430, as of
Kafka 2.8 with what topic_ids.py asks for), those on groups with their description. Of a transactional id only a refusal
tells: to look for its coordinator takes DESCRIBE, which WRITE implies.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, ClassVar, TypeVar

from aiokafka.client import AIOKafkaClient, ConnectionGroup, CoordinationType
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    IncompatibleBrokerVersion,
    KafkaError,
    TransactionalIdAuthorizationFailed,
    for_code,
)
from aiokafka.protocol.admin import DescribeGroupsRequest_v3, DescribeGroupsResponse_v3
from aiokafka.protocol.api import Request

from streams.errors import UsageError
from streams.kafka.refusals import cannot_connect, needs
from streams.kafka.rights.right import Right, Row, rights_of
from streams.kafka.rights.roles import ROLES
from streams.kafka.topic_ids import permitted_on_topics
from streams.settings import Settings

# Numbers of the protocol (Kafka's AclOperation); in an answer, operation N is bit N.
_CODES = {"READ": 3, "WRITE": 4, "ALTER": 7, "DESCRIBE": 8, "DESCRIBE_CONFIGS": 10}
_IMPLY_DESCRIBE = {"READ", "WRITE", "ALTER", "DESCRIBE"}
_NOT_TOLD = -(1 << 31)
_DO_NOT_TELL = (IncompatibleBrokerVersion, NotImplementedError, TimeoutError)  # the second is aiokafka's, for a version
_TOLD_WITHIN_S = 5.0
_PAUSE_S = 0.05
_Answer = TypeVar("_Answer")


class _DescribeGroupsStruct(DescribeGroupsRequest_v3):  # type: ignore[misc]
    """aiokafka 0.14.0 names the answer of version 2, which lacks the operations."""

    RESPONSE_TYPE = DescribeGroupsResponse_v3


class _DescribeGroup(Request[_DescribeGroupsStruct]):  # type: ignore[misc]
    """The question for one group, with the operations that are permitted on it."""

    API_KEY: ClassVar[int] = 15

    def __init__(self, group: str) -> None:
        self._group = group

    def build(self, request_struct_class: type[_DescribeGroupsStruct]) -> _DescribeGroupsStruct:
        return request_struct_class([self._group], True)  # noqa: FBT003 - the wire's order


class RightsError(UsageError):
    """Our user lacks rights. The message says which, and where all of the role's are."""


async def check_rights(settings: Settings, role: str, rows: Iterable[Row] | None = None) -> None:
    """Checks that our user has the rights of a role. rows: None: those of the table that are always needed.

    Raises:
        RightsError: It lacks some.
        UsageError: Kafka does not answer, or does not let us in.
    """
    try:
        said = await lacked(settings, role, rows)
    except KafkaError as error:
        raise await cannot_connect(settings.client_options(), error) from error
    if said is not None:
        raise RightsError(said)


async def lacked(settings: Settings, role: str, rows: Iterable[Row] | None = None) -> str | None:
    """Says which rights of a role our user lacks; None where it has them all. rows: as for `check_rights`.

    Raises:
        KafkaError: No broker answers.
    """
    wanted = rights_of([row for row in ROLES[role](settings) if not row.when_used] if rows is None else rows)
    lacking = await lacking_of(settings.client_options(), wanted)
    return needs(map(str, lacking), role) if lacking else None


async def lacking_of(client_options: Mapping[str, Any], rights: Collection[Right]) -> list[Right]:
    """Gives those of the rights that our user does not have, as far as brokers tell.

    CREATE is not asked for: it may be had on the cluster, too, and only who makes a topic needs it.

    Raises:
        KafkaError: No broker answers.
    """
    client = AIOKafkaClient(**client_options)
    try:
        await client.bootstrap()
        by_resource = defaultdict[str, list[Right]](list)
        for right in rights:
            by_resource[right.resource].append(right)
        lacking = [
            *await _on_topics(client, by_resource["topic"]),
            *await _on_groups(client, by_resource["group"]),
            *await _on_transactional_ids(client, by_resource["transactional id"]),
        ]
    finally:
        await client.close()
    return lacking


async def _on_topics(client: AIOKafkaClient, rights: Sequence[Right]) -> list[Right]:
    if not rights:
        return []
    found = await permitted_on_topics(client, {right.name for right in rights})
    return [right for right in rights if _lacks(right, found.get(right.name, _NOT_TOLD))]


async def _on_groups(client: AIOKafkaClient, rights: Sequence[Right]) -> list[Right]:
    """Asks for each group; where all groups are meant that begin so, for the one of that very name."""
    found = {name: await _permitted_on_group(client, name) for name in {right.name for right in rights}}
    return [right for right in rights if _lacks(right, found[right.name])]


async def _permitted_on_group(client: AIOKafkaClient, group: str) -> int | None:
    async def ask() -> Mapping[str, Any]:
        coordinator = await client.coordinator_lookup(CoordinationType.GROUP, group)
        answer = await client.send(coordinator, _DescribeGroup(group), group=ConnectionGroup.COORDINATION)
        [told] = answer.to_object()["groups"]
        if told["error_code"]:
            raise for_code(told["error_code"])(group)
        return dict(told)

    try:
        return int((await _answer(ask))["authorized_operations"])
    except GroupAuthorizationFailedError:
        return None
    except _DO_NOT_TELL:
        return _NOT_TOLD


async def _on_transactional_ids(client: AIOKafkaClient, rights: Sequence[Right]) -> list[Right]:
    return [right for right in rights if not await _may_describe_id(client, right.name)]


async def _may_describe_id(client: AIOKafkaClient, transactional_id: str) -> bool:
    try:
        await _answer(lambda: client.coordinator_lookup(CoordinationType.TRANSACTION, transactional_id))
    except TransactionalIdAuthorizationFailed:
        return False
    except _DO_NOT_TELL:
        return True
    return True


async def _answer(ask: Callable[[], Awaitable[_Answer]]) -> _Answer:
    """Asks until there is an answer: a cluster makes the topics of its coordinators when they are first asked for."""
    async with asyncio.timeout(_TOLD_WITHIN_S):
        while True:
            try:
                return await ask()
            except KafkaError as error:
                if not error.retriable:
                    raise
            await asyncio.sleep(_PAUSE_S)


def _lacks(right: Right, permitted: int | None) -> bool:
    """Says whether a right is not among what is permitted, by bits. None: not even to see it."""
    if permitted is None:
        return right.operation in _IMPLY_DESCRIBE
    return permitted != _NOT_TOLD and right.operation in _CODES and not permitted >> _CODES[right.operation] & 1
