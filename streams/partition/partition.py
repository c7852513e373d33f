"""Keyed state of one partition number, worked exactly once: what every stage is made of.

A stage is one subclass. It says what a record is (`decode`) and what becomes of it (`work_entry`), with `get`, `put`
and `tell`. Budgets does just that. Customers keeps opened states instead of bytes and decides without events, too: it
overrides more.

Reading from the broker and writing to it is the job of the worker, which takes a partition over, hands in
batches, commits, and starts again from the changelog after any fault.
"""

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

from msgspec import UNSET
from mypy_extensions import mypyc_attr

from streams.contracts.envelope import Headers
from streams.contracts.kept import LaneRecord
from streams.partition.entries import Entry, Record
from streams.partition.work import NO_LIMIT_MS, Message, Quota, Tally, Told, Work
from streams.values.calendar import NEVER_MS

STEP = 16
"""Entries, or states, in one step: few enough to take no time, and enough that the steps take none."""


class ForeignRecordError(ValueError):
    """A topic that only tierflow writes has a record that is not tierflow's, or of a newer release."""


@mypyc_attr(allow_interpreted_subclasses=True)  # the stages of others
class Partition:
    """The state of one partition, as packed records, and the batch that is being worked.

    For each batch the lane calls work_some(), pack() and, once that is committed, keep(). After an exception, or when
    the transaction failed, a Partition is spent: another one is made from the changelog.
    """

    on_event_clock = False
    """Whether the clock is the newest event time. If so, the lane waits for topics that have more to come."""

    follows_from_inputs = True
    """Whether the same inputs give the same outputs at any time, however they are cut into batches."""

    def __init__(self, topics: int, packed: dict[bytes, bytes] | None = None, lane: LaneRecord | None = None) -> None:
        """Takes up a state. topics: the number of input topics. packed: the changelog's newest records, by key."""
        self.packed = {} if packed is None else packed
        self.state_bytes = sum(map(len, self.packed.values()))  # of the values, without keys
        self.next_offsets = list(lane.next_offsets) if lane else [0] * topics
        self.counter = lane.counter if lane else 0
        self.clock_ms = self.kept_clock_ms = (
            lane.clock_ms if lane else NEVER_MS
        )  # of the batch in hand; of what is kept
        self.backfill = lane.backfill if lane else False
        self._topics = lane.topics if lane else {}
        self._rates_read = lane.rates if lane else UNSET
        self._looking = lane.looking if lane else UNSET
        self._begin()

    # --- what a stage says ---

    def decode(self, topic: int, records: Iterable[Record]) -> list[Entry]:
        """Makes entries of records of one input topic. Called when they arrive; it must not look at the state.

        Raises:
            ForeignRecordError: Only tierflow writes to this topic, and a record is not tierflow's; the worker stops.
        """
        raise NotImplementedError

    def work_entry(self, entry: Entry) -> bool:
        """Works one entry; False where it has to wait for a later batch. Called in the order of the entries."""
        raise NotImplementedError

    def is_ahead(self, output: str, key: bytes | None, value: bytes, expected: Container[Told]) -> bool:
        """Says whether a message was written by a transaction that this state has not seen.

        expected: what the inputs that wait give when they are worked from this state. It is empty where the outputs do
        not follow from the inputs alone: there a stage has to tell by the message and the state.
        """
        return (output, key, value) in expected

    def renewed(self, state: bytes) -> bytes:
        """Gives a packed state in the form that this release writes; an earlier release may have written another."""
        return state

    # --- what the lane calls ---

    def latest_ms(self, wall_ms: int) -> int:
        """Gives the latest time that an entry may have now; a later one is refused, so it need not wait its turn."""
        del wall_ms
        return NO_LIMIT_MS

    def taking_up(self) -> Iterator[int]:
        """Goes through the states that were taken up, a step at a time. To be done before all else."""
        return iter(())

    def taking_up_from(self, former: "Partition") -> Iterator[int]:
        """Does what `taking_up` does, in the place of another form of this partition that has the same states."""
        del former
        return self.taking_up()

    def working(self, entries: Iterable[Entry], wall_ms: int, quota: Quota) -> Iterator[int]:  # noqa: ARG002
        """Works entries, and what falls due before them, a step at a time; each gives how many were worked so far.

        After any step it may be left, and the batch packed.
        """
        self._begin()
        yield from self._working_entries(entries)

    def work_some(self, entries: Iterable[Entry], wall_ms: int, quota: Quota) -> int:
        """Works as `working` does, all at once; gives how many entries were worked."""
        return max(self.working(entries, wall_ms, quota), default=0)

    def packing(self) -> Iterator[int]:
        """Packs the states of this batch, a step at a time. What is left of it, `pack` does."""
        return iter(())

    def pack(self, next_offsets: Sequence[int]) -> Work:
        """Gives all that the transaction of this batch writes. next_offsets: where each input topic stands after it."""
        for _ in self.packing():
            pass
        self.next_offsets = list(next_offsets)
        self.counter += 1
        return Work(self._changed, self._messages, self.lane, self._tally)

    def keep(self, work: Work) -> None:
        """Keeps the states of a committed batch: from now on they are seen."""
        states, packed = work.states, self.packed
        self.state_bytes += sum(map(len, states.values())) - sum(map(len, filter(None, map(packed.get, states))))
        packed.update(states)
        self.kept_clock_ms = work.lane.clock_ms

    @property
    def lane(self) -> LaneRecord:
        """The lane record: with it and the packed states, another Partition can go on from here."""
        offsets = tuple(self.next_offsets)
        rates = self._rates_read, self._looking
        return LaneRecord(offsets, self.counter, self.clock_ms, self.backfill, self._topics, *rates)

    @property
    def is_stale(self) -> bool:
        """Whether work is left that neither an event nor a due time causes."""
        return False

    def shown(self) -> Mapping[tuple[str, ...], int]:
        """Gives the values of gauges, by the name of a gauge and its labels (metrics.py); asked at any time."""
        return {}

    def due(self, at_ms: int) -> int:
        """Counts what time alone may decide, and has not yet, though it is due at an instant."""
        del at_ms
        return 0

    def next_due_ms(self) -> int | None:
        """Gives the instant at which time alone may next decide something; None where it never does."""
        return None

    # --- what a stage works with ---

    def get(self, key: bytes) -> bytes | None:
        """Gives the state of a key as of now, this batch included."""
        changed = self._changed.get(key)
        return self.packed.get(key) if changed is None else changed

    def put(self, key: bytes, state: bytes) -> None:
        """Keeps the state of a key."""
        self._changed[key] = state

    def tell(self, output: str, key: bytes | None, value: bytes | None, headers: Headers = ()) -> None:
        """Writes a message to an output of the stage."""
        self._messages.append((output, Message(key, value, list(headers))))

    def count(self, metric: str, *labels: str, by: int = 1) -> None:
        """Counts something that happened (metrics.py)."""
        self._tally[(metric, *labels)] += by

    # --- inside ---

    def _begin(self) -> None:
        self._changed: dict[bytes, bytes] = {}
        self._messages: list[tuple[str, Message]] = []
        self._tally: Tally = Counter()

    def _working_entries(self, entries: Iterable[Entry]) -> Iterator[int]:
        number = 0
        for number, entry in enumerate(entries, 1):
            while not self.work_entry(entry):
                yield number - 1
                if not self._goes_on():
                    return
            self.next_offsets[entry.topic] = entry.offset + 1
            if not number % STEP:
                yield number
        yield number

    def _goes_on(self) -> bool:
        """Says whether an entry that has to wait is to be tried again at once, in this batch."""
        return False
