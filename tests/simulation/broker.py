"""A broker in memory: logs with producer ids, epochs, sequences and transactions, a coordinator, offsets of a group.

It knows no network and no clock: each call is one request, applied at once, at the time that is handed in; what happens
later, such as a marker, is handed to `later`. Its answers are those of Apache Kafka 4 to requests of both protocols of
transactions (test_exchanges.py holds them against a real one); in the second one, records and offsets add themselves to
their transaction, and each end raises the epoch.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from aiokafka import TopicPartition

# Kafka's error codes.
NONE, UNKNOWN_TOPIC, NOT_LEADER, LOADING, NOT_COORDINATOR = 0, 3, 6, 14, 16
NOT_ENOUGH_REPLICAS, OUT_OF_ORDER, INVALID_EPOCH, INVALID_STATE, INVALID_ID = 19, 45, 47, 48, 49
CONCURRENT, NOT_ATTEMPTED, FENCED, NO_SUCH_ID = 51, 55, 90, 105

COMMIT, ABORT = "commit", "abort"
OFFSETS = TopicPartition("__consumer_offsets", 0)
NEVER = -1  # no epoch
CHECKED_EVERY_S = 10.0  # transaction.abort.timed.out.transaction.cleanup.interval.ms
REMEMBERED_BATCHES = 5
Later = Callable[[str, Callable[[], None]], None]
"""Does something later. Called with what it is, such as "marker"."""


class Part:
    """What a transaction has written to one partition: its outcome, None while that is open there."""

    __slots__ = ("name", "outcome")

    def __init__(self, name: tuple[int, int, int]) -> None:
        self.name = name  # of the transaction: producer id, epoch, number
        self.outcome: str | None = None


class Stored(NamedTuple):
    """A record of a log. part: None where it was written without a transaction. is_marker: of an end."""

    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]
    timestamp: int
    part: Part | None
    is_marker: bool = False


class Batch(NamedTuple):
    """A record batch as it comes in. producer_id: -1 where it has none."""

    producer_id: int
    epoch: int
    sequence: int
    is_transactional: bool
    records: Sequence[tuple[bytes | None, bytes | None, Sequence[tuple[str, bytes]], int]]


class _Producer:
    """What a partition knows of a producer id."""

    __slots__ = ("batches", "epoch", "last", "opened_at", "part")

    def __init__(self) -> None:
        self.epoch = NEVER
        self.last = -1  # the last sequence
        self.batches: deque[tuple[int, int, int]] = deque(maxlen=REMEMBERED_BATCHES)  # first and last sequence, offset
        self.part: Part | None = None  # of the open transaction
        self.opened_at = -1


class Log:
    """One partition: its records by offset; None: taken out by compaction. written: all, for the oracle."""

    def __init__(self) -> None:
        self.records: list[Stored | None] = []
        self.written: list[Stored] = []
        self.producers: dict[int, _Producer] = {}
        self.read_to = 0  # the last stable offset that was seen: it never goes back

    @property
    def end(self) -> int:
        """The high watermark."""
        return len(self.records)

    @property
    def stable_end(self) -> int:
        """The last stable offset."""
        opened = [producer.opened_at for producer in self.producers.values() if producer.part is not None]
        end = min(opened, default=len(self.records))
        assert end >= self.read_to, "the last stable offset went back"
        self.read_to = end
        return end

    def is_open(self, producer_id: int) -> bool:
        """Says whether a transaction of this producer is open here."""
        producer = self.producers.get(producer_id)
        return producer is not None and producer.part is not None

    def append(self, batch: Batch, name: tuple[int, int, int]) -> tuple[int, int]:
        """Appends a batch; gives an error code, and the offset. name: of its transaction."""
        if batch.producer_id < 0:
            return NONE, self._add(batch, None)
        producer = self.producers.setdefault(batch.producer_id, _Producer())
        if batch.epoch < producer.epoch:
            return INVALID_EPOCH, -1
        first, last = batch.sequence, batch.sequence + len(batch.records) - 1
        if batch.epoch > producer.epoch:
            if first != 0 and producer.epoch != NEVER:
                return OUT_OF_ORDER, -1
            producer.batches.clear()
        else:
            known = [offset for begins, ends, offset in producer.batches if (begins, ends) == (first, last)]
            if known:
                return NONE, known[0]
            if first != producer.last + 1:
                return OUT_OF_ORDER, -1
        producer.epoch, producer.last = batch.epoch, last
        if batch.is_transactional and producer.part is None:
            producer.part, producer.opened_at = Part(name), len(self.records)
        offset = self._add(batch, producer.part if batch.is_transactional else None)
        producer.batches.append((first, last, offset))
        return NONE, offset

    def mark(self, producer_id: int, epoch: int, outcome: str) -> Part | None:
        """Writes the marker that ends whatever the producer has open here; gives that."""
        producer = self.producers.setdefault(producer_id, _Producer())
        if epoch > producer.epoch:
            producer.epoch, producer.last = epoch, -1
            producer.batches.clear()
        part, producer.part = producer.part, None
        if part is not None:
            part.outcome = outcome
        self.put([Stored(None, None, (), 0, None, is_marker=True)])
        return part

    def read(self, begin: int, end: int, *, committed: bool = True) -> Iterator[tuple[int, Stored]]:
        """Gives the records that a reader sees, with their offsets."""
        for offset in range(begin, min(end, len(self.records))):
            stored = self.records[offset]
            if stored is None or stored.is_marker:
                continue
            if committed and stored.part is not None and stored.part.outcome != COMMIT:
                continue
            yield offset, stored

    def put(self, records: Sequence[Stored]) -> None:
        """Writes records at the end."""
        self.records += records
        self.written += records

    def compact(self) -> None:
        """Takes out what has a newer record of its key, and what was aborted, of all that is decided."""
        seen: set[bytes | None] = set()
        for offset in range(self.stable_end - 1, -1, -1):
            stored = self.records[offset]
            if stored is None or stored.is_marker:
                continue
            aborted = stored.part is not None and stored.part.outcome == ABORT
            if aborted or stored.key in seen:
                self.records[offset] = None
            else:
                seen.add(stored.key)

    def _add(self, batch: Batch, part: Part | None) -> int:
        offset = len(self.records)
        self.put([Stored(*record, part) for record in batch.records])
        return offset


class Transactional:
    """What the coordinator knows of a transactional id."""

    def __init__(self, producer_id: int, *, is_ours: bool) -> None:
        self.producer_id = producer_id
        self.is_ours = is_ours
        self.epoch = self.last_epoch = NEVER
        self.state = "Empty"
        self.partitions: set[TopicPartition] = set()
        self.begun_s = 0.0
        self.timeout_ms = 0
        self.number = 0  # of its transactions
        self.unwritten: set[TopicPartition] = set()  # where markers are being written
        self.to_lose: set[TopicPartition] = set()  # of these
        self.ended: dict[tuple[int, int, int], str] = {}  # how each transaction was decided, by its name
        self.bumped_from = NEVER  # the epoch of an end that has raised it: whoever asks for that again is answered

    @property
    def name(self) -> tuple[int, int, int]:
        """The name of the newest transaction."""
        return self.producer_id, 0, self.number


class Broker:
    """A cluster of three nodes as its clients see it. partitions: how many each topic has.

    later: does what is to be done a little later. on_decided: called with the name of each transaction that ends.
    """

    NODES = (0, 1, 2)

    def __init__(self, partitions: Mapping[str, int], later: Later) -> None:
        self.partitions = partitions
        self.logs = {
            TopicPartition(topic, number): Log() for topic, count in partitions.items() for number in range(count)
        }
        self.logs[OFFSETS] = Log()
        self.leaders = {tp: index % 3 for index, tp in enumerate(sorted(self.logs))}
        self.transactionals: dict[str, Transactional] = {}
        self.coordinators: dict[str, int] = {}  # by transactional id or group
        self.loading_until_s: dict[int, float] = {}
        self.offsets: dict[tuple[str, TopicPartition], tuple[int, int]] = {}  # of a group: log offset, offset
        self.has_protocol_2 = False  # transaction.version 2 is finalized
        self.now_s = 0.0
        self.on_news: Callable[[TopicPartition], None] = lambda _: None
        self.on_added: Callable[[], None] = lambda: None  # a partition by its records, the group by its offsets
        self.on_begun: Callable[[], None] = lambda: None  # a transaction of ours
        self.on_restart: Callable[[], None] = lambda: None
        # Of the next transactions of ours that end so (None: in whatever way) markers are noted and not written.
        self.loses_markers: list[str | None] = []
        self.choose_lost: Callable[[Sequence[TopicPartition]], Sequence[TopicPartition]] = lambda tps: tps
        self.lost: set[tuple[int, int, int]] = set()  # the transactions whose markers were
        self._later = later
        self._ids = 0
        self._home: int | None = None  # the node that coordinates all; None: they take turns

    # --- of the coordinator of transactions ---

    def init_producer(
        self, transactional_id: str, timeout_ms: int, producer_id: int = -1, epoch: int = NEVER
    ) -> tuple[int, int, int]:
        """Gives an error code, a producer id and an epoch. producer_id, epoch: what the producer has, from v3 on."""
        known = self.transactionals.get(transactional_id)
        if known is None:
            self._ids += 1
            is_ours = not transactional_id.startswith("bank")
            known = self.transactionals[transactional_id] = Transactional(self._ids, is_ours=is_ours)
        if producer_id >= 0 and known.epoch != NEVER and producer_id != known.producer_id:
            return FENCED, -1, NEVER
        if known.state.startswith("Prepare"):
            return CONCURRENT, -1, NEVER
        if known.state == "Ongoing":
            self._fence(known)
            return CONCURRENT, -1, NEVER
        if producer_id >= 0 and known.epoch not in {NEVER, epoch}:
            if epoch != known.last_epoch:
                return FENCED, -1, NEVER
        else:
            known.last_epoch = known.epoch if producer_id >= 0 else NEVER
            known.epoch += 1
        known.state, known.timeout_ms = "Empty", timeout_ms
        return NONE, known.producer_id, known.epoch

    def add_partitions(
        self, transactional_id: str, producer_id: int, epoch: int, tps: Sequence[TopicPartition]
    ) -> Mapping[TopicPartition, int]:
        """Gives an error code for each partition."""
        unknown = {tp for tp in tps if tp not in self.logs}
        if unknown:
            return {tp: UNKNOWN_TOPIC if tp in unknown else NOT_ATTEMPTED for tp in tps}
        return dict.fromkeys(tps, self._add(transactional_id, producer_id, epoch, tps))

    def add_offsets(self, transactional_id: str, producer_id: int, epoch: int) -> int:
        """Gives an error code."""
        return self._add(transactional_id, producer_id, epoch, [OFFSETS])

    def end(self, transactional_id: str, producer_id: int, epoch: int, outcome: str) -> int:
        """Gives an error code."""
        known = self.transactionals.get(transactional_id)
        if known is None or known.producer_id != producer_id:
            return INVALID_ID
        if known.epoch != epoch:
            return INVALID_EPOCH
        if known.state == "Ongoing":
            self._end(known, outcome)
            return NONE
        if known.state == f"Complete{outcome.title()}":
            return NONE
        return CONCURRENT if known.state == f"Prepare{outcome.title()}" else INVALID_STATE

    def end_epoch(  # noqa: PLR0911 - an answer each
        self, transactional_id: str, producer_id: int, epoch: int, outcome: str
    ) -> tuple[int, int, int]:
        """Ends a transaction and its epoch (protocol 2); gives an error code, and what the next one goes by."""
        known = self.transactionals.get(transactional_id)
        if known is None or known.producer_id != producer_id:
            return INVALID_ID, -1, NEVER
        comes_again = epoch == known.bumped_from
        if known.state.startswith("Prepare"):
            if not comes_again:
                return FENCED, -1, NEVER
            return CONCURRENT if known.state == f"Prepare{outcome.title()}" else INVALID_STATE, -1, NEVER
        if known.epoch != epoch and not (comes_again and known.state.startswith("Complete")):
            return FENCED, -1, NEVER
        if comes_again:
            is_so = known.state == f"Complete{outcome.title()}"
            return (NONE, known.producer_id, known.epoch) if is_so else (INVALID_STATE, -1, NEVER)
        if known.state != "Ongoing" and outcome == COMMIT:
            return INVALID_STATE, -1, NEVER
        if known.state != "Ongoing":
            known.number += 1
        known.bumped_from = known.last_epoch = known.epoch
        known.epoch += 1
        self._end(known, outcome)
        return NONE, known.producer_id, known.epoch

    def abort_timed_out(self) -> int:
        """Aborts transactions that are open for too long; gives how many."""
        late = [known for known in self.transactionals.values() if self._is_late(known)]
        for known in late:
            self._fence(known)
        return len(late)

    def _is_late(self, known: Transactional) -> bool:
        return known.state == "Ongoing" and self.now_s > known.begun_s + known.timeout_ms / 1000

    def has_transactions_that_are_late(self) -> bool:
        """Says whether transactions of ours are open for longer than they may be."""
        return any(self._is_late(known) and known.is_ours for known in self.transactionals.values())

    def known_of(self, transactional_id: str) -> Transactional | None:
        """Gives what the coordinator knows of an id; None for one that it does not know."""
        return self.transactionals.get(transactional_id)

    # --- of the leaders of partitions, and of the coordinator of the group ---

    def produce(
        self, transactional_id: str | None, tp: TopicPartition, batch: Batch, *, adds: bool = False
    ) -> tuple[int, int]:
        """Gives an error code and the offset. adds: the partition to the transaction, as in protocol 2."""
        name = (-1, 0, 0)
        if batch.is_transactional:
            error = self._unverified(transactional_id or "", tp, batch.producer_id, batch.epoch, adds=adds)
            if error:
                return error, -1
            name = self.transactionals[transactional_id or ""].name
        answer = self.logs[tp].append(batch, name)
        self.on_news(tp)
        return answer

    def commit_offsets(  # noqa: PLR0913 - what the request says
        self,
        transactional_id: str,
        group: str,
        producer_id: int,
        epoch: int,
        offsets: Mapping[TopicPartition, int],
        *,
        adds: bool = False,
    ) -> int:
        """Notes offsets of a group, to be committed with the transaction; gives an error code. adds: as for records."""
        error = self._unverified(transactional_id, OFFSETS, producer_id, epoch, adds=adds)
        if error:
            return LOADING if error == NOT_ENOUGH_REPLICAS else error
        log = self.logs[OFFSETS]
        known = log.producers.setdefault(producer_id, _Producer())
        if epoch < known.epoch:
            return INVALID_EPOCH
        if epoch > known.epoch:
            known.epoch, known.last = epoch, -1
        records = [
            (f"{group}|{tp.topic}|{tp.partition}".encode(), b"%d" % offset, (), 0) for tp, offset in offsets.items()
        ]
        if known.part is None:
            known.part, known.opened_at = Part(self.transactionals[transactional_id].name), log.end
        log.put([Stored(*record, known.part) for record in records])
        return NONE

    def committed(self, group: str, tp: TopicPartition) -> int | None:
        """Gives the group's committed offset."""
        key, found = f"{group}|{tp.topic}|{tp.partition}".encode(), None
        for _, stored in self.logs[OFFSETS].read(0, self.logs[OFFSETS].end):
            if stored.key == key:
                found = int(stored.value or b"0")
        return found

    # --- nodes ---

    def coordinator(self, key: str) -> int:
        """Gives the node that coordinates a transactional id or a group."""
        home = len(self.coordinators) % 3 if self._home is None else self._home
        return self.coordinators.setdefault(key, home)

    def move_to(self, node: int) -> None:
        """Has one node lead and coordinate all, until something moves."""
        self.leaders, self._home = dict.fromkeys(self.leaders, node), node

    def is_coordinator(self, node: int, key: str) -> int:
        """Gives an error code where a node does not coordinate this id, or does not yet."""
        if self.coordinator(key) != node:
            return NOT_COORDINATOR
        return LOADING if self.loading_until_s.get(node, 0.0) > self.now_s else NONE

    # --- inside ---

    def _add(self, transactional_id: str, producer_id: int, epoch: int, tps: Sequence[TopicPartition]) -> int:
        known = self.transactionals.get(transactional_id)
        if known is None or known.producer_id != producer_id:
            return INVALID_ID
        if known.epoch != epoch:
            return INVALID_EPOCH
        if known.state.startswith("Prepare"):
            return CONCURRENT
        if known.state != "Ongoing":
            known.state, known.begun_s, known.partitions = "Ongoing", self.now_s, set()
            known.number += 1
            if known.is_ours:
                self.on_begun()
        known.partitions |= set(tps)
        return NONE

    def _unverified(  # noqa: PLR0911 - an answer each
        self, transactional_id: str, tp: TopicPartition, producer_id: int, epoch: int, *, adds: bool
    ) -> int:
        """Gives an error code where a producer writes outside its transaction (KIP-890). adds: the partition to it."""
        log = self.logs[tp]
        producer = log.producers.get(producer_id)
        if producer is not None and epoch < producer.epoch:
            return INVALID_EPOCH
        if producer is not None and producer.part is not None and epoch == producer.epoch:
            return NONE
        if adds:
            error = self._add(transactional_id, producer_id, epoch, [tp])
            if not error:
                self.on_added()
            return error
        known = self.transactionals.get(transactional_id)
        if known is None or known.producer_id != producer_id:
            return INVALID_ID
        if known.epoch != epoch:
            return INVALID_EPOCH
        if known.state.startswith("Prepare"):
            return NOT_ENOUGH_REPLICAS
        return NONE if known.state == "Ongoing" and tp in known.partitions else INVALID_STATE

    def _fence(self, known: Transactional) -> None:
        known.last_epoch, known.epoch = known.epoch, known.epoch + 1
        self._end(known, ABORT)

    def _end(self, known: Transactional, outcome: str) -> None:
        """Decides a transaction; its markers are written a little later, in each partition at a time of its own."""
        known.state = f"Prepare{outcome.title()}"
        known.ended[known.name] = outcome
        tps, known.partitions = sorted(known.partitions), set()
        known.unwritten, known.to_lose = set(tps), set()
        wanted = next((each for each in self.loses_markers if each in {None, outcome}), "")
        if wanted != "" and known.is_ours and tps:
            self.loses_markers.remove(wanted)
            known.to_lose = set(self.choose_lost(tps))

        def write(tp: TopicPartition, epoch: int) -> None:
            if tp not in known.to_lose:
                self.logs[tp].mark(known.producer_id, epoch, outcome)
            else:
                if known.name not in self.lost:
                    self._restart(known)
                self.lost.add(known.name)
            known.unwritten.discard(tp)
            if not known.unwritten:
                known.state = f"Complete{outcome.title()}"
            self.on_news(tp)

        for tp in tps:
            self._later("marker", lambda tp=tp, epoch=known.epoch: write(tp, epoch))  # type: ignore[misc]
        if not tps:
            known.state = f"Complete{outcome.title()}"

    def _restart(self, losing: Transactional) -> None:
        """Restarts, in which others that are just being ended lose markers, too."""
        self.on_restart()
        for known in self.transactionals.values():
            if known is not losing and known.is_ours and known.unwritten:
                known.to_lose |= set(self.choose_lost(sorted(known.unwritten)))
                self.lost.add(known.name)
