"""The clients of a history: each does one thing after the other, and notes when; what came of it is seen at the end."""

import asyncio
import json
from collections.abc import AsyncIterator, Coroutine, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from decimal import Decimal
from itertools import count
from random import Random
from typing import Any

import aiohttp
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from streams.kafka.partitioner import partition_of
from streams.kafka.policies import publish_policy
from streams.policy.compile.load import load_policy
from tests.faults.schedules.crew import Crew
from tests.faults.schedules.ground import PARTITIONS, Ground
from tests.histories.operation import Operation, now_ns
from tests.histories.policies import CAMPAIGNS, FLOORS, document, limits, version_of
from tests.histories.watch import Place, Watch
from tests.support.worker_processes import now_ms

CUSTOMERS = [f"C{number:03}" for number in range(10)]  # whose balances are written
SPENDERS = [f"S{number:03}" for number in range(16)]  # whose transactions ask for money
_ASKERS = 2  # of each campaign
_READERS = 8
_ANSWER_WITHIN_S = 3.0
_E4 = 10_000
_NOBODY = {"sequence": 0, "tier": "", "assets_e4": 0}


class Clients:
    """All clients of one history: `at_work` lets them work, `history` has what they did, once all is read."""

    def __init__(self, ground: Ground, crew: Crew, watch: Watch) -> None:
        self.in_force = dict.fromkeys(range(PARTITIONS), 0)  # by partition: the newest version that was seen
        self.published = 1
        self.unanswered = 0
        self._ground = ground
        self._crew = crew
        self._watch = watch
        self._random = Random(ground.seed)  # noqa: S311 - repeatable, not secret
        self._numbers = count(1)
        self._over = asyncio.Event()
        self._reads: list[Operation] = []
        self._writes: list[tuple[Place, Operation]] = []  # by the event that was sent
        self._asks: list[tuple[Place, Operation]] = []
        self._publications = [(1, now_ns())]  # version, and when its publication began
        self._producer: AIOKafkaProducer | None = None
        self._http: aiohttp.ClientSession | None = None

    @asynccontextmanager
    async def at_work(self, publish_every_s: float) -> AsyncIterator[None]:
        """Lets all clients work for the length of the block; then each ends what it is doing."""
        timeout = aiohttp.ClientTimeout(total=_ANSWER_WITHIN_S)
        options = {"acks": "all", "enable_idempotence": True, "linger_ms": 2, "request_timeout_ms": 180_000}
        self._producer = AIOKafkaProducer(bootstrap_servers=self._ground.cluster.servers, **options)
        await self._producer.start()
        async with aiohttp.ClientSession(timeout=timeout) as self._http:
            await asyncio.gather(*(self._put_balance(spender, 1) for spender in SPENDERS))
            tasks = [asyncio.create_task(work) for work in self._works(publish_every_s)]
            try:
                yield
                self._over.set()
                await asyncio.gather(*tasks)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.wait(tasks)
                await self._producer.stop()

    def history(self) -> list[Operation]:
        """All operations, with what the watch has seen of them. To be asked when it has read all."""
        operations = [*self._reads, *self._written(), *self._asked()]
        return operations + self._published(operations)

    def _works(self, publish_every_s: float) -> list[Coroutine[Any, Any, None]]:
        numbers = count(1)
        return [
            *(self._write(next(numbers), customer) for customer in CUSTOMERS),
            *(self._ask(next(numbers), campaign) for campaign in CAMPAIGNS for _ in range(_ASKERS)),
            *(self._read(next(numbers)) for _ in range(_READERS)),
            self._publish(publish_every_s),
        ]

    # --- balances, and what is known of a customer ---

    async def _write(self, client: int, customer: str) -> None:
        """Brings one balance after the other, none like another; each is read as soon as it is seen to be worked."""
        as_of = 0
        while not self._over.is_set():
            tier = self._random.choice(list(FLOORS))
            assets_e4 = FLOORS[tier] * _E4 + next(self._numbers) * 100
            as_of = max(now_ms(), as_of + 1)
            call_ns = now_ns()
            event = await self._put_balance(customer, assets_e4, as_of)
            await self._watch.worked(event)
            written = {"write": {"tier": tier, "assets_e4": assets_e4}}
            self._writes.append((event, Operation("customer", customer, client, call_ns, now_ns(), written, None)))
            await self._get(client, customer)
            await self._pause(0.2)

    async def _read(self, client: int) -> None:
        while not self._over.is_set():
            await self._get(client, self._random.choice(CUSTOMERS))
            await self._pause(0.15)

    async def _get(self, client: int, customer: str) -> None:
        """Asks any worker; what is not answered by 200 or 404 is no read."""
        assert self._http is not None
        urls = sorted(self._crew.urls().values())
        if not urls:
            return
        call_ns = now_ns()
        try:
            async with self._http.get(f"{self._random.choice(urls)}/customers/{customer}") as answer:
                status, body = answer.status, await answer.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, OSError):
            status, body = 0, None
        return_ns = now_ns()
        if status not in {200, 404}:
            self.unanswered += 1
            return
        found = _NOBODY
        if status == 200:
            measures = body["measures"]
            assets_e4 = int(Decimal(measures["assets"]) * _E4)
            found = {"sequence": body["sequence"], "tier": body["tier"], "assets_e4": assets_e4}
            partition = partition_of(customer.encode(), PARTITIONS, "murmur2")
            version = version_of(measures["by_name"])
            self.in_force[partition] = max(self.in_force[partition], version)
            self._reads.append(_decided(version, partition, client, call_ns, return_ns))
        self._reads.append(Operation("customer", customer, client, call_ns, return_ns, {}, found))

    def _written(self) -> Iterator[Operation]:
        """Each write with the number of the change that it made; and by which policy that was decided."""
        for event, write in self._writes:
            change = self._watch.changes.get(event)
            yield write._replace(output={"sequence": 0 if change is None else change.sequence})
            if change is not None:
                yield _decided(change.version, event.partition, write.client, write.call_ns, change.seen_ns)

    # --- budgets ---

    async def _ask(self, client: int, campaign: str) -> None:
        """Lets one transaction after the other ask for a hundredth of its amount."""
        while not self._over.is_set():
            customer, money = self._random.choice(SPENDERS), self._random.randint(1, 30)
            more = {"account_id": "A", "type": campaign, "amount": str(money * 100), "occurred_at": now_ms()}
            call_ns = now_ns()
            event = await self._put("transactions", customer, **more)
            await self._watch.decided(event)
            asked = {"amount_e4": money * _E4}
            self._asks.append((event, Operation("budget", campaign, client, call_ns, now_ns(), asked, None)))
            await self._pause(0.2)

    def _asked(self) -> Iterator[Operation]:
        """Each ask with its limits, and all that was granted; and by which policy it was decided."""
        for event, ask in self._asks:
            candidate = self._watch.candidates[event]
            triggers, amount = limits(ask.of, candidate.version)
            limit_e4 = None if amount is None else amount * _E4
            asked = {"id": candidate.id, **ask.input, "spends": candidate.spends, "triggers": triggers}
            yield ask._replace(
                of=f"{ask.of} {candidate.period}".strip(),
                input={**asked, "limit_e4": limit_e4},
                output={"granted_e4": self._watch.granted_e4[candidate.id]},
            )
            yield _decided(candidate.version, event.partition, ask.client, ask.call_ns, candidate.seen_ns)

    # --- the policy in force ---

    async def _publish(self, every_s: float) -> None:
        while not self._over.is_set():
            self._publications.append((self.published + 1, now_ns()))
            policy, is_published = load_policy(document(self.published + 1)), False
            while not is_published:
                try:
                    await publish_policy(self._ground.settings, policy)
                    is_published = True
                except (KafkaError, OSError):  # it may have been published: the same one again does no harm
                    await asyncio.sleep(0.2)
            self.published += 1
            await self._pause(2 * every_s)

    def _published(self, operations: Iterable[Operation]) -> list[Operation]:
        """The publication of each version, for each partition: it ends where the version is first seen, if ever."""
        first_ns: dict[tuple[str, int], int] = {}
        for one in operations:
            if one.kind == "policy" and one.output is not None and one.return_ns is not None:
                seen = one.of, one.output["in_force"]
                first_ns[seen] = min(first_ns.get(seen, one.return_ns), one.return_ns)
        return [
            Operation("policy", of, 0, call_ns, first_ns.get((of, version)), {"publish": version}, None)
            for version, call_ns in self._publications
            for of in map(str, range(PARTITIONS))
        ]

    # --- events ---

    async def _put_balance(self, customer: str, assets_e4: int, as_of: int | None = None) -> Place:
        amount = str(Decimal(assets_e4) / _E4)
        return await self._put("balances", customer, account_id="A", balance=amount, as_of=as_of or now_ms())

    async def _put(self, topic: str, customer: str, **fields: Any) -> Place:
        """Gives where the event stands, once the brokers have it."""
        assert self._producer is not None
        value = {"event_id": f"e{next(self._numbers)}", "customer_id": customer, "currency": "TWD", **fields}
        topic, key = self._ground.settings.input_topic(topic), customer.encode()
        number = partition_of(key, PARTITIONS, "murmur2")
        there = await self._producer.send_and_wait(topic, json.dumps(value).encode(), key=key, partition=number)
        return Place(there.topic, there.partition, there.offset)

    async def _pause(self, up_to_s: float) -> None:
        """Waits, unless all is over."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._over.wait(), self._random.uniform(0, up_to_s))


def _decided(version: int, partition: int, client: int, call_ns: int, return_ns: int) -> Operation:
    """By which version of the policy something was decided, or shown."""
    return Operation("policy", str(partition), client, call_ns, return_ns, {}, {"in_force": version})
