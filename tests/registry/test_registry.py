"""Schemas from a registry over real HTTP: asked for once, waited for, refused, and no secret told."""

import asyncio
import json
import logging
import ssl
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from streams.errors import TryAgainError, UsageError
from streams.intake.compile.mapping import CompiledMapping, load_mapping
from streams.intake.refused import UnknownSchemaError
from streams.intake.schemas import RegisteredSchema, Schemas
from streams.registry import patience
from streams.registry import registry as module
from streams.registry.registry import Registry, get_schemas
from streams.security.registry_access import RegistryAccess
from tests.support.avro import BOOKING, framed, mapping_of
from tests.support.certificates import Authority
from tests.support.patience import until
from tests.support.schema_registry import SchemaRegistry

USER = ("intake", "secret-of-intake")
TOKEN = "token-of-intake"  # noqa: S105 - of these tests alone


class Read(NamedTuple):
    """A record as far as its schemas are concerned."""

    key: bytes | None
    value: bytes | None


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "LONGEST_PAUSE_S", 0.001)
    monkeypatch.setattr(module, "ASKED_AGAIN_AFTER_S", 0.001)


async def got(
    served: SchemaRegistry,
    values: Iterable[bytes | None],
    access: RegistryAccess | None = None,
    within_s: float | None = None,
) -> CompiledMapping:
    """The mapping, once the schemas are there that records with these values name."""
    mapping = load_mapping(mapping_of(served.url))
    registry = Registry(served.url, access or RegistryAccess(), mapping.schemas, within_s)
    await get_schemas(registry, mapping.sources["core"], [Read(None, value) for value in values])
    return mapping


async def test_each_schema_is_asked_for_once() -> None:
    async with SchemaRegistry() as served:
        one, two = served.register(BOOKING), served.register('"string"')
        mapping = load_mapping(mapping_of(served.url))
        registry = Registry(served.url, RegistryAccess(), mapping.schemas)
        records = [Read(None, framed(number, b"x")) for number in (one, two) * 50] + [Read(None, None)]
        await asyncio.gather(*(get_schemas(registry, mapping.sources["core"], records) for _ in range(8)))
        assert registry.prepare(mapping.sources["core"], records) is None
        assert served.asked == {"/schemas/ids/1": 1, "/schemas/ids/2": 1}
        assert mapping.schemas.of(one) == RegisteredSchema("AVRO", json.dumps(BOOKING))


async def test_keys_are_asked_for_where_a_path_reads_them() -> None:
    async with SchemaRegistry() as served:
        number = served.register('"string"', "core-key")
        text = mapping_of(served.url)
        for mapping in (load_mapping(text), load_mapping(text.replace("core-{id}", "core-{_record.key}"))):
            registry = Registry(served.url, RegistryAccess(), mapping.schemas)
            await get_schemas(registry, mapping.sources["core"], [Read(framed(number, b"x"), None)])
        assert served.asked == {"/schemas/ids/1": 1}


async def test_what_a_schema_refers_to_comes_before_it() -> None:
    async with SchemaRegistry() as served:
        served.register('"amount"', "amount/1")
        served.register('"money"', "money", references=(("bank.Amount", "amount/1", 1),))
        number = served.register(
            '"payment"', "pay", references=(("bank.Money", "money", 1), ("bank.Amount", "amount/1", 1))
        )
        mapping = await got(served, [framed(number, b"")])
        assert mapping.schemas.of(number).imports == (("bank.Amount", '"amount"'), ("bank.Money", '"money"'))


async def test_a_schema_whose_reference_is_gone_is_unknown() -> None:
    async with SchemaRegistry() as served:
        number = served.register('"payment"', references=(("bank.Money", "money", 1),))
        mapping = await got(served, [framed(number, b"")])
        with pytest.raises(UnknownSchemaError):
            mapping.schemas.of(number)


async def test_a_schema_of_protobuf_is_asked_for_as_a_descriptor_and_so_is_what_it_imports() -> None:
    async with SchemaRegistry() as served:
        served.register("message Money {}", "money", kind="PROTOBUF", serialized="TW9uZXk=")
        number = served.register(
            "message Pay {}", "pay", kind="PROTOBUF", serialized="UGF5", references=(("money.proto", "money", 1),)
        )
        mapping = await got(served, [framed(number, b"")])
        assert mapping.schemas.of(number) == RegisteredSchema("PROTOBUF", "UGF5", (("money.proto", "TW9uZXk="),))


@pytest.mark.parametrize(
    "fault", [500, 502, 503, 429, 404, 302, (404, ["no registry"]), (200, {"no": "schema"}), (200, None)]
)
async def test_a_registry_that_answers_as_none_does_is_asked_again(
    fault: int | tuple[int, Any], caplog: pytest.LogCaptureFixture
) -> None:
    async with SchemaRegistry() as served:
        number = served.register(BOOKING)
        served.fails = [fault if isinstance(fault, tuple) or fault != 404 else (404, {})] * 3
        with caplog.at_level(logging.INFO):
            mapping = await got(served, [framed(number, b"")])
        assert mapping.schemas.of(number).text == json.dumps(BOOKING)
    said = [record.message for record in caplog.records if record.name == patience.__name__]
    assert len(said) == 2  # once that it is away, and once that it answers
    assert "waited for, and nothing is skipped" in said[0]


async def test_a_registry_that_cannot_be_reached_is_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    served = SchemaRegistry()
    number = served.register(BOOKING)
    mapping = load_mapping(mapping_of(served.url))
    registry = Registry(served.url, RegistryAccess(), mapping.schemas)
    waiting = asyncio.create_task(get_schemas(registry, mapping.sources["core"], [Read(None, framed(number, b""))]))
    await until(lambda: "cannot be reached" in caplog.text, 10, "it is said that the registry is away")
    assert not waiting.done()
    async with served:
        await waiting
    assert mapping.schemas.is_known(number)


async def test_a_command_waits_for_a_while_only() -> None:
    served = SchemaRegistry()
    with pytest.raises(TryAgainError, match=r"the registry http://127.0.0.1:\d+ is away: it cannot be reached"):
        await got(served, [framed(1, b"")], within_s=0)


async def test_a_number_without_a_schema_is_asked_again_before_that_is_believed() -> None:
    async with SchemaRegistry() as served:
        served.fails = [(404, {"error_code": 40403})]
        number = served.register(BOOKING)
        mapping = await got(served, [framed(number, b""), framed(77, b"")])
        assert mapping.schemas.of(number).text == json.dumps(BOOKING)
        with pytest.raises(UnknownSchemaError, match="no schema 77"):
            mapping.schemas.of(77)
        assert served.asked["/schemas/ids/77"] == 1 + module.ASKED_AGAIN


async def test_a_number_may_have_a_schema_later(monkeypatch: pytest.MonkeyPatch) -> None:
    async with SchemaRegistry() as served:
        mapping = load_mapping(mapping_of(served.url))
        registry, records = Registry(served.url, RegistryAccess(), mapping.schemas), [Read(None, framed(5, b""))]
        await get_schemas(registry, mapping.sources["core"], records)
        served.register(BOOKING, number=5)
        assert registry.prepare(mapping.sources["core"], records) is None
        monkeypatch.setattr(module, "UNKNOWN_FOR_S", -1.0)
        pending = registry.prepare(mapping.sources["core"], records)
        assert pending is not None
        await pending
        assert mapping.schemas.of(5).text == json.dumps(BOOKING)


@pytest.mark.parametrize(
    ("access", "is_let_in"),
    [
        (RegistryAccess(), False),
        (RegistryAccess(user=USER[0], password=USER[1]), True),
        (RegistryAccess(user=USER[0], password="another-secret"), False),  # noqa: S106 - of these tests alone
        (RegistryAccess(token=TOKEN), False),
    ],
)
async def test_basic_authentication(
    access: RegistryAccess,
    is_let_in: bool,  # noqa: FBT001 - of a table
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with SchemaRegistry() as served:
        served.user = USER
        number = served.register(BOOKING)
        if is_let_in:
            assert (await got(served, [framed(number, b"")], access)).schemas.is_known(number)
        else:
            with pytest.raises(UsageError, match="does not let us in") as e:
                await got(served, [framed(number, b"")], access)
            assert "secret" not in f"{e.value!r} {e.value.__cause__!r} {caplog.text} {access!r}"
            assert TOKEN not in f"{e.value!r} {caplog.text} {access!r}"


async def test_a_bearer_token() -> None:
    async with SchemaRegistry() as served:
        served.token = TOKEN
        number = served.register(BOOKING)
        mapping = await got(served, [framed(number, b"")], RegistryAccess(token=TOKEN))
        assert mapping.schemas.is_known(number)


@pytest.mark.parametrize(
    "access",
    [RegistryAccess(user=USER[0], password=USER[1]), RegistryAccess(token=TOKEN)],
)
def test_no_secret_goes_to_another_machine_in_the_clear(access: RegistryAccess) -> None:
    with pytest.raises(UsageError, match="unencrypted; write https://") as refused:
        Registry("http://registry:8081", access, Schemas())
    assert "of-intake" not in str(refused.value)
    Registry("https://registry:8081", access, Schemas())
    Registry("http://registry:8081", RegistryAccess(), Schemas())


async def test_forbidden_is_no_reason_to_wait() -> None:
    async with SchemaRegistry() as served:
        served.fails = [403]
        with pytest.raises(UsageError, match="answers 403"):
            await got(served, [framed(1, b"")])


async def test_over_tls_its_certificate_has_to_be_of_a_known_authority(tmp_path: Path) -> None:
    authority, other = Authority(tmp_path / "ours"), Authority(tmp_path / "theirs")
    pair = authority.issue("registry")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    async with SchemaRegistry(context) as served:
        number = served.register(BOOKING)
        mapping = await got(served, [framed(number, b"")], RegistryAccess(cafile=str(authority.cafile)))
        assert mapping.schemas.is_known(number)
        for access in (RegistryAccess(cafile=str(other.cafile)), RegistryAccess()):
            with pytest.raises(UsageError, match=r"is not trusted .*TIERFLOW_REGISTRY_CAFILE"):
                await got(served, [framed(number, b"")], access)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"TIERFLOW_REGISTRY_USER": "me"}, "belong together"),
        ({"TIERFLOW_REGISTRY_PASSWORD": "secret"}, "belong together"),
        ({"TIERFLOW_REGISTRY_USER": "m:e", "TIERFLOW_REGISTRY_PASSWORD": "secret"}, "has a colon"),
        (
            {
                "TIERFLOW_REGISTRY_USER": "me",
                "TIERFLOW_REGISTRY_PASSWORD": "secret",
                "TIERFLOW_REGISTRY_TOKEN": "secret",
            },
            "set one of them",
        ),
        ({"TIERFLOW_REGISTRY_TOKEN": "secret token"}, "no header carries"),
        ({"TIERFLOW_REGISTRY_CAFILE": "/nowhere.pem"}, "there is no file /nowhere.pem"),
    ],
)
def test_settings_that_cannot_work_are_refused(given: dict[str, str], said: str) -> None:
    with pytest.raises(UsageError, match=said) as refused:
        RegistryAccess.from_variables(given)
    assert "secret" not in str(refused.value)


async def test_a_file_of_authorities_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing")
    async with SchemaRegistry() as served:
        with pytest.raises(UsageError, match=r"TIERFLOW_REGISTRY_CAFILE: .* cannot be used"):
            await got(served, [framed(1, b"")], RegistryAccess(cafile=str(tmp_path / "ca.pem")))
