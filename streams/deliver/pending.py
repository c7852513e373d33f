"""The unfinished events of one endpoint: in order per customer, customers side by side. No I/O, no clock.

A customer's events wait in a line, and only the first of a line is tried. A try counts against an event only if the
endpoint refused that event, or has accepted another one since the try before. So an endpoint that is down parks nothing
(docs/deliver.md#what-is-tried-again-and-what-is-parked).
"""

from collections import deque
from heapq import heapify, heappop, heappush
from typing import Literal, NamedTuple

from aiokafka import ConsumerRecord, TopicPartition

from streams.deliver.answers import Answer
from streams.deliver.config import Endpoint
from streams.deliver.health import Health
from streams.deliver.positions import Positions

REFUSED_TRIES = 3
# Limits: of the events in memory; and of those from the first unfinished one of each partition on, of which a crash
# sends the finished ones again.
EVENTS_LIMIT = 1_000
SPAN_LIMIT = 10_000

Verdict = Literal["finished", "later", "park"]


class Event:
    """An event to be delivered, and what became of it so far."""

    __slots__ = ("accepted_before", "arrival", "attempts", "attributes", "record", "tp", "tries", "value")

    def __init__(
        self, tp: TopicPartition, record: ConsumerRecord, attributes: dict[str, str], arrival: int, value: bytes
    ) -> None:
        self.tp = tp
        self.record = record
        self.value = value  # the record's, in the clear
        self.attributes = attributes
        self.arrival = arrival
        self.attempts = 0  # requests made
        self.tries = 0  # those of the requests that count against the event
        self.accepted_before = 0  # how many events the endpoint had accepted at the last try


class _Later(NamedTuple):
    due_s: float
    arrival: int
    key: bytes


class Pending:
    """The lines of the customers. Each assignment of partitions gets a new one; the endpoint's Health stays."""

    def __init__(self, endpoint: Endpoint, health: Health) -> None:
        self.positions = Positions()
        self.count = 0
        self.in_flight = 0
        self.closed = False  # then nothing more is tried
        self._endpoint = endpoint
        self._health = health
        self._lines: dict[bytes, deque[Event]] = {}
        self._ready: deque[bytes] = deque()  # customers whose first event may be tried
        self._later: list[_Later] = []  # a heap: customers whose first event waits for the end of a pause
        self._arrivals = 0

    @property
    def room(self) -> int:
        """Gives how many more records may be read."""
        return max(0, min(EVENTS_LIMIT - self.count, SPAN_LIMIT - self.positions.span))

    @property
    def oldest_ms(self) -> int | None:
        """Gives when the oldest event that is not finished was written; None where there is none."""
        return min((line[0].record.timestamp for line in self._lines.values()), default=None)

    def add(
        self, tp: TopicPartition, record: ConsumerRecord, attributes: dict[str, str], opened: bytes | None = None
    ) -> None:
        """Puts an event at the end of its customer's line. opened: its value in the clear, where that is sealed."""
        self._arrivals += 1
        self.count += 1
        self.positions.opened(tp, record.offset)
        line = self._lines.setdefault(record.key, deque())
        line.append(Event(tp, record, attributes, self._arrivals, record.value if opened is None else opened))
        if len(line) == 1:
            self._ready.append(record.key)

    def take(self, now_s: float) -> list[Event]:
        """Takes the events that are to be tried now. Each must be settled after its try."""
        room = 0 if self.closed else self._health.room(now_s, self.in_flight)
        if room and self._health.state == "down":
            self._pick_probe()
        else:
            while self._later and self._later[0].due_s <= now_s:
                self._ready.append(heappop(self._later).key)
        taken: list[Event] = []
        while len(taken) < room and self._ready:
            event = self._lines[self._ready.popleft()][0]
            if not event.attempts:
                event.accepted_before = self._health.accepted_count
            event.attempts += 1
            taken.append(event)
        self.in_flight += len(taken)
        return taken

    def settle(self, event: Event, answer: Answer, now_s: float) -> Verdict:
        """Says what becomes of an event after a try. On "park" the caller parks the event, then calls `finish`."""
        self.in_flight -= 1
        was_down = self._health.state == "down"
        verdict = self._judge(event, answer, now_s)
        if was_down and self._health.state == "up":
            # The outage is over: no event waits any longer for the end of its pause.
            self._ready.extend(later.key for later in sorted(self._later))
            self._later = []
        return verdict

    def _judge(self, event: Event, answer: Answer, now_s: float) -> Verdict:
        health = self._health
        match answer.kind:
            case "accepted":
                health.accepted()
                self.finish(event)
                return "finished"
            case "failed":
                health.failed(now_s)
                return self._again(event, now_s, counts=False, tries=self._endpoint.tries)
            case "refused" if health.refuses_everything:
                health.failed(now_s)
                return self._again(event, now_s, counts=False, tries=REFUSED_TRIES)
            case "refused":
                health.refused()
                return self._again(event, now_s, counts=True, tries=REFUSED_TRIES)
            case "gone":
                health.gone()
            case "busy":
                health.busy(now_s, answer.retry_after_s)
        event.attempts -= 1
        self._ready.appendleft(event.record.key)
        return "later"

    def drop(self, event: Event) -> None:
        """Takes an event that was taken, and is not to be sent any more, out of its line."""
        self.in_flight -= 1
        self.finish(event)

    def finish(self, event: Event) -> None:
        """Takes a delivered or parked event out of its line; the customer's next one can be tried."""
        self.count -= 1
        self.positions.finished(event.tp, event.record.offset)
        line = self._lines[event.record.key]
        line.popleft()
        if line:
            self._ready.append(event.record.key)
        else:
            del self._lines[event.record.key]

    def next_at_s(self, now_s: float) -> float | None:
        """Gives the time at which `take` may give more, if nothing else happens; None if time alone does not help."""
        health = self._health
        if self.closed or health.state == "gone" or not (self._ready or self._later):
            return None
        if health.state != "up":
            return None if health.state == "down" and self.in_flight else health.resumes_at_s
        return self._later[0].due_s if self._later and health.room(now_s, self.in_flight) else None

    def _again(self, event: Event, now_s: float, *, counts: bool, tries: int) -> Verdict:
        health = self._health
        event.tries += counts or health.accepted_count > event.accepted_before
        event.accepted_before = health.accepted_count
        if event.tries >= min(tries, self._endpoint.tries):
            health.parked()
            return "park"
        heappush(self._later, _Later(now_s + health.backoff_s(event.attempts), event.arrival, event.record.key))
        return "later"

    def _pick_probe(self) -> None:
        """Puts first the customer whose event was tried least: an event that always fails must not hide a good one."""
        keys = [*self._ready, *(later.key for later in self._later)]
        if not keys:
            return
        best = min(keys, key=lambda key: (self._lines[key][0].attempts, self._lines[key][0].arrival))
        if best in self._ready:
            self._ready.remove(best)
        else:
            self._later = [later for later in self._later if later.key != best]
            heapify(self._later)
        self._ready.appendleft(best)
