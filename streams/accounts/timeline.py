"""What each owner of an account holds, at each time at which that changes, by all that is known of the account.

It follows from what is known, not from the order in which it came. Whoever knows it before and after a record came
knows what to tell (`moves`): so a late record puts right what was told without it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from streams.accounts.held import At, Held, Joint, Parties, Reign
from streams.accounts.records import AccountRecord, Counting
from streams.accounts.state import OWNERSHIPS_KEPT, AccountState, Ownership, Point, Points

FOR_EVER_MS = 10**15


# --- who owns it ---


def reigns_of(account: AccountState, now_ms: int) -> list[Reign]:
    """Gives who owned the account when, as far as that has begun; the first ones own it from the beginning."""
    found: list[Reign] = []
    places: dict[str, int] = {}
    for number, said in enumerate(account.ownerships):
        if number and said.first_ms > now_ms:
            break
        ordered = in_place(said.owners, places)
        places = {owner.customer_id: place for place, owner in enumerate(ordered)}
        found.append(Reign(said.first_ms, _parties(ordered), said))
    return found


def parties_at(reigns: Sequence[Reign], at_ms: int) -> Parties:
    """Gives who owns the account at a time."""
    return _reign_at(reigns, at_ms).parties


def in_place(owners: Sequence[Counting], places: Mapping[str, int]) -> list[Counting]:
    """Puts owners in the order of their places: owners before joint ones, then as they stood before, then as listed."""
    if len(owners) == 1:
        return list(owners)  # nearly always
    return sorted(owners, key=lambda owner: (owner.is_joint, places.get(owner.customer_id, FOR_EVER_MS)))


def _parties(ordered: Sequence[Counting]) -> Parties:
    if len(ordered) == 1:
        return {ordered[0].customer_id: None}
    return {owner.customer_id: Joint(place, owner.share_e6) for place, owner in enumerate(ordered, 1)}


def _reign_at(reigns: Sequence[Reign], at_ms: int) -> Reign:
    for reign in reversed(reigns):
        if reign.since_ms <= at_ms:
            return reign
    return reigns[0]


def with_record(account: AccountState, record: AccountRecord) -> list[Ownership] | None:
    """Gives what is known of owners with a record, too; None where it changes nothing.

    Of two with the same time the later one counts. Those that say the same one after the other are kept as one.
    """
    known = account.ownerships
    if account.since_ms is not None and record.as_of_ms < account.since_ms:
        return None
    said = Ownership(record.as_of_ms, record.as_of_ms, *record[1:])
    pieces = [piece for one in known for piece in _without(one, record.as_of_ms)]
    later = sum(piece.last_ms < record.as_of_ms for piece in pieces)
    found: list[Ownership] = []
    for one in (*pieces[:later], said, *pieces[later:]):
        if found and _says_the_same(found[-1], one):
            found[-1] = _until(found[-1], one.last_ms)
        else:
            found.append(one)
    return None if found == known else found


def forget_ownerships(account: AccountState) -> None:
    """Drops what is more than is kept, the oldest first. The next one's owners keep their places."""
    while len(account.ownerships) > OWNERSHIPS_KEPT:
        dropped, first = account.ownerships[:2]
        places = {owner.customer_id: place for place, owner in enumerate(in_place(dropped.owners, {}))}
        owners = tuple(in_place(first.owners, places))
        _keep_closed(account, dropped.closed_ms, first.first_ms)
        account.ownerships[:2] = [Ownership(first.first_ms, first.last_ms, owners, *_rest(first))]
        account.since_ms = first.first_ms


def _keep_closed(account: AccountState, closed_ms: int | None, until_ms: int) -> None:
    """Puts into the balances that an account was closed for a time of which it is not known any more."""
    if closed_ms is None or closed_ms >= until_ms:
        return
    for currency, points in account.balances.items():
        kept = {point.at_ms: point for point in points.kept}
        if any(at_ms < closed_ms for at_ms in kept):
            kept.setdefault(closed_ms, Point(closed_ms, 0, None, b""))
        for at_ms, point in kept.items():
            if closed_ms <= at_ms < until_ms:
                kept[at_ms] = Point(at_ms, 0, point.product, point.mark)
        account.balances[currency] = Points(
            tuple(kept[at_ms] for at_ms in sorted(kept)), points.told_ms, points.since_ms, points.product
        )


def _without(one: Ownership, at_ms: int) -> Iterator[Ownership]:
    """Yields what is left of an ownership where another one is said at a time."""
    if not one.first_ms <= at_ms <= one.last_ms:
        yield one
        return
    if one.first_ms < at_ms:
        yield Ownership(one.first_ms, one.first_ms, one.owners, *_rest(one))
    if one.last_ms > at_ms:
        yield Ownership(one.last_ms, one.last_ms, one.owners, *_rest(one))


def _until(one: Ownership, last_ms: int) -> Ownership:
    return Ownership(one.first_ms, max(one.last_ms, last_ms), one.owners, *_rest(one))


def _rest(one: Ownership) -> tuple[int | None, str | None, str | None]:
    return one.closed_ms, one.product, one.currency


def _says_the_same(one: Ownership, other: Ownership) -> bool:
    return _rest(one) == _rest(other) and _sorted(one.owners) == _sorted(other.owners)


def _sorted(owners: Iterable[Counting]) -> list[Counting]:
    return sorted(owners, key=lambda owner: owner.customer_id)


# --- what they hold ---


def held(account: AccountState, now_ms: int) -> dict[At, Held]:
    """Gives all that the owners of an account were to be told of its balances until now. Nothing without owners."""
    found: dict[At, Held] = {}
    reigns = reigns_of(account, now_ms)
    if reigns:
        closed = list(_closed(reigns, now_ms))
        for currency, points in account.balances.items():
            _Walk(currency, points, reigns, closed).go(found)
    return found


def future_of(account: AccountState) -> set[int]:
    """Gives the times at which what was said beforehand will count: other owners, a closing."""
    times = {said.first_ms for said in account.ownerships[1:]}
    times |= {said.closed_ms for said in account.ownerships if said.closed_ms is not None}
    return {at_ms for at_ms in times if at_ms > account.seen_ms}


def _closed(reigns: Sequence[Reign], now_ms: int) -> Iterator[tuple[int, int]]:
    """Yields when the account was closed: from when, until when."""
    ends = [reign.since_ms for reign in reigns[1:]] + [FOR_EVER_MS]
    for reign, end_ms in zip(reigns, ends, strict=True):
        closed_ms = reign.said.closed_ms
        if closed_ms is not None and closed_ms <= now_ms and closed_ms < end_ms:
            yield closed_ms, end_ms


class _Walk:
    """The way through the balances of an account in a currency, from time to time."""

    def __init__(
        self, currency: str, points: Points, reigns: Sequence[Reign], closed: Sequence[tuple[int, int]]
    ) -> None:
        self._currency = currency
        self._reigns = reigns
        self._closed = closed
        self._points = {point.at_ms: point for point in points.kept}
        self._told = frozenset(points.told_ms)
        self._ends = _ends_of(currency, reigns)
        self._product = points.product

    def go(self, found: dict[At, Held]) -> None:
        """Notes what each owner holds, at each time at which it is to be told."""
        amount_e4: int | None = None
        before = self._reigns[0].parties
        changes = {reign.since_ms for reign in self._reigns[1:]}
        zeros = {closed_ms for closed_ms, _ in self._closed} | self._ends
        for at_ms in sorted({*self._points, *self._told, *changes, *zeros}):
            reign = _reign_at(self._reigns, at_ms)
            is_booked, amount_e4 = self._booked(at_ms, amount_e4)
            product = reign.said.product if self._product is None else self._product
            if amount_e4 is not None:
                to_all = is_booked or at_ms in self._told
                for customer in before:
                    if customer not in reign.parties:
                        found[At(at_ms, self._currency, customer)] = Held(0, product, None)
                for customer, joint in reign.parties.items():
                    if to_all or customer not in before or before[customer] != joint:
                        found[At(at_ms, self._currency, customer)] = Held(amount_e4, product, joint)
            before = reign.parties

    def _booked(self, at_ms: int, amount_e4: int | None) -> tuple[bool, int | None]:
        """Says whether the balance was told, or became 0, at a time; and gives it."""
        point = self._points.get(at_ms)
        if point is not None:
            self._product = point.product or self._product
            amount_e4 = point.amount_e4
        is_closed = any(since_ms <= at_ms < end_ms for since_ms, end_ms in self._closed)
        is_zero = is_closed or (point is None and at_ms in self._ends)
        if is_zero and amount_e4 is not None:
            return point is not None or at_ms in self._ends or self._begins(at_ms), 0
        return point is not None, amount_e4

    def _begins(self, at_ms: int) -> bool:
        return any(since_ms == at_ms for since_ms, _ in self._closed)


def _ends_of(currency: str, reigns: Sequence[Reign]) -> set[int]:
    """Gives when the account ceased to be one of this currency, since it became one of another."""
    found, of = set[int](), None
    for reign in reigns:
        said = reign.said.currency
        if said is not None:
            if of == currency != said:
                found.add(reign.since_ms)
            of = said
    return found


# --- what is to be told of it ---


def moves(before: Mapping[At, Held], account: AccountState, now_ms: int) -> list[tuple[At, Held]]:
    """Gives what has to be told, in order of time, so that what was told before is as it is now.

    before: what was told. Of what is told no more the time is kept: it was told to somebody, and must stay right.
    """
    after = held(account, now_ms)
    gone = [at for at in before if at not in after]
    if gone:
        for at in gone:
            _keep_time(account, at)
        after = held(account, now_ms)
    found = []
    for at in sorted({*before, *after}):
        now = after.get(at)
        if now is None:  # who holds nothing then
            now = Held(0, before[at].product, None)
        if before.get(at) != now:
            found.append((at, now))
    return found


def _keep_time(account: AccountState, at: At) -> None:
    points = account.balances[at.currency]
    if at.at_ms not in points.told_ms and all(point.at_ms != at.at_ms for point in points.kept):
        told_ms = tuple(sorted({*points.told_ms, at.at_ms}))
        account.balances[at.currency] = Points(points.kept, told_ms, points.since_ms, points.product)
