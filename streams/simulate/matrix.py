"""Two policies on the same events: how many customers end in which tier under the first and under the second.

See docs/commands.md#two-policies-on-the-same-events.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Literal, NamedTuple

import msgspec

from streams.policy.check.sentences import rules_in_words
from streams.policy.compile.load import read_policy
from streams.policy.policy import Policy
from streams.simulate.simulation import Simulation
from streams.simulate.spent import CampaignMoved, Spent, campaigns_moved

Move = Literal["up", "down", "same"]
SHARE_DECIMALS = 6


class Side(NamedTuple):
    """One of the two policies: its label in tables and pictures, and its tier ids from the lowest up.

    names, campaigns: the names of tiers and campaigns by id, then by language. rules: what else it does, in sentences.
    """

    label: str
    policy: Policy
    tiers: tuple[str, ...]
    names: dict[str, dict[str, str]]
    campaigns: dict[str, dict[str, str]]
    rules: list[str]


class Matrix(NamedTuple):
    """How many customers are in which tier under the first policy (`before`, rows) and the second (`after`, columns).

    Customers without a tier under one of the policies are in no cell; `only_before` and `only_after` count them.
    first_ms, last_ms: the times of the first and of the newest event; None where there was none. spent: by campaigns,
    under each policy.
    """

    before: Side
    after: Side
    counts: Counter[tuple[str, str]]
    rows: Counter[str]
    columns: Counter[str]
    only_before: int  # customers with a tier under the first policy alone
    only_after: int
    first_ms: int | None
    last_ms: int | None
    spent: tuple[Spent, Spent]

    @property
    def customers(self) -> int:
        """Counts the customers of all cells."""
        return self.counts.total()

    def move(self, before: str, after: str) -> Move | None:
        """Gives the direction in which the customers of a cell move; None where the two tiers cannot be compared.

        The two tiers are compared by rank within one policy: the second where it has the tier `before`, else the first
        where it has the tier `after`. Where the policies share no tier id and have equally many tiers, each tier's rank
        in its own policy counts.
        """
        first, second = self.before.policy.rank, self.after.policy.rank
        if before in second:
            return _direction(second[before], second[after])
        if after in first:
            return _direction(first[before], first[after])
        if first.keys().isdisjoint(second) and len(first) == len(second):
            return _direction(first[before], second[after])
        return None

    def moves(self) -> Counter[Move | None]:
        """Counts the customers by the direction in which they move."""
        found = Counter[Move | None]()
        for (before, after), count in self.counts.items():
            found[self.move(before, after)] += count
        return found


def matrix_of(before: Simulation, after: Simulation) -> Matrix:
    """Counts the customers of two simulations that worked the same events."""
    counts, only_before, only_after = Counter[tuple[str, str]](), 0, 0
    for _, first, second in _customers(before, after):
        if first is not None and second is not None:
            counts[first, second] += 1
        else:
            only_before += first is not None
            only_after += second is not None
    rows, columns = Counter[str](), Counter[str]()
    for (first, second), count in counts.items():
        rows[first] += count
        columns[second] += count
    return Matrix(
        *_sides(before.policy, after.policy),
        counts,
        rows,
        columns,
        only_before,
        only_after,
        first_ms=before.first_ms,
        last_ms=before.last_ms,
        spent=(before.spent, after.spent),
    )


def customers_of(cell: tuple[str, str], before: Simulation, after: Simulation) -> list[bytes]:
    """Gives the ids of the customers in a cell, sorted. cell: the tiers under the first and the second policy."""
    return sorted(customer for customer, *tiers in _customers(before, after) if tuple(tiers) == cell)


def _customers(before: Simulation, after: Simulation) -> Iterator[tuple[bytes, str | None, str | None]]:
    for customer in before.partition.packed.keys() | after.partition.packed.keys():
        yield customer, before.tier(customer), after.tier(customer)


def _direction(before: int, after: int) -> Move:
    if before == after:
        return "same"
    return "up" if after > before else "down"


def _sides(before: Policy, after: Policy) -> tuple[Side, Side]:
    labels = [f"{policy.name} v{policy.version}" for policy in (before, after)]
    if labels[0] == labels[1]:  # an edited copy that kept its name and version
        labels = [
            f"{label} ({policy.digest.removeprefix('sha256:')[:8]})"
            for label, policy in zip(labels, (before, after), strict=True)
        ]
    return _side(labels[0], before), _side(labels[1], after)


def _side(label: str, policy: Policy) -> Side:
    file = read_policy(policy.document, is_published=True).file
    names = {tier.id: tier.name for tier in file.tiers} if file else {}
    campaigns = {rule.id: rule.name for rule in file.campaigns} if file else {}
    rules = rules_in_words(policy, file) if file else []
    return Side(label, policy, tuple(tier.id for tier in policy.tiers), names, campaigns, rules)


# --- as one JSON object ---


class PolicyName(msgspec.Struct, frozen=True):
    """A policy, and its tier ids from the lowest up."""

    name: str
    version: int
    digest: str
    tiers: tuple[str, ...]


class CellMessage(msgspec.Struct, frozen=True, rename={"before": "from", "after": "to"}):
    """One cell of the matrix. `share` is the part of all customers, `share_of_row` the part of the row, from 0 to 1."""

    before: str
    after: str
    customers: int
    share: float
    share_of_row: float
    move: Move | None


class CampaignMessage(msgspec.Struct, frozen=True):
    """What a campaign triggers under each policy, and pays in its currency; who is held out does not count."""

    campaign: str
    triggers_in_policy: int
    triggers_in_compare: int
    paid_in_policy: str
    paid_in_compare: str


class MatrixMessage(msgspec.Struct, frozen=True):
    """What `tierflow simulate --compare --json` prints (docs/commands.md#two-policies-on-the-same-events)."""

    policy: PolicyName
    compare: PolicyName
    customers: int
    up: int
    down: int
    same: int
    undirected: int  # customers whose two tiers cannot be compared
    only_in_policy: int
    only_in_compare: int
    rows: dict[str, int]
    columns: dict[str, int]
    cells: list[CellMessage]
    first_at: str | None  # the time of the first event, and of the newest one
    last_at: str | None
    campaigns: list[CampaignMessage]  # those that trigger or pay otherwise


def matrix_message(matrix: Matrix) -> MatrixMessage:
    """Makes the JSON message of a matrix: every cell, row by row, empty ones included."""
    moves = matrix.moves()
    return MatrixMessage(
        policy=_policy_name(matrix.before),
        compare=_policy_name(matrix.after),
        customers=matrix.customers,
        up=moves["up"],
        down=moves["down"],
        same=moves["same"],
        undirected=moves[None],
        only_in_policy=matrix.only_before,
        only_in_compare=matrix.only_after,
        rows={tier: matrix.rows[tier] for tier in matrix.before.tiers},
        columns={tier: matrix.columns[tier] for tier in matrix.after.tiers},
        cells=[_cell(matrix, row, column) for row in matrix.before.tiers for column in matrix.after.tiers],
        first_at=written_at(matrix, matrix.first_ms),
        last_at=written_at(matrix, matrix.last_ms),
        campaigns=[_campaign(moved) for moved in campaigns_moved(*matrix.spent)],
    )


def written_at(matrix: Matrix, at_ms: int | None) -> str | None:
    """Writes a time of the matrix in RFC 3339, in the zone of the first policy."""
    return None if at_ms is None else matrix.before.policy.calendar.rfc3339(at_ms)


def _campaign(moved: CampaignMoved) -> CampaignMessage:
    (before, after), paid = (
        moved.triggers,
        [f"{amount:.2f}" if amount == round(amount, 2) else f"{amount:f}" for amount in moved.paid],
    )
    return CampaignMessage(moved.campaign, before, after, *paid)


def _policy_name(side: Side) -> PolicyName:
    return PolicyName(side.policy.name, side.policy.version, side.policy.digest, side.tiers)


def _cell(matrix: Matrix, row: str, column: str) -> CellMessage:
    count = matrix.counts[row, column]
    share, share_of_row = _share(count, matrix.customers), _share(count, matrix.rows[row])
    return CellMessage(row, column, count, share, share_of_row, matrix.move(row, column))


def _share(part: int, whole: int) -> float:
    return round(part / whole, SHARE_DECIMALS) if whole else 0.0
