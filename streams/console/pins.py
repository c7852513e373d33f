"""Pins: a person fixes a customer's tier, or lets it go. The event goes to the customers' topic; a worker decides."""

import asyncio
import secrets
from typing import Any, Final

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from streams.console import given
from streams.console.access import who_asks
from streams.console.answers.pins import Accepted, PinBody, UnpinBody
from streams.console.asked import Asked, answer
from streams.console.refused import bad_request, later, unknown_customer
from streams.contracts.times import instant_ms
from streams.errors import UsageError
from streams.kafka.partitioner import partition_of
from streams.kafka.permitted import check_rights
from streams.kafka.topics import partition_count
from streams.kafka.wall_clock import wall_ms
from streams.settings import Settings

SENT_WITHIN_S: Final = 8.0
ACCEPTED: Final = 202
_encode = msgspec.json.Encoder().encode


def pin_handler(asked: Asked) -> Handler:
    """Makes the handler: fixes a customer's tier until a time."""

    async def pin(request: web.Request) -> web.StreamResponse:
        body = await given.body(request, PinBody)
        in_force = await asked.policies.in_force()
        if in_force is None or body.tier not in in_force.compiled.policy.rank:
            raise bad_request("`tier` must be one of the policy in force.")
        fields = {"tier": body.tier, "until": body.until, "reason": body.reason}
        if _until_ms(body.until) <= await asked.now_ms():
            raise bad_request("`until` must be later than now.")
        return await _send(asked, request, "pin", fields)

    return pin


def unpin_handler(asked: Asked) -> Handler:
    """Makes the handler: lets a fixed tier go."""

    async def unpin(request: web.Request) -> web.StreamResponse:
        body = await given.body(request, UnpinBody)
        return await _send(asked, request, "unpin", {"reason": body.reason})

    return unpin


def _until_ms(until: str) -> int:
    try:
        return instant_ms(until)
    except ValueError as error:
        raise bad_request(f"`until` cannot be used: {error}.") from error


async def _send(asked: Asked, request: web.Request, action: str, fields: dict[str, Any]) -> web.Response:
    customer_id = given.customer_id(request)
    partition = await asked.queries.partition_of(customer_id)
    if partition is None:
        raise unknown_customer()
    event_id = f"console-{secrets.token_hex(8)}"
    event = {
        "event_id": event_id,
        "customer_id": customer_id,
        "action": action,
        "at": wall_ms() if asked.settings.clock == "wall" else await asked.now_ms(),
        **fields,
        "by": who_asks(request).name,
    }
    try:
        async with asyncio.timeout(SENT_WITHIN_S):
            await _produce(asked.settings, customer_id.encode(), _encode(event), partition)
    except (KafkaError, UsageError, TimeoutError) as error:
        raise later("Kafka did not take it in time; ask whether it came before you send it again.", 5) from error
    return answer(Accepted(event_id=event_id), status=ACCEPTED)


async def _produce(settings: Settings, key: bytes, value: bytes, found_in: int) -> None:
    """Sends one event. found_in: the partition where the customer is, for whoever has no partitioner."""
    await check_rights(settings, "customers")
    topic = settings.input_topic("customers")
    if settings.partitioner == "none":
        number = found_in
    else:
        number = partition_of(key, await partition_count(settings, topic), settings.partitioner)
    async with AIOKafkaProducer(**settings.client_options(), acks="all", enable_idempotence=True) as producer:
        await producer.send_and_wait(topic, value, key=key, partition=number)
