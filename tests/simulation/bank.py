"""The stages that a worker runs, customers and budgets: balances in, tier changes and granted welcomes out."""

import json
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from functools import cache
from random import Random
from typing import Any

from aiokafka import TopicPartition

from streams.contracts.kept import LaneRecord
from streams.contracts.log import decode_order
from streams.kafka.partitioner import partition_of
from streams.partition.budgets import Budgets
from streams.partition.heads import merge_heads
from streams.partition.outputs import by_output
from streams.partition.work import NO_LIMIT, Quota, Work
from streams.policy.compile.load import load_policy
from streams.settings import Settings, policy_folder
from streams.stages.stage import Stage
from streams.stages.worked import worked_stages
from streams.values.calendar import NEVER_MS
from tests.simulation.broker import Broker
from tests.simulation.checks import Anomaly, Expected, Name, all_of, lanes_of
from tests.simulation.loop import FIRST_MS
from tests.simulation.network import Read, as_read
from tests.simulation.scenes import Scene
from tests.simulation.stages import PARTITIONS

CAMPAIGNS = """
[[campaigns]]
id = "welcome"
kind = "welcome"
tiers = ["mid", "high"]
budget = { triggers = 5 }
"""
AMOUNTS = ("1", "400000", "600000", "6000000")
CUSTOMERS = [f"C{number:03}".encode() for number in range(12)]
MURMUR2 = "murmur2"
# Lanes of two stages write to the one, all lanes to the other.
IN_ANY_ORDER = frozenset({"tier.campaigns", "app-candidates"})


@cache
def _stages() -> Sequence[Stage]:
    policy = load_policy((policy_folder() / "assets-only.toml").read_text() + CAMPAIGNS)
    return worked_stages(Settings.from_environment({"TIERFLOW_APP_ID": "app"}, dotenv=None), policy, PARTITIONS)


class Bank(Scene):
    """Customers and budgets."""

    def __init__(self) -> None:
        self.stages = _stages()
        topics = {topic for stage in self.stages for topic in stage.topics}
        self.partitions: Mapping[str, int] = dict.fromkeys(sorted(topics), PARTITIONS)
        self.outputs = tuple(sorted({output.topic for stage in self.stages for output in stage.outputs.values()}))

    def _batch(self, random: Random, at_s: float) -> Any:
        key = random.choice(CUSTOMERS)
        at_ms = FIRST_MS + int(1000 * at_s)
        tp = TopicPartition(self.stages[0].inputs[0], partition_of(key, PARTITIONS, MURMUR2))
        events = [_balance(random, key, at_ms) for _ in range(random.choice((1, 1, 2, 5)))]
        return tp, [(key, event, (), at_ms) for event in events]

    def expected(self, broker: Broker) -> Expected:
        """Works all inputs again, in the order of tier.order, and of the candidates."""
        customers, budgets = self.stages
        names = [(topic, number) for topic in self.outputs for number in range(PARTITIONS)]
        messages: dict[Name, list[Any]] = {name: [] for name in names}
        states: dict[Name, dict[int, dict[bytes, bytes]]] = {}
        next_offsets: dict[Name, Sequence[int]] = {}
        anomalies: list[Anomaly] = []
        for number in range(PARTITIONS):
            partition, name = _opened(customers, number), (customers.name, number)
            states[name] = {0: {}}
            for order in (decode_order(stored.value or b"") for _, stored in all_of(broker, "tier.order", number)):
                if order.counter != partition.counter + 1:
                    where = f"transaction {order.counter} of partition {number} after {partition.counter}"
                    anomalies.append(
                        Anomaly("duplicate" if order.counter <= partition.counter else "lost write", where)
                    )
                    break
                work = _worked_again(broker, customers, partition, number, order)
                states[name][order.counter] = dict(partition.packed)
                _tell(customers, number, work, messages)
            next_offsets[name] = partition.next_offsets
            anomalies += _unread(broker, customers, number, partition.next_offsets)
        for number in range(PARTITIONS):
            states[budgets.name, number] = _granted_again(broker, budgets, number, messages)
        compared = {name: messages[name] for name in names if name[0] != "tier.order"}  # what is worked by
        return Expected(compared, states, next_offsets, IN_ANY_ORDER, anomalies)


def _balance(random: Random, key: bytes, at_ms: int) -> bytes:
    if random.random() < 0.03:
        return b"{"  # a dead letter
    event = {
        "event_id": f"b{random.randrange(60)}",  # some come again
        "customer_id": key.decode(),
        "account_id": "A",
        "balance": random.choice(AMOUNTS),
        "currency": "TWD",
        "as_of": at_ms - random.choice((0, 0, 0, 5_000)),
    }
    return json.dumps(event).encode()


def _opened(stage: Stage, number: int) -> Any:
    partition = stage.open(number, {}, LaneRecord((0,) * len(stage.inputs), 0, NEVER_MS))
    for _ in partition.taking_up():
        pass
    return partition


def _worked_again(broker: Broker, stage: Stage, partition: Any, number: int, order: Any) -> Work:
    after = [order.positions[topic][1] if topic in order.positions else 0 for topic in stage.inputs]
    queues = [
        deque(partition.decode(topic, _read(broker, name, number, partition.next_offsets[topic], after[topic])))
        for topic, name in enumerate(stage.inputs)
    ]
    entries = merge_heads(queues, frozenset(), sum(map(len, queues)), partition.latest_ms(order.wall_ms))
    work: Work = partition.replay(entries, after, order.wall_ms, Quota(order.due, order.rerated))
    partition.keep(work)
    return work


def _tell(stage: Stage, number: int, work: Work, messages: dict[Name, list[Any]]) -> None:
    for output, found in by_output(work).items():
        topic, place = stage.outputs[output]
        for message in found:
            where = number if place is None else place(message.key or b"", PARTITIONS)
            messages[topic, where].append((message.key, message.value))


def _unread(broker: Broker, stage: Stage, number: int, reached: Sequence[int]) -> list[Anomaly]:
    found = []
    for topic, offset in zip(stage.inputs, reached, strict=True):
        left = _read(broker, topic, number, offset, broker.logs[TopicPartition(topic, number)].end)
        found += [Anomaly("lost write", f"{topic} {number}:{record.offset} was not worked") for record in left]
    return found


def _granted_again(
    broker: Broker, stage: Stage, number: int, messages: dict[Name, list[Any]]
) -> dict[int, dict[bytes, bytes]]:
    """Grants the candidates of a partition one by one; gives the states by transaction."""
    partition = Budgets({}, LaneRecord((0,), 0, NEVER_MS))
    [topic] = stage.inputs
    candidates = deque(_read(broker, topic, number, 0, broker.logs[TopicPartition(topic, number)].end))
    states: dict[int, dict[bytes, bytes]] = {0: {}}
    counted: Counter[int] = Counter()
    for lane in lanes_of(broker, stage.changelog, number):
        counted[lane.counter] += 1
        while candidates and candidates[0].offset < lane.next_offsets[0]:
            record = candidates.popleft()
            partition.work_some(partition.decode(0, [record]), 0, NO_LIMIT)
            work = partition.pack([record.offset + 1])
            partition.keep(work)
            _tell(stage, number, work, messages)
        states[len(counted)] = dict(partition.packed)
    return states


def _read(broker: Broker, topic: str, number: int, begin: int, end: int) -> list[Read]:
    return [as_read(*found) for found in broker.logs[TopicPartition(topic, number)].read(begin, end)]
