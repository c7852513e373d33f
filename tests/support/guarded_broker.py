"""A real broker that allows nobody anything without an ACL: users with passwords, and rights that a test gives them."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.admin import CreateAclsRequest, DeleteAclsRequest, DescribeAclsRequest

from streams.kafka import local
from streams.kafka.rights.right import Right
from streams.settings import Settings
from tests.support.own_broker import OwnBroker
from tests.support.patience import until
from tests.support.topic_changes import admin_of

PASSWORD = "guarded-secret"  # noqa: S105 - of these tests alone
# Numbers of the protocol.
_RESOURCES = {"topic": 2, "group": 3, "transactional id": 5}
_OPERATIONS = {"READ": 3, "WRITE": 4, "CREATE": 5, "ALTER": 7, "DESCRIBE": 8, "DESCRIBE_CONFIGS": 10}
_ANY, _LITERAL, _PREFIXED, _ALLOW = 1, 3, 4, 3


class GuardedBroker(NamedTuple):
    """The broker. Who connects by `settings` may do all, a user by `environment` what it was given."""

    own: OwnBroker
    port: int

    @property
    def settings(self) -> Settings:
        return self.own.settings

    def environment(self, user: str, names: Mapping[str, str]) -> dict[str, str]:
        """The settings of a user. names: those of the test."""
        return {
            **names,
            "KAFKA_BOOTSTRAP_SERVERS": f"localhost:{self.port}",
            "KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
            "KAFKA_SASL_MECHANISM": "PLAIN",
            "KAFKA_SASL_USERNAME": user,
            "KAFKA_SASL_PASSWORD": PASSWORD,
        }

    async def give(self, user: str, rights: Iterable[Right]) -> None:
        """Gives what the user does not have yet."""
        async with admin_of(self.settings) as admin:
            wanted = set(rights)
            for right in wanted - await _held(admin, user, wanted):
                await admin._send_request(CreateAclsRequest(*_binding(right, user)))

            async def is_known() -> bool:
                return await _held(admin, user, wanted) == wanted

            await until(is_known, 10, "the broker knows the rights")

    async def take(self, user: str, right: Right) -> None:
        async with admin_of(self.settings) as admin:
            await admin._send_request(DeleteAclsRequest(*_binding(right, user)))

            async def is_known() -> bool:
                return not await _held(admin, user, {right})

            await until(is_known, 10, "the broker knows that the right is gone")


async def _held(admin: AIOKafkaAdminClient, user: str, rights: Iterable[Right]) -> set[Right]:
    """Gives those of the rights that the user has, as the broker knows by now."""
    answer = await admin._send_request(DescribeAclsRequest(_ANY, None, _ANY, _principal(user), None, _ANY, _ANY))
    known = {
        (each["resource_type"], each["resource_name"], each["resource_pattern_type"], acl["operation"])
        for each in answer.to_object()["resources"]
        for acl in each["acls"]
    }
    return {right for right in rights if (*_place(right), _OPERATIONS[right.operation]) in known}


def start_guarded(folder: Path, users: Iterable[str], patch: pytest.MonkeyPatch) -> GuardedBroker:
    """Starts the broker. The caller stops `own`."""
    port = local.free_port()
    names = " ".join(f'user_{user}="{PASSWORD}"' for user in users)
    module = "org.apache.kafka.common.security.plain.PlainLoginModule"
    settings = {
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "allow.everyone.if.no.acl.found": "false",
        "super.users": "User:ANONYMOUS",  # the broker itself, and a test as administrator: without a password
        "listener.name.guarded.sasl.enabled.mechanisms": "PLAIN",
        "listener.name.guarded.plain.sasl.jaas.config": f"{module} required {names};",
    }
    own = OwnBroker(folder, {}, settings, patch, {"GUARDED": ("SASL_PLAINTEXT", port)})
    return GuardedBroker(own, port)


def _place(right: Right) -> tuple[int, str, int]:
    return _RESOURCES[right.resource], right.name, _PREFIXED if right.prefixed else _LITERAL


def _binding(right: Right, user: str) -> tuple[Any, ...]:
    return (*_place(right), _principal(user), "*", _OPERATIONS[right.operation], _ALLOW)


def _principal(user: str) -> str:
    return f"User:{user}"
