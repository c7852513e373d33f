"""Two policies on the same events: how many customers end in which tier under the first and under the second.

See docs/commands.md#two-policies-on-the-same-events.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Literal, NamedTuple

import msgspec

from streams.policy.compile.load import read_policy
from streams.policy.policy import Policy
from streams.simulate.simulation import Simulation

Move = Literal["up", "down", "same"]
SHARE_DECIMALS = 6


class Side(NamedTuple):
    """One of the two policies: its label in tables and pictures, and its tier ids from the lowest up.

    names: the tier's names by tier id, then by language.
    """

    label: str
    policy: Policy
    tiers: tuple[str, ...]
    names: dict[str, dict[str, str]]


class Matrix(NamedTuple):
    """How many customers are in which tier under the first policy (`before`, rows) and the second (`after`, columns).

    Customers without a tier under one of the policies are in no cell; `only_before` and `only_after` count them.
    """

    before: Side
    after: Side
    counts: Counter[tuple[str, str]]
    rows: Counter[str]
    columns: Counter[str]
    only_before: int  # customers with a tier under the first policy alone
    only_after: int

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
    return Matrix(*_sides(before.policy, after.policy), counts, rows, columns, only_before, only_after)


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
    file = read_policy(policy.document).file
    names = {tier.id: tier.name for tier in file.tiers} if file else {}
    return Side(label, policy, tuple(tier.id for tier in policy.tiers), names)


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
    )


def _policy_name(side: Side) -> PolicyName:
    return PolicyName(side.policy.name, side.policy.version, side.policy.digest, side.tiers)


def _cell(matrix: Matrix, row: str, column: str) -> CellMessage:
    count = matrix.counts[row, column]
    share, share_of_row = _share(count, matrix.customers), _share(count, matrix.rows[row])
    return CellMessage(row, column, count, share, share_of_row, matrix.move(row, column))


def _share(part: int, whole: int) -> float:
    return round(part / whole, SHARE_DECIMALS) if whole else 0.0


# --- in words ---


def percent(part: int, whole: int) -> str:
    """Writes a share as a percentage with one decimal; a share between 0 and 1 never reads 0.0% or 100.0%."""
    if not whole:
        return "-"
    tenths = round(part * 1000 / whole)
    if part and not tenths:
        return "<0.1%"
    if part < whole and tenths == 1000:  # noqa: PLR2004 - all of it
        return ">99.9%"
    return f"{tenths / 10:.1f}%"


def moves_sentence(matrix: Matrix) -> str:
    """Writes one sentence: how many customers there are, and how many move up, move down or stay."""
    moves, customers = matrix.moves(), matrix.customers
    words: list[tuple[Move | None, str]] = [("up", "up"), ("down", "down"), ("same", "stay"), (None, "not comparable")]
    parts = [
        f"{moves[move]:,} {word} ({percent(moves[move], customers)})" for move, word in words if moves[move] or move
    ]
    return f"{customers:,} customers: {', '.join(parts)}"


def left_out_sentence(matrix: Matrix) -> str:
    """Writes how many customers are left out of the matrix; an empty text where none are."""
    sides = ((matrix.only_before, matrix.before), (matrix.only_after, matrix.after))
    parts = [f"{count:,} with a tier under {side.label} alone" for count, side in sides if count]
    return f"left out: {', '.join(parts)}" if parts else ""
