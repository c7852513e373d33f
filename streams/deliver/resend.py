"""Sends parked events again: a copy of each goes to the queue of its endpoint, once.

The transactional producer fences any other resend of this app when it starts, and existing copies are read only after
that. So two at once cannot send one event twice.
"""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from aiokafka.errors import KafkaError, ProducerFenced

from streams.deliver.parked import Parked, copy_headers, read_parked, sent_again
from streams.errors import UsageError
from streams.kafka.erasures import read_erasures
from streams.kafka.permitted import check_rights
from streams.kafka.producers import Sent, answered
from streams.kafka.redelivery import LETTERS_LIMIT, NO_LIMIT_BYTES, stopped_short
from streams.kafka.topics import partition_count
from streams.kafka.transactional import TransactionalProducer
from streams.settings import Settings


class Choice(NamedTuple):
    """Which parked events are meant: those of some endpoints, those with an event id; None is any."""

    endpoints: frozenset[str] | None = None
    id: str | None = None

    def takes(self, parked: Parked) -> bool:
        """Says whether a parked event is meant."""
        return (self.endpoints is None or parked.endpoint in self.endpoints) and self.id in {None, parked.id}


class Resent(NamedTuple):
    """The events that were sent again, and how many were not, being of customers who were erased since."""

    sent: Sequence[Parked]
    erased: int


async def resend(settings: Settings, choice: Choice) -> Resent:
    """Sends the chosen events that were not sent again before. What is of before its customer's erase is not sent.

    Raises:
        UsageError: Kafka refuses an event, or another resend began; the message says how many were sent.
    """
    await check_rights(settings, "resend")
    await partition_count(settings, settings.resend_topic)
    sent: list[Parked] = []
    producer = TransactionalProducer(settings.client_options(), settings.resend_id, max_request_size=NO_LIMIT_BYTES)
    try:
        await producer.start()
        before, erasures = await sent_again(settings), await read_erasures(settings)
        found = [each for each in await read_parked(settings) if choice.takes(each) and each.position not in before]
        chosen = [each for each in found if not each.is_void(erasures)]
        for first in range(0, len(chosen), LETTERS_LIMIT):
            part = chosen[first : first + LETTERS_LIMIT]
            await producer.commit_or_abort(partial(_send, settings.resend_topic, part))
            sent += part
    except ProducerFenced as error:
        raise UsageError(
            f"another resend began, and this one gave way after {len(sent):,} events; wait for the end of that one, "
            "then call it again for the rest: what was sent is not sent twice"
        ) from error
    except KafkaError as error:
        raise await stopped_short(error, f"{len(sent):,} events", settings.client_options()) from error
    finally:
        await producer.close()
    return Resent(sent, len(found) - len(chosen))


async def _send(topic: str, part: Sequence[Parked], producer: TransactionalProducer) -> None:
    sent = []
    for each in part:
        value, key, partition = each.record.value, each.record.key, each.record.partition
        answer = await producer.send(topic, value, key=key, partition=partition, headers=copy_headers(each))
        sent.append(Sent(answer, topic, partition, 1, len(value or b"")))
    await answered(sent)
