"""Bad inputs by the thousand through what a worker does with them, without Kafka: `make fuzz RECORDS=1000000 SEED=7`.

Two partitions get the same good events of neighbours at the same offsets. One gets strange inputs between them, the
other tombstones: of the neighbours both must write and keep the same bytes. Each input is held against what
docs/messages.md says of it (classifier.py).
"""

import argparse
import hashlib
import json
import resource
import time
from base64 import b64decode
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, get_args

import streams.contracts.decode as reading
from streams.compiled import is_compiled
from streams.contracts.bookings import any_balance, any_transaction
from streams.contracts.rejection import Rejection, RejectionReason
from streams.partition.customers import Customers
from streams.partition.entries import Entry
from streams.partition.setup import PartitionSetup
from streams.partition.work import CANDIDATES, DEAD_LETTERS, NO_LIMIT, ORDER, Work
from tests.fuzz.classifier import USABLE, Terms, Verdict, classify
from tests.fuzz.records import NEIGHBOURS, Input, inputs
from tests.support.wire_messages import AT_MS, INPUTS, POLICY, Record

BATCH, ROUND = 200, 10_000
# A partition's states grow by what is applied; those of a round go with it.
GROWTH_LIMIT_MIB = 96
_OUTCOMES = {"applied", "repeated", "repeated_differently", "erased"}
_USUAL_READERS = reading._READERS
_ANY_READERS = (any_balance, any_transaction, *_USUAL_READERS[2:])
_LARGE_E4 = 10**17


class FoundError(AssertionError):
    """What is not as it must be, with the input at which it shows."""

    def __init__(self, what: str, given: Input | None = None, more: object = "") -> None:
        super().__init__(f"{what}\n  input: {given!r:.3000}\n  {more!s:.3000}")


class Report(NamedTuple):
    """What a run came to."""

    records: int
    outcomes: Counter[str]
    digest: str
    grown_mib: float


def run(records: int, seed: int, batch: int = BATCH) -> Report:
    """Draws so many inputs, and checks each; gives what came of them.

    Raises:
        FoundError: Something is not as it must be.
    """
    outcomes: Counter[str] = Counter()
    digest = hashlib.sha256()
    first_mib = 0.0
    for number, begins in enumerate(range(0, records, ROUND)):
        size = min(ROUND, records - begins)
        drawn = inputs(seed * 1_000_003 + number, AT_MS)
        one = _Round("event" if number % 4 == 3 else "wall")
        for _ in range(0, size, batch):
            one.work(list(islice(drawn, batch)))
        outcomes.update(one.outcomes)
        digest.update(one.digest.digest())
        if number == 1:
            first_mib = _peak_mib()
    grown_mib = _peak_mib() - first_mib if first_mib else 0.0
    if grown_mib > GROWTH_LIMIT_MIB:
        raise FoundError(f"memory grew by {grown_mib:.0f} MiB")
    return Report(records, outcomes, digest.hexdigest(), grown_mib)


class _Round:
    """One partition with strange inputs, beside one with tombstones in their places."""

    def __init__(self, clock: Any) -> None:
        setup = PartitionSetup(2, POLICY, clock, INPUTS, "/tierflow/2", owns)
        self.outcomes: Counter[str] = Counter()
        self.digest = hashlib.sha256()
        self._mixed, self._alone = Customers(setup), Customers(setup)
        self._offsets = [0] * len(INPUTS)
        self._wall_ms = AT_MS
        self._rates = frozenset(POLICY.to_value)
        self._amounts_e4: Counter[bytes] = Counter()  # by key: no less than any of its totals
        self._has_own_clock = clock == "event"

    def work(self, given: list[Input]) -> None:
        """Works one batch of both, and checks it."""
        self._wall_ms += 60_000
        terms = Terms(self._rates, frozenset(POLICY.rank), self._wall_ms)
        verdicts = [classify(*one, terms) for one in given]
        records = [(one.topic, Record(self._next(one.topic), one.key, one.value)) for one in given]
        entries = [self._decoded(topic, record) for topic, record in records]
        for one, entry, verdict in zip(given, entries, verdicts, strict=True):
            _check_event(one, entry.event, verdict)
        work = self._worked(self._mixed, entries)
        self._check_outcomes(given, records, verdicts, work)
        self._digest(work)
        if not self._has_own_clock:  # strange events move that of all
            self._check_neighbours(given, records, work)

    def _next(self, topic: int) -> int:
        self._offsets[topic] += 1
        return self._offsets[topic] - 1

    def _decoded(self, topic: int, record: Record) -> Entry:
        [entry] = self._mixed.decode(topic, [record])
        reading._READERS = _ANY_READERS
        try:
            checked = self._mixed.decode(topic, [record])[0].event
        finally:
            reading._READERS = _USUAL_READERS
        if checked != entry.event:
            raise FoundError("the usual form and all forms differ", Input(topic, *record[1:]), (entry.event, checked))
        return entry

    def _worked(self, partition: Customers, entries: Sequence[Entry]) -> Work:
        for _ in partition.working(entries, self._wall_ms, NO_LIMIT):
            pass
        work = partition.pack(self._offsets)
        partition.keep(work)
        return work

    def _check_outcomes(
        self, given: list[Input], records: list[tuple[int, Record]], verdicts: list[Verdict], work: Work
    ) -> None:
        """Checks that each input has one outcome or one letter, with a reason that is allowed and all its bytes."""
        letters = _letters(work)
        counted = Counter({labels[1:]: count for labels, count in work.tally.items() if labels[0] == "events"})
        for (topic, record), one, verdict in zip(records, given, verdicts, strict=True):
            letter = letters.pop((INPUTS[topic], record.offset), None)
            allowed = verdict.reasons | self._allowed_by_state(one, verdict)
            reason = USABLE if letter is None else letter["reason"]
            if reason not in allowed:
                raise FoundError(f"{reason or 'applied'!r}, allowed: {sorted(allowed)}", one, letter)
            if letter is not None:
                _check_letter(one, letter)
                counted[INPUTS[topic], "dead_letter"] -= 1
            self.outcomes[reason or "usable"] += 1
        if letters:
            raise FoundError("letters of no input", None, letters)
        for (topic, outcome), count in counted.items():
            if (outcome == "dead_letter" and count) or outcome not in {*_OUTCOMES, "dead_letter"}:
                raise FoundError(f"{count} of {topic}: {outcome}")
            self.outcomes[outcome] += count
        del self.outcomes["dead_letter"]
        usable = sum(count for (_, outcome), count in counted.items() if outcome in _OUTCOMES)
        letterless = len(given) - sum(1 for output, _ in work.messages if output == DEAD_LETTERS)
        if usable != letterless:
            raise FoundError(f"{usable} outcomes of {letterless} inputs without a letter")

    def _allowed_by_state(self, one: Input, verdict: Verdict) -> set[str]:
        """Gives the reasons that what came before allows, beside those of the input itself."""
        key = one.key or b""
        if not verdict.reasons & {USABLE, "future_event"}:
            return set()
        if not owns(key):
            return {"wrong_partition"}
        allowed = set()
        if one.topic == 1 and b"revers" in (one.value or b""):
            allowed.add("reversal_mismatch")
        self._amounts_e4[key] += abs(verdict.amount_e4 or 0)
        if self._amounts_e4[key] > _LARGE_E4:
            allowed.add("limit_exceeded")
        return allowed

    def _check_neighbours(self, given: list[Input], records: list[tuple[int, Record]], mixed: Work) -> None:
        """Checks that strange inputs change nothing of what the neighbours get."""
        entries = []
        for one, (topic, record) in zip(given, records, strict=True):
            is_good = _is_neighbours(one)
            plain = record if is_good else Record(record.offset, record.key, None)
            entries += self._alone.decode(topic, [plain])
        alone = self._worked(self._alone, entries)
        if _of_neighbours(mixed) != _of_neighbours(alone):
            found, wanted = _of_neighbours(mixed), _of_neighbours(alone)
            differing = [pair for pair in zip(found, wanted, strict=False) if pair[0] != pair[1]][:1]
            raise FoundError("neighbours get something else", None, differing or (len(found), len(wanted)))
        for name in map(str.encode, NEIGHBOURS):
            if mixed.states.get(name) != alone.states.get(name):
                raise FoundError(f"the state of {name.decode()} is another one")

    def _digest(self, work: Work) -> None:
        for output, message in work.messages:
            self.digest.update(repr((output, message)).encode())
        for key, state in sorted(work.states.items()):
            self.digest.update(key + state)


def owns(key: bytes) -> bool:
    """Stands in for a partitioner: who is of this partition. All neighbours are."""
    return key[:1] == b"N" or sum(key) % 5 != 0


def _is_neighbours(one: Input) -> bool:
    return one.key is not None and b'"customer_id": "%s"' % one.key in (one.value or b"") and one.key[:1] == b"N"


def _check_event(one: Input, event: Any, verdict: Verdict) -> None:
    """Checks the reason of an input that is refused at once, and what was read of any other."""
    if isinstance(event, Rejection):
        if event.reason not in get_args(RejectionReason):
            raise FoundError(f"{event.reason!r} is no reason", one)
        if event.reason not in verdict.reasons:
            raise FoundError(f"{event.reason!r}, allowed: {sorted(verdict.reasons)}", one, event.detail)
        return
    if not verdict.reasons & {USABLE, "future_event"}:
        raise FoundError(f"read, allowed: {sorted(verdict.reasons)}", one, event)
    amount_e4 = getattr(event, "amount_e4", getattr(event, "balance_e4", None))
    if (event.at_ms, amount_e4) != (verdict.at_ms, verdict.amount_e4):
        raise FoundError("time or amount are read differently", one, (event, verdict))


def _check_letter(one: Input, letter: dict[str, Any]) -> None:
    for name, raw in (("key", one.key), ("value", one.value)):
        kept = letter.get(f"{name}_base64")
        if kept is not None or raw is None:
            is_right = (None if kept is None else b64decode(kept)) == raw
        else:
            is_right = letter[f"{name}_sha256"] == f"sha256:{hashlib.sha256(raw).hexdigest()}"
        if not is_right:
            raise FoundError(f"a letter holds another {name}", one, letter)


def _letters(work: Work) -> dict[tuple[str, int], dict[str, Any]]:
    letters: dict[tuple[str, int], dict[str, Any]] = {}
    for output, message in work.messages:
        if output == DEAD_LETTERS:
            letter = json.loads(message.value or b"")
            if letters.setdefault((letter["topic"], letter["offset"]), letter) is not letter:
                raise FoundError("two letters of one input", None, letter)
    return letters


def _of_neighbours(work: Work) -> list[object]:
    """Gives what was written of the neighbours, in its order."""
    names = {name.encode() for name in NEIGHBOURS}
    found: list[object] = []
    for output, message in work.messages:
        if output in {DEAD_LETTERS, ORDER}:
            continue
        if output == CANDIDATES:
            if json.loads(message.value or b"")["trigger"]["customer_id"].encode() in names:
                found.append((output, message))
        elif message.key in names:
            found.append((output, message))
    return found


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(arguments: Iterable[str] | None = None) -> None:
    """Runs what the command line says."""
    parser = argparse.ArgumentParser(description="bad inputs by the thousand, without Kafka")
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--digest", type=Path, help="a file for the digest of all that was written and kept")
    asked = parser.parse_args(None if arguments is None else list(arguments))
    began, began_cpu = time.monotonic(), time.process_time()
    report = run(asked.records, asked.seed)
    took, took_cpu = time.monotonic() - began, time.process_time() - began_cpu
    if asked.digest:
        asked.digest.write_text(report.digest)
    kind = "compiled" if is_compiled() else "interpreted"
    speed = f"{report.records / took:,.0f}/s ({took_cpu:.0f} s of CPU)"
    print(f"{report.records:,} records, seed {asked.seed}, {kind}: {speed}")  # noqa: T201 - a command
    print(", ".join(f"{outcome} {count:,}" for outcome, count in report.outcomes.most_common()))  # noqa: T201
    print(f"memory grew by {report.grown_mib:.1f} MiB; digest {report.digest[:16]}")  # noqa: T201


if __name__ == "__main__":
    main()
