"""Fetched records in the clear, where outputs are sealed (TIERFLOW_KEYS)."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from aiokafka import ConsumerRecord, TopicPartition

from streams.kafka.keys import Keys

Fetched = Mapping[TopicPartition, Sequence[ConsumerRecord]]
_AT_ONCE: Final = 100  # some milliseconds of deciphering: then the event loop has its turn


async def in_the_clear(fetched: Fetched, sealed: frozenset[str], keys: Keys) -> Fetched:
    """Gives the records with what is sealed opened; what an erase has made unreadable is left out.

    sealed: the topics whose messages may be sealed.

    Raises:
        UnopenedError: The master key is missing, or is another one, or a message is damaged.
        UsageError: Kafka does not answer for the keys.
    """
    return {tp: await _opened(records, keys) if tp.topic in sealed else records for tp, records in fetched.items()}


async def _opened(records: Sequence[ConsumerRecord], keys: Keys) -> Sequence[ConsumerRecord]:
    found = []
    for number, record in enumerate(records, 1):
        opened = await keys.opened(record)
        if not opened.is_erased:
            found.append(record if opened.value is record.value else replace(record, value=opened.value))
        if not number % _AT_ONCE:
            await asyncio.sleep(0)
    return found
