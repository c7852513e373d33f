"""What the owners of an account are told, as records of `bank.balances` and `bank.transactions`.

A booking keeps its fields. Its event id is the source's and the owner, so that a booking that comes again changes
nothing. A balance that nobody has booked, since owners changed, has the account's id and a number.
"""

from collections.abc import Mapping
from datetime import timedelta
from hashlib import sha256
from typing import Any

import msgspec

from streams.accounts.held import At, Held, Joint, Told
from streams.accounts.owners import ONE_E6
from streams.accounts.records import Booking
from streams.contracts.inputs import EARLIEST_INTEGER_MS, ID_BYTES_LIMIT
from streams.values.calendar import EPOCH
from streams.values.money import format_e4

_SHARE_DECIMALS = 6
_encode = msgspec.json.Encoder().encode


def told_booking(booking: Booking, customer_id: str, joint: Joint | None, product: str | None = None) -> Told:
    """Gives a booking as an owner is told it. product: that of the account, where the booking says none."""
    fields: dict[str, Any] = dict(booking.fields)
    fields["event_id"] = of_owner(booking.event_id, customer_id)
    fields["customer_id"] = customer_id
    if booking.reverses is not None:
        fields["reverses"] = of_owner(booking.reverses, customer_id)
    if booking.input == "balances" and booking.product is None and product is not None:
        fields["product"] = product
    return Told(booking.input, customer_id, _encode({**fields, **_joint(joint)}))


def told_move(account_id: str, number: int, at: At, held: Held) -> Told:
    """Gives a balance that follows from who owns the account. number: of the account's, from 1."""
    fields: dict[str, Any] = {
        "event_id": of_owner(f"{account_id}:{number}", at.customer_id),
        "customer_id": at.customer_id,
        "account_id": account_id,
        "balance": format_e4(held.amount_e4),
        "currency": at.currency,
        "as_of": _time(at.at_ms),
    }
    if held.product is not None:
        fields["product"] = held.product
    return Told("balances", at.customer_id, _encode({**fields, **_joint(held.joint)}))


def of_owner(event_id: str, customer_id: str) -> str:
    """Gives the id of what an owner is told of an event."""
    made = f"{event_id}:{customer_id}"
    return made if len(made.encode()) <= ID_BYTES_LIMIT else sha256(made.encode()).hexdigest()


def _joint(joint: Joint | None) -> Mapping[str, Any]:
    if joint is None:
        return {}
    whole, rest = divmod(joint.share_e6, ONE_E6)
    share = f"{whole}.{rest:0{_SHARE_DECIMALS}d}".rstrip("0").rstrip(".")
    return {"joint": {"place": joint.place, "share": share}}


def _time(at_ms: int) -> int | str:
    """Writes a time; one before 1990 as text, since a number would not be taken for milliseconds."""
    if at_ms >= EARLIEST_INTEGER_MS:
        return at_ms
    return (EPOCH + timedelta(milliseconds=at_ms)).isoformat(timespec="milliseconds")
