"""Several partitions of customers: what a merge hands on reaches the partition of the other id, as over Kafka."""

import json
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from streams.contracts.packing import unpack_state
from streams.engine.state import CustomerState
from streams.partition.customers import Customers
from streams.partition.heads import merge_heads
from streams.partition.setup import PartitionSetup
from streams.partition.work import MERGES, ORDER, Message
from streams.policy.policy import Policy
from streams.values.events import CUSTOMERS, TOPICS
from tests.support.histories import DOOMSDAY_MS, INPUTS, History, Line


class Partitions:
    """Customers by the number of their partition: events are sent, then all partitions work until nothing waits."""

    def __init__(self, policy: Policy, places: Mapping[str, int], *, take_over: bool = False) -> None:
        """take_over: whether each batch is worked by a partition that was opened anew from what is kept."""
        self._places = places
        self._take_over = take_over
        self.logs = [History() for _ in range(max(places.values()) + 1)]
        self.partitions = [Customers(self._setup(policy, number)) for number in range(len(self.logs))]
        self.told: list[tuple[str, Message]] = []

    def _setup(self, policy: Policy, number: int) -> PartitionSetup:
        def owns(key: bytes) -> bool:
            return self._places[key.decode()] == number

        return PartitionSetup(number, policy, "event", INPUTS, "/tierflow/test", owns)

    def log(self, customer: str) -> History:
        return self.logs[self._places[customer]]

    def merge(self, customer: str, into: str, at: int, **more: Any) -> None:
        self.log(customer).action(customer, "merge", at, into=into, **more)

    def work(self, order: Sequence[int] = ()) -> None:
        """Work what waits. order: the partitions that do so first, once each, in this order."""
        for number in order:
            self.work_once(number)
        while any(self.work_once(number) for number in range(len(self.logs))):
            pass

    def work_once(self, number: int) -> bool:
        """Work what waits in one partition, as one batch; False where nothing does."""
        partition, lines = self.partitions[number], self._waiting(number)
        if not any(lines):
            return False
        if self._take_over:
            partition = Customers(partition.setup, dict(partition.packed), partition.lane)
            self.partitions[number] = partition
        queues = [deque(partition.decode(topic, found)) for topic, found in enumerate(lines)]
        offsets = [len(log) for log in self.logs[number].topics]
        entries = merge_heads(queues, frozenset(), sum(map(len, lines)), partition.latest_ms(DOOMSDAY_MS))
        work = partition.work(entries, offsets, DOOMSDAY_MS)
        partition.keep(work)
        for output, message in work.messages:
            if output == MERGES:
                self.log((message.key or b"").decode()).raw(CUSTOMERS, message.key, message.value)
            elif output != ORDER:
                self.told.append((output, message))
        return True

    def _waiting(self, number: int) -> list[list[Line]]:
        offsets = self.partitions[number].next_offsets
        return [self.logs[number].topics[topic][offsets[topic] :] for topic in range(len(TOPICS))]

    def state(self, customer: str) -> CustomerState:
        packed = self.partitions[self._places[customer]].packed.get(customer.encode())
        return CustomerState() if packed is None else unpack_state(packed)

    def messages(self, output: str, customer: str | None = None) -> list[Any]:
        """The values of an output, of one customer or of all."""
        return [
            None if message.value is None else json.loads(message.value)
            for name, message in self.told
            if name == output and (customer is None or message.key == customer.encode())
        ]
