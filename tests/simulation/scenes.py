"""What a schedule is about: the stages that are worked, the topics there are, and what comes in."""

from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

from aiokafka import TopicPartition

from tests.simulation.broker import Broker
from tests.simulation.checks import Expected, Seen, expected_of_small
from tests.simulation.loop import FIRST_MS
from tests.simulation.stages import INPUTS, PARTITIONS, place, small_stages

if TYPE_CHECKING:
    from streams.stages.stage import Stage

CUSTOMERS = [b"c%d" % number for number in range(8)]
Batches = Sequence[tuple[TopicPartition, Sequence[tuple[bytes, bytes, Sequence[Any], int]]]]


class Burst(NamedTuple):
    """Records that come at once. name: the transactional id of those in a transaction."""

    at_s: float
    plain: Batches
    in_transaction: Batches
    name: str
    commits: bool


class Scene:
    """Two small stages (stages.py)."""

    outputs: tuple[str, ...] = ("told", "routed", "granted", "order")

    def __init__(self) -> None:
        self.stages: Sequence[Stage] = small_stages()
        topics = (*INPUTS, *self.outputs, *(stage.changelog for stage in self.stages))
        self.partitions: Mapping[str, int] = dict.fromkeys(topics, PARTITIONS)

    def expected(self, broker: Broker) -> Expected:
        """Gives what has to be there."""
        return expected_of_small(broker)

    def bursts(self, random: Random, for_s: float) -> Iterator[Burst]:
        """Gives what comes in during the faults."""
        count = random.choice((4, 8, 16, 40))
        for number, at_s in enumerate(sorted(random.random() * for_s for _ in range(count))):
            batches = [self._batch(random, at_s) for _ in range(random.choice((1, 2, 4)))]
            if random.random() < 0.15:
                yield Burst(at_s, [], batches, f"bank-{number}", random.random() < 0.6)
            else:
                yield Burst(at_s, batches, [], "", commits=True)

    def _batch(self, random: Random, at_s: float) -> Any:
        key = random.choice(CUSTOMERS)
        at_ms = FIRST_MS + int(1000 * (at_s - random.choice((0, 0, 1, 5))))
        tp = TopicPartition(random.choice(INPUTS), place(key, PARTITIONS))
        return tp, [(key, b"%d" % at_ms, (), FIRST_MS + int(1000 * at_s)) for _ in range(random.choice((1, 1, 2, 5)))]

    def read_now(self, broker: Broker) -> list[Seen]:
        """Gives how much of each output a reader sees now."""
        found = []
        for topic in self.outputs:
            for number in range(PARTITIONS):
                log = broker.logs[TopicPartition(topic, number)]
                end = log.stable_end
                found.append(Seen("read", (topic, number), end, [offset for offset, _ in log.read(0, end)]))
        return found
