"""Registers the schemas of what tierflow writes as Avro, before the first record of them is made (docs/tables.md)."""

import asyncio
from collections.abc import Awaitable, Iterable, Mapping
from functools import partial

from streams.registry.client import RegistryClient
from streams.registry.patience import patiently
from streams.registry.registry import KeyAndValue
from streams.security.registry_access import RegistryAccess


class Subjects:
    """Schemas by their subjects. numbers: what the registry has given them, by subject."""

    def __init__(self, access: RegistryAccess, schemas: Mapping[str, str]) -> None:
        """schemas: in JSON, by subject."""
        self.numbers: dict[str, int] = {}
        self._client = RegistryClient(access.url, access)
        self._schemas = schemas
        self._turn = asyncio.Lock()  # every lane needs them at once

    def prepare(self, _: Iterable[KeyAndValue]) -> Awaitable[None] | None:
        """Gives what has to be awaited before the first record is made; None once all are registered.

        What is awaited raises UsageError where the registry does not let us in, or does not take a schema.
        """
        return None if self._is_ready() else self._register()

    def _is_ready(self) -> bool:
        return len(self.numbers) == len(self._schemas)

    async def _register(self) -> None:
        async with self._turn:
            if self._is_ready():
                return
            async with self._client:
                for subject, schema in self._schemas.items():
                    register = partial(self._client.register, subject, schema)
                    self.numbers[subject] = await patiently(self._client, register, None)
