"""Reversals: each undoes once, in the order of their own times, whatever the order of arrival.

    purchase <- reversal <- reversal of the reversal        two reversals of one event: the later one changes nothing

What hangs together by who names whom is a family. At its root is an event that is no reversal, or has not come.
Whenever one of a family comes, all of it is gone through anew in the order of own times: a reversal takes what it
names, if that is in force then, and what a taken reversal had taken is in force again. The sums are without a root that
is taken in the end.

A reversal says of what it undoes the type, the currency, the day, and the amount or a part of it: then the rest of the
event stays, and it still counts as one. A reversal that says something else, or more, is none of that event: it does
nothing, and the right one may still come. So of every transaction that is remembered a mark of these is kept.

A root that was never counted takes nothing off. One that is not among the events that are remembered has not come yet,
and is taken when it comes; or, where it is as old as what is remembered no more, it may have been counted: it is taken
off then if its day holds that much.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from streams.engine.codec import decode_reversals, encode_reversals
from streams.engine.measures.days import bucket_name, bucket_of
from streams.engine.remember import is_erased, newest_dropped_ms, undoing_of
from streams.engine.sections import note, special_of
from streams.engine.state import CustomerState, Reversal
from streams.values.calendar import NEVER_MS, Calendar
from streams.values.events import Transaction
from streams.values.fingerprint import (
    NOT_SAID,
    REVERSAL_SAID,
    cents_mark,
    fingerprint,
    said_mark,
    said_mark_after_erase,
)

ABSENT, PERHAPS, PART, COUNTED, OTHER = range(5)
"""Whether the root of a family was counted; PART: it was, and is larger; OTHER: it is not what the reversal says."""


class Family:
    """The reversals that hang together with an event, in the order in which they act; kept: all others as well.

    root: the fingerprint of the event that all of it comes down to. of_root: the reversals that name the root, as far
    as they may take it. taker: the one of them that takes it in the end; None where the root is in force.
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
        self._named = named
        self._go_through()

    def _go_through(self) -> None:
        """Finds who takes the root: of several that say different things of it, those of whom more is known."""
        self.of_root, self.taker, self.was_heard = [], None, False
        if self.root in self._named:
            return  # they name each other in a circle, and nothing comes of it
        naming = [member for member in self.members if member.target == self.root]
        self.was_heard = any(member.origin >= PART for member in naming)
        acting = [member for member in naming if member.origin != OTHER]
        known = max((min(member.origin, PART) for member in acting), default=ABSENT)
        self.of_root = [member for member in acting if min(member.origin, PART) == known]
        fitting = [member for member in self.members if self._fits(member)]
        self.taker = _takers(fitting, self._named).get(self.root)

    @property
    def takes_part(self) -> bool:
        """Says whether a part of the root is taken, and the rest of it is in force."""
        return self.taker is not None and self.taker.origin == PART

    def _fits(self, member: Reversal) -> bool:
        """Says whether a reversal may undo what it names."""
        undone = self._named.get(member.target)
        return member in self.of_root if undone is None else _agree(member, undone)

    def hear(self, event: Transaction, day: int) -> None:
        """Notes that the root was counted on a day: those who say something else of it do not undo it."""
        said, cents = (day, bucket_name(event.type, event.currency)), cents_mark(event.amount_e4)
        for member in self.members:
            if member.target == self.root:
                member.origin = _origin_by(member, cents) if (member.day, member.name) == said else OTHER
        self._go_through()


def reversals_of(state: CustomerState) -> list[Reversal]:
    """Unpacks the reversals that are kept, in the order in which they came."""
    packed = special_of(state).reversals
    return decode_reversals(packed) if packed else []


def keep_reversals(state: CustomerState, reversals: list[Reversal]) -> None:
    """Packs the reversals into the state."""
    note(state, reversals=encode_reversals(reversals))


def forget_reversals(state: CustomerState, limit: int) -> None:
    """Drops the reversals that came first, where there are more than `limit`."""
    reversals = reversals_of(state)
    if len(reversals) > limit:
        keep_reversals(state, reversals[-limit:])


def named_by(state: CustomerState, event: Transaction) -> Family | None:
    """Gives the family of a transaction that reversals name which came before it; None for nearly every transaction."""
    packed = b"" if state.special is None else state.special.reversals
    if not packed:
        return None
    mark = fingerprint(event.event_id)
    if mark not in packed:
        return None
    family = Family(mark, reversals_of(state))
    return family if family.of_root or family.was_heard else None


def is_undone(state: CustomerState, event: Transaction) -> bool:
    """Says whether all of a transaction was reversed before it came."""
    return 0 < event.amount_e4 <= undone_e4(state, event)


def undone_e4(state: CustomerState, event: Transaction) -> int:
    """Gives how much of a transaction was reversed before it came."""
    family = named_by(state, event)
    if family is None or family.taker is None:
        return 0
    return family.taker.amount_e4 if family.takes_part else event.amount_e4


def mark_for_reversals(state: CustomerState, event: Transaction, calendar: Calendar) -> bytes:
    """Gives the mark of what a reversal must say of a transaction, beside the amount."""
    if event.reverses is not None:
        return REVERSAL_SAID
    day, name = calendar.day_of(event.belongs_at_ms), bucket_name(event.type, event.currency)
    return _said_mark(state, day, name, calendar)


def reversal_of(event: Transaction, calendar: Calendar) -> Reversal:
    """Gives what is kept of a reversal."""
    return Reversal(
        fingerprint(event.event_id),
        fingerprint(event.reverses or ""),
        max(event.at_ms, event.belongs_at_ms),
        calendar.day_of(event.belongs_at_ms),
        bucket_name(event.type, event.currency),
        event.amount_e4,
    )


def says_otherwise(state: CustomerState, event: Transaction, calendar: Calendar) -> bool:
    """Says whether a reversal names an event that is known to be of another type, currency or day, or of less."""
    reversal, kept = reversal_of(event, calendar), reversals_of(state)
    undone = next((known for known in kept if known.mark == reversal.target), None)
    if undone is not None:
        return not _agree(reversal, undone)
    return origin_of(state, event, reversal, kept, calendar) == OTHER


def origin_of(
    state: CustomerState, event: Transaction, reversal: Reversal, kept: Sequence[Reversal], calendar: Calendar
) -> int:
    """Says whether what a reversal names, and is no reversal, was counted, by what is remembered.

    kept: the reversals that are kept; others that name the same event tell of it, too.
    """
    known = undoing_of(state, reversal.target)
    said, cents = known or (NOT_SAID, b"")
    if is_erased(state, event.belongs_at_ms) or said == REVERSAL_SAID:
        return ABSENT  # it is forgotten, or a reversal that is kept no more
    if said == NOT_SAID:
        others = [other for other in kept if other.target == reversal.target and other.mark != reversal.mark]
        may_have_come = known is not None or _was_dropped(state, event.belongs_at_ms)
        return _origin_by_others(state, reversal, others, may_have_come=may_have_come)
    if said == _said_mark(state, reversal.day, reversal.name, calendar):
        return _origin_by(reversal, cents)
    return ABSENT if _is_of_erased_day(state, reversal.day, calendar) else OTHER


def _origin_by_others(
    state: CustomerState, reversal: Reversal, others: Sequence[Reversal], *, may_have_come: bool
) -> int:
    """Says whether what a reversal names was counted, by others that name the same event, or by what its day holds."""
    heard = [other for other in others if other.origin in {PART, COUNTED}]
    whole = next((other for other in heard if other.origin == COUNTED), None)
    if heard and (reversal.day, reversal.name) != (heard[0].day, heard[0].name):
        return OTHER
    if heard:
        return PART if whole is None else _origin_by(reversal, cents_mark(whole.amount_e4))
    is_like_another = any(other.origin == PERHAPS and _agree(other, reversal) for other in others)
    return PERHAPS if may_have_come and (is_like_another or is_held(state, reversal)) else ABSENT


def _origin_by(reversal: Reversal, cents: bytes) -> int:
    """Says by the amount of what a reversal names whether it takes all of that, or a part; or says too much."""
    taken = cents_mark(reversal.amount_e4)
    return COUNTED if taken == cents else PART if taken < cents else OTHER


def heard_since(state: CustomerState, kept: Sequence[Reversal], calendar: Calendar) -> list[Reversal]:
    """Gives the reversals that came when what they name was not known, and is remembered now; notes it in them.

    An event is remembered later than its reversal came where two ids turn out to be one customer.
    """
    erased_ms = special_of(state).erased_ms
    erased_day = None if erased_ms is None else calendar.day_of(erased_ms)
    heard = []
    for reversal in kept:
        known = undoing_of(state, reversal.target)
        if known is None or reversal.origin not in {ABSENT, PERHAPS}:
            continue
        if erased_day is not None and reversal.day <= erased_day:
            continue  # what it names is forgotten
        said, cents = known
        if said == _said_mark(state, reversal.day, reversal.name, calendar):
            reversal.origin = _origin_by(reversal, cents)
            heard.append(reversal)
    return heard


def _was_dropped(state: CustomerState, at_ms: int) -> bool:
    """Says whether a transaction of this time may be among those that are remembered no more."""
    dropped_ms = newest_dropped_ms(state)
    return dropped_ms is not None and at_ms <= dropped_ms


def is_held(state: CustomerState, reversal: Reversal) -> bool:
    """Says whether the bucket of its day holds what a reversal takes off."""
    bucket = bucket_of(state, reversal.day, reversal.name)
    return bucket is not None and bucket.count > 0 and bucket.amount_e4 >= reversal.amount_e4


def taken_in_family(state: CustomerState, event: Transaction) -> list[Reversal]:
    """Gives what a reversal that comes now may put back."""
    if event.reverses is None or not special_of(state).reversals:
        return []
    reversals = reversals_of(state)
    families = [Family(fingerprint(name), reversals) for name in (event.event_id, event.reverses)]
    return [member for family in families for member in family.members if member.is_taken]


def _agree(reversal: Reversal, other: Reversal) -> bool:
    """Says whether two are of one type, currency and amount."""
    return reversal.name == other.name and reversal.amount_e4 == other.amount_e4


def _said_mark(state: CustomerState, day: int, name: str, calendar: Calendar) -> bytes:
    """Gives the mark of what a reversal must say beside the amount.

    On the day of an erase it is another one: so what came before the erase, and went with it, is not found any more.
    """
    erased_ms = special_of(state).erased_ms
    if erased_ms is not None and _is_of_erased_day(state, day, calendar):
        return said_mark_after_erase(name, day, erased_ms)
    return said_mark(name, day)


def _is_of_erased_day(state: CustomerState, day: int, calendar: Calendar) -> bool:
    erased_ms = special_of(state).erased_ms
    return erased_ms is not None and day == calendar.day_of(erased_ms)


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
