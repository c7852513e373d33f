"""Takes a record into what is known of its account, and gives what the owners are told of it."""

from collections.abc import Sequence

from streams.accounts.held import At, Held, Reign, Told
from streams.accounts.records import AccountRecord, Booking
from streams.accounts.state import BALANCES_KEPT, AccountState, Point, Points
from streams.accounts.telling import told_booking, told_move
from streams.accounts.timeline import (
    forget_ownerships,
    held,
    moves,
    parties_at,
    reigns_of,
    with_record,
)
from streams.values.fingerprint import fingerprint


def take_record(account: AccountState, account_id: str, record: AccountRecord, now_ms: int) -> list[Told] | None:
    """Takes an account record in; None where it changes nothing. now_ms: what is said of later counts then."""
    known = with_record(account, record)
    if known is None:
        return None
    before = held(account, now_ms)
    account.ownerships, account.seen_ms = known, now_ms
    told = _tell_moves(account, account_id, moves(before, account, now_ms))
    forget_ownerships(account)
    return told


def let_time_pass(account: AccountState, account_id: str, until_ms: int) -> list[Told]:
    """Lets count what was said beforehand of the time until now."""
    before = held(account, account.seen_ms)
    account.seen_ms = until_ms
    return _tell_moves(account, account_id, moves(before, account, until_ms))


def take_booking(account: AccountState, account_id: str, booking: Booking, now_ms: int) -> list[Told]:
    """Takes a booking in, and gives it as each owner is told it. The account must be known."""
    reigns = reigns_of(account, now_ms)
    parties = parties_at(reigns, booking.belongs_ms)
    if booking.input == "transactions":
        return [told_booking(booking, customer, joint) for customer, joint in parties.items()]
    points = account.balances.get(booking.currency, Points())
    mark = fingerprint(booking.event_id)
    if any(point.mark == mark for point in points.kept):
        return []  # it comes again
    point = Point(booking.belongs_ms, booking.amount_e4, booking.product, mark)
    if points.since_ms is not None and point.at_ms <= points.since_ms:
        return _tell_too_late(account, account_id, booking, reigns)
    if _is_next(account, points, point):
        account.balances[booking.currency] = _shortened(points, (*points.kept, point))
        product = points.product or reigns[-1].said.product
        product = next((one.product for one in reversed(points.kept) if one.product), product)
        return [told_booking(booking, customer, joint, product) for customer, joint in parties.items()]
    return _take_late(account, account_id, booking, point, now_ms)


def _take_late(account: AccountState, account_id: str, booking: Booking, point: Point, now_ms: int) -> list[Told]:
    """Takes a balance in that is not simply the newest: what was told of later times may change, too."""
    before = held(account, now_ms)
    points = account.balances.get(booking.currency, Points())
    kept = [one for one in points.kept if one.at_ms != point.at_ms]
    later = sum(one.at_ms < point.at_ms for one in kept)
    kept.insert(later, point)
    account.balances[booking.currency] = Points(tuple(kept), points.told_ms, points.since_ms, points.product)
    found = moves(before, account, now_ms)
    told = list[Told]()
    for at, now in found:
        is_new = at not in before and at.at_ms == point.at_ms and at.currency == booking.currency
        if is_new and now.amount_e4 == point.amount_e4 and at.customer_id in _owners(account, at, now_ms):
            told.append(told_booking(booking, at.customer_id, now.joint, now.product))
        else:
            told += _tell_moves(account, account_id, [(at, now)])
    account.balances[booking.currency] = _shortened(account.balances[booking.currency], tuple(kept))
    return told


def _tell_too_late(account: AccountState, account_id: str, booking: Booking, reigns: Sequence[Reign]) -> list[Told]:
    """Tells a balance that is older than all that are kept: newer ones are known, but who has left holds nothing."""
    told = list[Told]()
    for customer, joint in parties_at(reigns, booking.belongs_ms).items():
        told.append(told_booking(booking, customer, joint))
        left_ms = (reign.since_ms for reign in reigns[1:] if customer not in reign.parties)
        since_ms = next((at_ms for at_ms in left_ms if at_ms > booking.belongs_ms), None)
        if since_ms is not None:
            at = At(since_ms, booking.currency, customer)
            told += _tell_moves(account, account_id, [(at, Held(0, booking.product, None))])
    return told


def _owners(account: AccountState, at: At, now_ms: int) -> set[str]:
    return set(parties_at(reigns_of(account, now_ms), at.at_ms))


def _is_next(account: AccountState, points: Points, point: Point) -> bool:
    """Says whether nothing that is known is of a later time, so that a balance counts as it is: nearly always."""
    if points.kept and point.at_ms <= points.kept[-1].at_ms:
        return False
    if points.told_ms and point.at_ms <= points.told_ms[-1]:
        return False
    if any(said.closed_ms is not None for said in account.ownerships):
        return False
    return len(account.ownerships) == 1 or point.at_ms > account.ownerships[-1].first_ms


def _shortened(points: Points, kept: tuple[Point, ...]) -> Points:
    """Gives balances without those that are more than are kept."""
    since_ms, product = points.since_ms, points.product
    for dropped in kept[:-BALANCES_KEPT]:
        since_ms, product = dropped.at_ms, dropped.product or product
    told_ms = tuple(at_ms for at_ms in points.told_ms if since_ms is None or at_ms > since_ms)[-BALANCES_KEPT:]
    return Points(kept[-BALANCES_KEPT:], told_ms, since_ms, product)


def _tell_moves(account: AccountState, account_id: str, found: list[tuple[At, Held]]) -> list[Told]:
    told = list[Told]()
    for at, now in found:
        account.moves += 1
        told.append(told_move(account_id, account.moves, at, now))
    return told
