"""Which of those whom an account record lists count, and with what share.

Who is owner or joint owner counts, who is authorised never does. Whoever is listed twice counts once: as the better of
the two, with both shares. Shares are scaled so that they add up to 1: 60 and 40 is 0.6 and 0.4. Those without one have
what the others leave of 1, in equal parts; if nobody has any, all have the same.
"""

from collections.abc import Iterable, Sequence

from streams.accounts.records import Counting

ONE_E6 = 1_000_000
ONE_E12 = 10**12
COUNTING_ROLES = ("owner", "joint")
Listed = tuple[str, str, int | None]
"""Customer, role, and share in units of 10**-12."""


def counting(listed: Iterable[Listed]) -> tuple[Counting, ...]:
    """Gives those who count, in the order in which they were listed first."""
    roles: dict[str, bool] = {}
    given: dict[str, int | None] = {}
    for customer, role, share in listed:
        if role in COUNTING_ROLES:
            roles[customer] = roles.get(customer, True) and role == "joint"
            former = given.get(customer)
            given[customer] = share if former is None else former + (share or 0)
    shares = _scaled(list(given), list(given.values()))
    return tuple(Counting(customer, roles[customer], shares[customer]) for customer in given)


def _scaled(customers: Sequence[str], given: Sequence[int | None]) -> dict[str, int]:
    """Gives shares in millionths that add up to a million, however the owners are listed."""
    known = sum(share for share in given if share is not None)
    missing = given.count(None)
    rest = max(ONE_E12 - known, 0) // missing if missing else 0
    parts = [rest if share is None else share for share in given]
    total = sum(parts)
    if not total:
        parts, total = [1] * len(parts), len(parts)
    shares = {customer: part * ONE_E6 // total for customer, part in zip(customers, parts, strict=True)}
    remainders = {customer: part * ONE_E6 % total for customer, part in zip(customers, parts, strict=True)}
    left = ONE_E6 - sum(shares.values())
    for customer in sorted(customers, key=lambda customer: (-remainders[customer], customer))[:left]:
        shares[customer] += 1
    return shares
