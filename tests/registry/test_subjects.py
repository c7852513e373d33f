"""Schemas of tables are registered over real HTTP before the first row: each once, and a registry is waited for."""

import asyncio

import pytest

from streams.errors import UsageError
from streams.registry import patience
from streams.registry.subjects import Subjects
from streams.security.registry_access import RegistryAccess
from tests.support.schema_registry import SchemaRegistry

SCHEMAS = {"a.avro-value": '"string"', "b.avro-value": '"long"'}


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "LONGEST_PAUSE_S", 0.001)


async def prepared(subjects: Subjects) -> None:
    while (waiting := subjects.prepare(())) is not None:
        await waiting


async def test_all_lanes_together_register_each_schema_once() -> None:
    async with SchemaRegistry() as served:
        subjects = Subjects(RegistryAccess(url=served.url), SCHEMAS)
        await asyncio.gather(*(prepared(subjects) for _ in range(5)))
        assert [served.schema(subjects.numbers[subject]) for subject in SCHEMAS] == ["string", "long"]
        assert set(served.asked.values()) == {1}
        again = Subjects(RegistryAccess(url=served.url), SCHEMAS)
        await prepared(again)
        assert again.numbers == subjects.numbers


async def test_a_registry_that_is_away_is_waited_for() -> None:
    async with SchemaRegistry() as served:
        served.fails = [503, 500]
        subjects = Subjects(RegistryAccess(url=served.url), SCHEMAS)
        await prepared(subjects)
        assert subjects.numbers.keys() == SCHEMAS.keys()


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (
            (409, {"error_code": 409, "message": "new one lacks a default"}),
            r"a\.avro-value \(new one lacks a default\)",
        ),
        (403, "does not let us in"),
    ],
)
async def test_what_the_registry_refuses_is_said(answer: int | tuple[int, object], says: str) -> None:
    async with SchemaRegistry() as served:
        served.fails = [answer]
        with pytest.raises(UsageError, match=says):
            await prepared(Subjects(RegistryAccess(url=served.url), SCHEMAS))
