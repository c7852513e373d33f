"""What is wrong after a schedule, by Jepsen's names. Everything here is about what was read, and asks nobody."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from aiokafka import TopicPartition

from tests.faults.schedules.crew import Ended
from tests.faults.schedules.history import Anomaly, History, Kind, twice
from tests.faults.schedules.replay import TOPICS, Erasure, Expected, Replay, Transaction
from tests.faults.schedules.watching import Seen
from tests.faults.schedules.written_offers import Written, wrong_offers

# The limit on record size that faults set for some seconds: who starts meanwhile refuses to.
TOO_LOW_BYTES = "500000"


def anomalies(history: History) -> list[Anomaly]:
    """All that is wrong, without what the product's own audit says."""
    worked: list[Transaction] = []
    offers = Written(history)
    return [
        *_inputs(history),
        *_early(history),
        *(found for number in range(history.partitions) for found in _partition(history, number, worked, offers)),
        *wrong_offers(history, worked, offers),
        *_shown(history),
    ]


def ends(ended: Iterable[Ended]) -> Iterator[Anomaly]:
    """Workers that ended by themselves: each is to bear all faults but a wrong clock, and a limit that is too low."""
    for worker, status, said in ended:
        if f"max.message.bytes={TOO_LOW_BYTES}" in said:
            continue
        if status in {0, 2}:  # a supervisor does not start it again
            yield Anomaly("stays down", f"{worker}: {said}")
        elif not re.search(r"this machine's clock is \d+ s", said):
            yield Anomaly("unexpected end", f"{worker}, status {status}: {said}")


def _inputs(history: History) -> Iterator[Anomaly]:
    """What the brokers have acknowledged is there."""
    there = {(tp, seen.offset): seen.value for tp, records in history.topics.items() for seen in records}
    for at, offset, event in history.acknowledged:
        if there.get((at, offset)) != event.value:
            yield Anomaly("lost write", f"acknowledged, and not in {at.topic} partition {at.partition} at {offset}")


def _early(history: History) -> Iterator[Anomaly]:
    """What was read once is there for good, and came in order."""
    there = {(tp, seen.offset): (seen.key, seen.value) for tp, records in history.topics.items() for seen in records}
    for reader in history.early:
        for tp, records in reader.items():
            offsets = [seen.offset for seen in records]
            if offsets != sorted(set(offsets)):
                yield Anomaly("non-monotonic read", f"{tp.topic} partition {tp.partition}: offsets went back")
            gone = [seen.offset for seen in records if there.get((tp, seen.offset)) != (seen.key, seen.value)]
            if gone:
                yield Anomaly("aborted read", f"{tp.topic} partition {tp.partition}: read, and gone: {gone[:10]}")


def _partition(history: History, number: int, worked: list[Transaction], offers: Written) -> Iterator[Anomaly]:
    """worked: what has to come of the transactions is added to it."""
    replay = Replay({name: {seen.offset: seen.value for seen in history.of(name, number)} for name in TOPICS})
    short = {history.names[name]: name for name in TOPICS}
    orders = [json.loads(seen.value or b"") for seen in history.of("order", number)]
    transactions: list[Transaction] = []
    for order in orders:
        positions = {short[topic]: span for topic, span in order["positions"].items()}
        yield from _order(number, len(transactions) + 1, order["counter"], replay.next_offsets, positions)
        transactions.append(replay.work(order, positions))
    worked += transactions
    yield from _outputs(history, number, transactions, offers)
    yield from _sequences(history, number)
    yield from _current(history, number, replay)
    yield from _ends(history, number, replay.next_offsets)


def _order(
    number: int, wanted: int, counter: int, before: Mapping[str, int], positions: Mapping[str, Any]
) -> Iterator[Anomaly]:
    """Each transaction begins where the one before has ended."""
    if counter != wanted:
        kind: Kind = "duplicate" if counter < wanted else "lost write"
        yield Anomaly(kind, f"partition {number}: transaction {counter} where {wanted} is due")
    for topic, (first, _) in positions.items():
        if first != before[topic]:
            kind = "duplicate" if first < before[topic] else "lost write"
            what = f"partition {number}, transaction {counter}: {topic} worked from {first}, it was at {before[topic]}"
            yield Anomaly(kind, what)


def _outputs(history: History, number: int, transactions: list[Transaction], offers: Written) -> Iterator[Anomaly]:
    """Each transaction's changes, dead letters and erasures are there, as they have to be, and nothing else."""
    changes = _changes_by_number(history, number)
    letters = Counter(_letter_at(history, seen) for seen in history.of("dead-letters", number))
    yield from twice(number, "change", Counter({at: len(those) for at, those in changes.items()}))
    yield from twice(number, "dead letter", letters)
    erasures = Counter(_erasure(history, seen) for seen in history.of("erasures", number))
    yield from twice(number, "erasure", erasures)
    for at in changes.keys() - {each[:2] for one in transactions for each in one.changes}:
        yield Anomaly("duplicate", f"partition {number}: change {at} comes of nothing")
    for at in letters.keys() - {at for one in transactions for at in one.letters}:
        yield Anomaly("wrong value", f"partition {number}: {at} is an event, and a dead letter")
    for erasure in erasures.keys() - {each for one in transactions for each in one.erasures}:
        yield Anomaly("wrong value", f"partition {number}: {erasure} comes of nothing")
    written = changes.keys() | letters.keys() | erasures.keys() | offers.ids
    for one in transactions:
        ids = [*(each.id for each in one.triggers), *(each.id for each in one.risks)]
        due = [*(each[:2] for each in one.changes), *one.letters, *one.erasures, *ids]
        yield from _missing(number, one.counter, due, written)
        yield from _wrong(history, number, one.changes, changes)


def _changes_by_number(history: History, number: int) -> Mapping[tuple[str, int], list[dict[str, Any]]]:
    written: dict[tuple[str, int], list[dict[str, Any]]] = defaultdict(list)
    for seen in history.of("changes", number):
        change = json.loads(seen.value or b"")
        written[change["customer_id"], change["sequence"]].append(change)
    return written


def _letter_at(history: History, seen: Seen) -> tuple[str, int]:
    letter = json.loads(seen.value or b"")
    short = {history.names[name]: name for name in TOPICS}
    return short[letter["topic"]], letter["offset"]


def _erasure(history: History, seen: Seen) -> Erasure:
    message = json.loads(seen.value or b"")
    short, cause = {history.names[name]: name for name in TOPICS}, message["cause"]
    of = short[cause["topic"]], cause["offset"]
    return Erasure(message["id"], message["customer_id"], message["last_sequence"], of)


def _missing(number: int, counter: int, due: list[Any], written: Collection[Any]) -> Iterator[Anomaly]:
    """Of a transaction that is in the order of work, all has to be there."""
    missing = [each for each in due if each not in written]
    if missing:
        kind: Kind = "lost write" if len(missing) == len(due) else "torn transaction"
        yield Anomaly(kind, f"partition {number}, transaction {counter}: without {missing[:5]}")


def _wrong(
    history: History, number: int, due: list[Expected], changes: Mapping[tuple[str, int], list[dict[str, Any]]]
) -> Iterator[Anomaly]:
    for each in due:
        for change in changes.get((each.customer, each.sequence), ()):
            told = _told(change, history.names)
            if told != each:
                yield Anomaly("wrong value", f"partition {number}: {each} is due, {told} was written")


def _current(history: History, number: int, replay: Replay) -> Iterator[Anomaly]:
    """`tier.current` has the newest change of everybody who has a tier."""
    newest: dict[str, dict[str, Any] | None] = {}
    for seen in history.of("current", number):
        newest[(seen.key or b"").decode()] = None if seen.value is None else json.loads(seen.value)
    found = {customer: change["tier"] for customer, change in newest.items() if change is not None}
    for customer in found.keys() | replay.tiers().keys():
        if found.get(customer) != replay.tiers().get(customer):
            what = f"{customer} is {found.get(customer)} in tier.current, and has to be {replay.tiers().get(customer)}"
            yield Anomaly("wrong value", f"partition {number}: {what}")


def _sequences(history: History, number: int) -> Iterator[Anomaly]:
    """A reader gets a customer's changes in sequence."""
    last: Counter[str] = Counter()
    for seen in history.of("changes", number):
        change = json.loads(seen.value or b"")
        customer, sequence = change["customer_id"], change["sequence"]
        if sequence < last[customer]:
            what = f"{customer}:{sequence} after {customer}:{last[customer]}"
            yield Anomaly("non-monotonic read", f"partition {number}: {what}")
        last[customer] = max(last[customer], sequence)


def _ends(history: History, number: int, next_offsets: Mapping[str, int]) -> Iterator[Anomaly]:
    """All input is worked, and the group's offsets are those of the order of work."""
    for topic in TOPICS:
        tp = TopicPartition(history.names[topic], number)
        records = history.topics[tp]
        unworked = [seen.offset for seen in records if seen.offset >= next_offsets[topic]]
        if unworked:
            yield Anomaly("lost write", f"{tp.topic} partition {number}: not worked from {unworked[0]} on")
        if history.group.get(tp, 0) != next_offsets[topic]:
            what = f"the group is at {history.group.get(tp)}, the order of work at {next_offsets[topic]}"
            yield Anomaly("inconsistent offsets", f"{tp.topic} partition {number}: {what}")


def _shown(history: History) -> Iterator[Anomaly]:
    """Nobody is shown less than before, nor what was never committed."""
    changes = (seen for number in range(history.partitions) for seen in history.of("changes", number))
    committed = {
        (change["customer_id"], change["sequence"]) for change in (json.loads(s.value or b"") for s in changes)
    }
    highest: Counter[str] = Counter()
    for customer, sequence, worker in history.shown:
        if sequence < highest[customer]:
            what = f"{worker} showed {customer}:{sequence} after {customer}:{highest[customer]} was shown"
            yield Anomaly("non-monotonic read", what)
        if (customer, sequence) not in committed:
            yield Anomaly("aborted read", f"{worker} showed {customer}:{sequence}, which was not committed")
        highest[customer] = max(highest[customer], sequence)


def _told(change: Mapping[str, Any], names: Mapping[str, str]) -> Expected:
    short = {names[name]: name for name in TOPICS}
    cause = change["cause"] or {"topic": None, "offset": -1}
    return Expected(
        change["customer_id"],
        change["sequence"],
        change["previous_tier"],
        change["tier"],
        Decimal(change["value"]),
        (short.get(cause["topic"], ""), cause["offset"]),
    )
