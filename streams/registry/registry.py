"""Gets the schemas that records name before they are decoded; waits for a registry that is away."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Iterable
from functools import partial
from typing import Protocol

from streams.intake.formats.wire import schema_id_of
from streams.intake.paths import RECORD
from streams.intake.schemas import RegisteredSchema, Schemas
from streams.intake.source import Source
from streams.registry.client import NotRegisteredError, RegistryClient
from streams.registry.patience import patiently
from streams.security.registry_access import RegistryAccess

# What was written by a producer is registered before it; what reads the registry of another place may lag behind.
ASKED_AGAIN, ASKED_AGAIN_AFTER_S = 2, 1.0
# Numbers go up by one: a number that has no schema now may have one later.
UNKNOWN_FOR_S = 60.0
_log = logging.getLogger(__name__)


class KeyAndValue(Protocol):
    """What is asked of a record."""

    @property
    def key(self) -> bytes | None:
        """The key, as it was read."""

    @property
    def value(self) -> bytes | None:
        """The value, as it was read."""


class Registry:
    """The registry of a mapping, which fills its schemas.

    within_s: how long one that is away is waited for; None: for ever.
    """

    def __init__(self, url: str, access: RegistryAccess, schemas: Schemas, within_s: float | None = None) -> None:
        self._client = RegistryClient(url, access)
        self._schemas = schemas
        self._within_s = within_s
        self._turn = asyncio.Lock()  # several lanes need the same schema at once
        self._unknown_since: dict[int, float] = {}

    def prepare(self, source: Source, records: Iterable[KeyAndValue]) -> Awaitable[None] | None:
        """Gives what has to be awaited before records of a source can be decoded; None where nothing has to be.

        What is awaited raises UsageError where the registry does not let us in, TryAgainError where it was away for too
        long.
        """
        numbers = self._to_ask(_numbers(source, records))
        return self._get(numbers) if numbers else None

    def _to_ask(self, numbers: Iterable[int]) -> list[int]:
        before = time.monotonic() - UNKNOWN_FOR_S
        return sorted(
            number
            for number in numbers
            if not self._schemas.is_known(number) or self._unknown_since.get(number, before + 1) < before
        )

    async def newest(self, subject: str) -> RegisteredSchema | None:
        """Gets the newest schema of a subject; None where there is none. It raises what is awaited by `prepare`."""
        async with self._turn, self._client:
            try:
                return await patiently(self._client, lambda: self._client.newest(subject), self._within_s)
            except NotRegisteredError:
                return None

    async def _get(self, numbers: list[int]) -> None:
        async with self._turn, self._client:
            missing = self._to_ask(numbers)
            for again in range(ASKED_AGAIN + 1):
                if again and missing:
                    await asyncio.sleep(ASKED_AGAIN_AFTER_S)
                missing = [number for number in missing if not await self._found(number)]
            for number in missing:
                self._unknown_since[number] = time.monotonic()
                self._schemas.put(number, None)
                _log.warning("the registry %s has no schema %d, or not all that it refers to", self._client.url, number)

    async def _found(self, number: int) -> bool:
        try:
            schema = await patiently(self._client, lambda: self._client.schema(number), self._within_s)
            self._schemas.put(number, schema)
        except NotRegisteredError:
            return False
        self._unknown_since.pop(number, None)
        return True


def prepare_by(registry: Registry | None, source: Source) -> Callable[[Iterable[KeyAndValue]], Awaitable[None] | None]:
    """Gives what prepares the records of a source (Stage.prepare). registry: None: no record names a schema."""
    if registry is None or source.schemas is None:
        return lambda _: None
    return partial(registry.prepare, source)


async def get_schemas(registry: Registry | None, source: Source, records: Collection[KeyAndValue]) -> None:
    """Gets the schemas that records of a source name."""
    prepare = prepare_by(registry, source)
    while (prepared := prepare(records)) is not None:
        await prepared


def _numbers(source: Source, records: Iterable[KeyAndValue]) -> set[int]:
    reads_keys = RECORD in source.names
    found: set[int | None] = set()
    for record in records:
        found.add(schema_id_of(record.value))
        if reads_keys:
            found.add(schema_id_of(record.key))
    return {number for number in found if number is not None}
