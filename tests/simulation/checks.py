"""The oracle: what a schedule has to have led to, told by what the broker holds. Nothing of the product's lane is used.

It takes the order of work as the log has it, works the inputs again by a straight loop, and compares. Anomalies are
named as Jepsen names them.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from aiokafka import TopicPartition

from streams.contracts.packing import LANE_KEY, unpack_lane
from tests.simulation.broker import ABORT, COMMIT, OFFSETS, Broker
from tests.simulation.stages import GRANTED_AT_MOST, GROUP, INPUTS, PARTITIONS, group_of, place

if TYPE_CHECKING:
    from tests.simulation.scenes import Scene

Name = tuple[str, int]


class Anomaly(NamedTuple):
    """Something that must not be. kind: its name."""

    kind: str
    what: str


class Seen(NamedTuple):
    """What was seen during the run. kind: "read" of a partition up to an offset; "state" of a stage, at a counter."""

    kind: str
    name: Name
    upto: int
    what: Any


class Expected(NamedTuple):
    """What has to be there. messages: by output and partition. states: by stage and partition, at each counter."""

    messages: Mapping[Name, Sequence[tuple[bytes | None, bytes | None]]]
    states: Mapping[Name, Mapping[int, Mapping[bytes, bytes]]]
    next_offsets: Mapping[Name, Sequence[int]]
    in_any_order: frozenset[str]
    anomalies: Sequence[Anomaly]


def check(broker: Broker, scene: "Scene", seen: Sequence[Seen]) -> list[Anomaly]:
    """Gives all that is wrong."""
    expected = scene.expected(broker)
    found = [*expected.anomalies, *_torn(broker)]
    for name, messages in expected.messages.items():
        found += _compared(broker, name, messages, in_any_order=name[0] in expected.in_any_order)
    for stage in scene.stages:
        for number in range(PARTITIONS):
            found += _of_state(broker, stage, number, expected)
    found += _of_seen(broker, seen, expected)
    return found


def _compared(
    broker: Broker, name: Name, expected: Sequence[tuple[bytes | None, bytes | None]], *, in_any_order: bool
) -> list[Anomaly]:
    log = broker.logs[TopicPartition(*name)]
    there = [(stored.key, stored.value) for _, stored in log.read(0, log.end)]
    if there == list(expected) or (in_any_order and Counter(there) == Counter(expected)):
        return []
    aborted = {(stored.key, stored.value) for stored in log.written if stored.part and stored.part.outcome == ABORT}
    found, more, less = [], Counter(there) - Counter(expected), Counter(expected) - Counter(there)
    for message in more:
        kind = "duplicate" if message in expected else "aborted read" if message in aborted else "phantom"
        found.append(Anomaly(kind, f"{name}: {message}"))
    found += [Anomaly("lost write", f"{name}: {message}") for message in less]
    return found or [Anomaly("non-monotonic", f"{name}: {there} is not {expected}")]


def _torn(broker: Broker) -> list[Anomaly]:
    """Looks for transactions that are committed in part, or ended otherwise than decided."""
    outcomes: dict[Any, dict[str | None, list[TopicPartition]]] = defaultdict(lambda: defaultdict(list))
    for tp, log in broker.logs.items():
        parts = {id(stored.part): stored.part for stored in log.written if stored.part is not None}
        for part in parts.values():
            outcomes[part.name][part.outcome].append(tp)
    decided = {name: outcome for known in broker.transactionals.values() for name, outcome in known.ended.items()}
    found = []
    for name, by_outcome in outcomes.items():
        ends = {outcome for outcome, tps in by_outcome.items() if name not in broker.lost or tps != [OFFSETS]}
        # Of a transaction whose markers the broker has lost, the group's offsets are given up.
        if len(ends) > 1:
            found.append(Anomaly("torn transaction", f"{name}: {dict(by_outcome)}"))
        elif ends and decided.get(name) not in ends:
            found.append(Anomaly("torn transaction", f"{name} was decided {decided.get(name)}: {dict(by_outcome)}"))
    return found


def _of_state(broker: Broker, stage: Any, number: int, expected: Expected) -> list[Anomaly]:
    log = broker.logs[TopicPartition(stage.changelog, number)]
    packed = {stored.key: stored.value for _, stored in log.read(0, log.end)}
    lane = packed.pop(LANE_KEY, None)
    name = (stage.name, number)
    by_counter = expected.states[name]
    last = max(by_counter)
    found = []
    if packed != by_counter[last]:
        found.append(Anomaly("inconsistent state", f"{name}: {packed} is not {by_counter[last]}"))
    if lane is None:
        return found
    record = unpack_lane(lane)
    offsets = [broker.committed(GROUP, TopicPartition(topic, number)) for topic in stage.inputs]
    if offsets != list(record.next_offsets) and not broker.lost:
        found.append(Anomaly("inconsistent offsets", f"{name}: group {offsets}, state {record.next_offsets}"))
    wanted = expected.next_offsets.get(name)
    if wanted is not None and list(wanted) != list(record.next_offsets):
        found.append(Anomaly("inconsistent offsets", f"{name}: order {wanted}, state {record.next_offsets}"))
    return found


def _of_seen(broker: Broker, seen: Sequence[Seen], expected: Expected) -> list[Anomaly]:
    found = []
    for kind, name, upto, what in seen:
        if kind == "read":
            now = [offset for offset, _ in broker.logs[TopicPartition(*name)].read(0, upto)]
            if now != what:
                found.append(Anomaly("non-repeatable read", f"{name} up to {upto}: {what}, later {now}"))
        elif upto in expected.states[name]:
            before = expected.states[name].get(upto - 1, {})
            if what not in (expected.states[name][upto], before):  # between pack and keep, the counter is ahead
                found.append(Anomaly("dirty read", f"{name} showed {what} as of transaction {upto}"))
        elif what != expected.states[name].get(upto - 1, what):
            found.append(Anomaly("dirty read", f"{name} showed {what} as of transaction {upto}, which never was"))
    return found


# --- the two small stages (stages.py) ---


def expected_of_small(broker: Broker) -> Expected:
    """Works the inputs of both again, in the order that the log tells."""
    messages: dict[Name, list[tuple[bytes | None, bytes | None]]] = defaultdict(list)
    states: dict[Name, dict[int, dict[bytes, bytes]]] = defaultdict(lambda: {0: {}})
    next_offsets: dict[Name, Sequence[int]] = {}
    anomalies: list[Anomaly] = []
    for number in range(PARTITIONS):
        name = ("counts", number)
        orders = [json.loads(stored.value or b"") for _, stored in all_of(broker, "order", number)]
        anomalies += _of_order(broker, number, orders)
        counts: Counter[bytes] = Counter()
        for order in orders:
            for topic, offset in order["worked"]:
                stored = broker.logs[TopicPartition(INPUTS[topic], number)].records[offset]
                key = (stored and stored.key) or b""
                counts[key] += 1
                messages["told", number].append((key, b"%d %d:%d" % (counts[key], topic, offset)))
                if counts[key] % 3 == 0:
                    group = group_of(key)
                    messages["routed", place(group, PARTITIONS)].append(
                        (group, b"%d %s %d" % (number, key, counts[key]))
                    )
            states[name][order["counter"]] = {key: b"%d" % count for key, count in counts.items()}
            next_offsets[name] = [order["positions"][topic][1] for topic in INPUTS]
        messages["told", number] += []
        messages["routed", number] += []
        states[name].setdefault(0, {})
    for number in range(PARTITIONS):
        anomalies += _grant(broker, number, messages, states["grants", number])
    for number in range(PARTITIONS):
        messages["granted", number] += []
    return Expected(messages, states, next_offsets, frozenset({"routed", "granted"}), anomalies)


def _of_order(broker: Broker, number: int, orders: Sequence[Any]) -> list[Anomaly]:
    """Looks whether transactions are numbered without a gap, and each input was worked once."""
    found = []
    counters = [order["counter"] for order in orders]
    if counters != list(range(1, len(counters) + 1)):
        kind = "duplicate" if len(set(counters)) < len(counters) else "lost write"
        found.append(Anomaly(kind, f"transactions of partition {number}: {counters}"))
    worked = Counter((topic, offset) for order in orders for topic, offset in order["worked"])
    for topic, name in enumerate(INPUTS):
        there = {offset for offset, _ in all_of(broker, name, number)}
        done = {offset: times for (which, offset), times in worked.items() if which == topic}
        found += [
            Anomaly("duplicate", f"{name} {number}:{offset} was worked {times} times")
            for offset, times in done.items()
            if times > 1
        ]
        found += [
            Anomaly("lost write", f"{name} {number}:{offset} was not worked") for offset in sorted(there - done.keys())
        ]
        found += [
            Anomaly("aborted read", f"{name} {number}:{offset} was worked") for offset in sorted(done.keys() - there)
        ]
    return found


def _grant(broker: Broker, number: int, messages: Any, states: dict[int, dict[bytes, bytes]]) -> list[Anomaly]:
    """Grants what is routed to a partition, in its order, and notes what the state may be after each."""
    counts: Counter[bytes] = Counter()
    after: dict[int, dict[bytes, bytes]] = {}
    for offset, stored in all_of(broker, "routed", number):
        group, value = stored.key or b"", stored.value or b""
        counts[group] += 1
        if counts[group] <= GRANTED_AT_MOST:
            customer = value.split()[1]
            messages["granted", place(customer, PARTITIONS)].append((customer, group + b" " + value))
        after[offset] = {key: b"%d" % count for key, count in counts.items()}
    found = []
    for counter, lane in enumerate(lanes_of(broker, "grants-changelog", number), 1):
        done = [offset for offset in after if offset < lane.next_offsets[0]]
        states[counter] = after[max(done)] if done else {}
        if lane.counter != counter:
            found.append(Anomaly("duplicate", f"transaction {counter} of grants {number} is called {lane.counter}"))
    return found


def lanes_of(broker: Broker, topic: str, number: int) -> list[Any]:
    """Gives the committed lane records, those that compaction has taken out included."""
    written = broker.logs[TopicPartition(topic, number)].written
    kept = [stored for stored in written if stored.key == LANE_KEY and stored.part is not None]
    return [unpack_lane(stored.value or b"") for stored in kept if stored.part and stored.part.outcome == COMMIT]


def all_of(broker: Broker, topic: str, number: int) -> list[Any]:
    log = broker.logs[TopicPartition(topic, number)]
    return list(log.read(0, log.end))
