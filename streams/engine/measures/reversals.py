"""Reversals: each undoes once, in the order of their own times, whatever the order of arrival.

    purchase <- reversal <- reversal of the reversal        two reversals of one event: the later one changes nothing

What hangs together by who names whom is a family. At its root is an event that is no reversal, or has not come.
Whenever one of a family comes, all of it is gone through anew in the order of own times: a reversal takes what it
names, if that is in force then, and what a taken reversal had taken is in force again. The sums are without a root that
is taken in the end.

A root that was never counted takes nothing off. One that is not among the events that are remembered has not come yet,
and is taken when it comes; or, where it is as old as what is remembered no more, it may have been counted: it is taken
off then if its day holds that much.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from streams.engine.codec import decode_reversals, encode_reversals
from streams.engine.measures.days import buckets_of
from streams.engine.remember import is_remembered
from streams.engine.state import CustomerState, Reversal
from streams.values.calendar import NEVER_MS
from streams.values.events import TRANSACTIONS, Transaction
from streams.values.fingerprint import fingerprint

ABSENT, PERHAPS, COUNTED = range(3)
"""Whether the root of a family was counted."""


class Family:
    """The reversals that hang together with an event, in the order in which they act; kept: all others as well.

    root: the fingerprint of the event that all of it comes down to. of_root: the reversals that name the root. taker:
    the one of them that takes it in the end; None where the root is in force.
    """

    def __init__(self, mark: bytes, reversals: list[Reversal]) -> None:
        """Goes through a family. mark: the fingerprint of any event of it. reversals: all that are kept."""
        named = {reversal.mark: reversal for reversal in reversals}
        self.root, passed = mark, set[bytes]()
        while self.root in named and self.root not in passed:
            passed.add(self.root)
            self.root = named[self.root].target
        self.kept = reversals
        self.members = _in_order(self.root, reversals)
        is_rootless = self.root in named  # they name each other in a circle, and nothing comes of it
        self.of_root = [] if is_rootless else [member for member in self.members if member.target == self.root]
        self.taker = None if is_rootless else _takers(self.members, named).get(self.root)

    @property
    def origin(self) -> int:
        """Says whether the root was counted: ABSENT, PERHAPS or COUNTED."""
        return max((member.origin for member in self.of_root), default=ABSENT)

    def note(self, origin: int) -> None:
        """Notes whether the root was counted."""
        for member in self.of_root:
            member.origin = origin


def reversals_of(state: CustomerState) -> list[Reversal]:
    """Unpacks the reversals that are kept, in the order in which they came."""
    return decode_reversals(state.reversals) if state.reversals else []


def keep_reversals(state: CustomerState, reversals: list[Reversal]) -> None:
    """Packs the reversals into the state."""
    state.reversals = encode_reversals(reversals)


def forget_reversals(state: CustomerState, limit: int) -> None:
    """Drops the reversals that came first, where there are more than `limit`."""
    reversals = reversals_of(state)
    if len(reversals) > limit:
        keep_reversals(state, reversals[-limit:])


def named_by(state: CustomerState, event: Transaction) -> Family | None:
    """Gives the family of a transaction that reversals name which came before it; None for nearly every transaction."""
    if not state.reversals:
        return None
    mark = fingerprint(event.event_id)
    if mark not in state.reversals:
        return None
    family = Family(mark, reversals_of(state))
    return family if family.of_root else None


def is_undone(state: CustomerState, event: Transaction) -> bool:
    """Says whether a transaction was reversed before it came."""
    family = named_by(state, event)
    return family is not None and family.taker is not None


def origin_of(state: CustomerState, event: Transaction, target: bytes) -> int:
    """Says whether what a reversal names was counted, by what is remembered: ABSENT, PERHAPS or COUNTED."""
    if is_remembered(state, TRANSACTIONS, target):
        return COUNTED
    seen = state.seen.get(TRANSACTIONS)
    was_dropped = seen is not None and seen.dropped_ms is not None and event.belongs_at_ms <= seen.dropped_ms
    return PERHAPS if was_dropped else ABSENT


def is_held(state: CustomerState, reversal: Reversal) -> bool:
    """Says whether the bucket of its day holds what a reversal takes off."""
    bucket = buckets_of(state, reversal.day).get(reversal.name)
    return bucket is not None and bucket.count > 0 and bucket.amount_e4 >= reversal.amount_e4


def taken_in_family(state: CustomerState, event: Transaction) -> list[Reversal]:
    """Gives what a reversal that comes now may put back."""
    if event.reverses is None or not state.reversals:
        return []
    reversals = reversals_of(state)
    families = [Family(fingerprint(name), reversals) for name in (event.event_id, event.reverses)]
    return [member for family in families for member in family.members if member.is_taken]


def undone_day(state: CustomerState, event: Transaction) -> int | None:
    """Gives the first day that a reversal may have changed: that of the root of its family."""
    family = Family(fingerprint(event.event_id), reversals_of(state))
    return min((member.day for member in family.of_root), default=None)


def _in_order(root: bytes, reversals: Sequence[Reversal]) -> list[Reversal]:
    """Gives the reversals below the root by when they act, which is not before what they name."""
    by_target = defaultdict[bytes, list[Reversal]](list)
    for reversal in reversals:
        if reversal.mark not in {root, reversal.target}:
            by_target[reversal.target].append(reversal)
    acting: list[tuple[int, int, bytes, Reversal]] = []
    level, depth = [(root, NEVER_MS)], 0
    while level:
        depth += 1
        below = [(child, max(child.at_ms, at_ms)) for target, at_ms in level for child in by_target[target]]
        acting += [(at_ms, depth, child.mark, child) for child, at_ms in below]
        level = [(child.mark, at_ms) for child, at_ms in below]
    return [reversal for *_, reversal in sorted(acting, key=lambda act: act[:3])]


def _takers(acting: Sequence[Reversal], named: Mapping[bytes, Reversal]) -> dict[bytes, Reversal]:
    """Lets reversals act in their order; gives who takes what in the end. named: all reversals, by their own mark."""
    takers: dict[bytes, Reversal] = {}
    for reversal in acting:
        acts: Reversal | None = reversal
        while acts is not None:
            undone = named.get(acts.target)
            if acts.target in takers or (undone is not None and takers.get(undone.target) is not undone):
                break  # it was undone before, or is a reversal that has taken nothing
            takers[acts.target] = acts
            if undone is None:
                break
            del takers[undone.target]
            acts = named.get(undone.target)  # if a reversal comes into force again, it acts again
    return takers
