"""The customers' keys for whoever reads outputs: the newest of each, and what is opened by them.

A message and its key are written in one transaction, but seen in their partitions at different moments. So before it is
said that a customer was erased, all that is written of keys by now is read.
"""

import asyncio
import time
from collections import ChainMap
from collections.abc import Collection
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, NamedTuple, Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from streams.contracts.envelope import Headers
from streams.contracts.outlines import SealedMessage
from streams.contracts.sealed import context_of, sealed_of
from streams.errors import UsageError
from streams.kafka.offsets import Offsets
from streams.kafka.patience import Patience
from streams.kafka.refusals import cannot_connect
from streams.kafka.tail import reader
from streams.kafka.topics import partition_count
from streams.sealing.cipher import SealError
from streams.sealing.keyring import Keyring
from streams.settings import Settings

# A record may be older than its transaction's end, by a batch and a commit, and than the clock of this machine.
_OLDER_BY_MS = 120_000


class UnopenedError(UsageError):
    """The error of what is sealed and cannot be opened, though nobody was erased."""


class Opened(NamedTuple):
    """The value of a record in the clear. is_erased: it is sealed by a key that was deleted, and there is none."""

    value: bytes | None
    is_erased: bool = False


class Keys:
    """A context manager with all customers' keys as they are, where TIERFLOW_KEYS is on."""

    def __init__(self, settings: Settings, numbers: Collection[int] | None = None) -> None:
        """Prepares them, without a connection. numbers: the partitions of their topic that are read; None: all."""
        self._settings = settings
        self._numbers = numbers
        # By partition, since a customer whom a growth has moved is deleted in one and written in another.
        self._wrapped: dict[TopicPartition, dict[bytes, bytes]] = {}
        self._keyring: Keyring | None = None
        self._looked_ms = 0
        self._reading = asyncio.Lock()
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        if not self._settings.keys.are_on:
            return self
        try:
            await self._connect()
            await self.read_on()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def _connect(self) -> None:
        topic, options = self._settings.keys_topic, self._settings.client_options()
        numbers = range(await partition_count(self._settings, topic)) if self._numbers is None else self._numbers
        tps = [TopicPartition(topic, number) for number in numbers]
        self._wrapped = {tp: {} for tp in tps}
        self._keyring = Keyring(self._settings.keys.master(), ChainMap(*self._wrapped.values()))
        self._offsets = await self._stack.enter_async_context(Offsets(options))
        self._consumer: AIOKafkaConsumer = reader(options)
        self._stack.push_async_callback(self._consumer.stop)
        await self._consumer.start()
        self._consumer.assign(tps)
        for tp, offset in zip(tps, await self._offsets.beginnings(tps), strict=True):
            self._consumer.seek(tp, offset)

    async def read_on(self) -> None:
        """Reads all that is written of keys by now; waits for transactions that are open.

        Raises:
            UsageError: Kafka does not answer, or a transaction stays open for too long.
        """
        if self._keyring is None:
            return
        async with self._reading:
            await self._read_on()

    async def _read_on(self) -> None:
        looked_ms, tps = int(time.time() * 1000), list(self._wrapped)
        try:
            for tp, end in zip(tps, await self._offsets.written_ends(tps), strict=True):
                patience = Patience(tp, end)
                while patience.is_not_at_end(await self._consumer.position(tp)):
                    self._take(await self._consumer.getmany(timeout_ms=200))
        except KafkaError as error:
            raise await cannot_connect(self._settings.client_options(), error) from error
        self._looked_ms = looked_ms

    async def opened(self, record: Any) -> Opened:
        """Gives the value of a record of an output, or of a copy of one that has its headers.

        Raises:
            UnopenedError: It is sealed, and TIERFLOW_KEYS is off, or another master key is in use, or it is damaged.
        """
        sealed = None if record.value is None else sealed_of(record.value)
        if sealed is None:
            return Opened(record.value)
        found = self.at_hand(sealed, record.headers)
        if found.is_erased and record.timestamp > self._looked_ms - _OLDER_BY_MS:
            await self.read_on()
            found = self.at_hand(sealed, record.headers)
        return found

    def at_hand(self, sealed: SealedMessage, headers: Headers) -> Opened:
        """Gives what a sealed message holds, by the keys as of the last look.

        Raises:
            UnopenedError: As `opened` does.
        """
        if self._keyring is None:
            raise UnopenedError(
                "messages are sealed by keys of their customers: write TIERFLOW_KEYS=on, and the master key of the "
                "workers, TIERFLOW_KEYS_MASTER_FILE or _COMMAND"
            )
        return self.unsealed(sealed.customer_id.encode(), context_of(headers), sealed.sealed)

    def unsealed(self, customer: bytes, context: bytes, sealed: bytes) -> Opened:
        """Gives what is sealed, such as a state, by the keys as of the last look.

        Raises:
            UnopenedError: As `opened` does.
        """
        if self._keyring is None:
            raise UnopenedError("a state is sealed: write TIERFLOW_KEYS=on, and the master key of the workers")
        try:
            value = self._keyring.unseal(customer, context, sealed)
        except SealError as error:
            raise UnopenedError(f"what is sealed cannot be opened: {error}") from error
        return Opened(value, is_erased=value is None)

    def _take(self, found: dict[TopicPartition, list[Any]]) -> None:
        for tp, records in found.items():
            wrapped = self._wrapped[tp]
            for record in records:
                if record.value is None:
                    wrapped.pop(record.key, None)
                else:
                    wrapped[record.key] = record.value
