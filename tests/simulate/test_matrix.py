"""Who is in which tier under two policies: the counts, the shares, up and down."""

from collections import Counter
from collections.abc import Sequence

import pytest

from streams.contracts.event_line import EventLine
from streams.policy.compile.load import load_policy
from streams.policy.policy import Policy
from streams.settings import policy_folder
from streams.simulate import Simulation
from streams.simulate.matrix import Matrix, customers_of, matrix_message, matrix_of
from streams.simulate.sentences import left_out_sentence, moves_sentence, percent
from tests.support.histories import ASSETS_ONLY, PLAIN, STANDARD, History

NOON = 1_795_492_800_000
# The floors at 300,000 and 1,000,000.
LOWER = load_policy(PLAIN.document.replace('"500000"', '"300000"').replace('"5000000"', '"1000000"'))
HIGHER = load_policy(PLAIN.document.replace('"5000000"', '"9000000"'))
ONLY_DOLLARS = load_policy(ASSETS_ONLY.document.replace('"TWD"', '"USD"'))


def policy_of(name: str) -> Policy:
    return load_policy((policy_folder() / f"{name}.toml").read_text(encoding="utf-8"))


def of_tiers(*ids: str) -> Policy:
    tiers = [f'[[tiers]]\nid = "{ids[0]}"']
    tiers += [f'[[tiers]]\nid = "{tier}"\nat_least = "{number}000"' for number, tier in enumerate(ids[1:], 1)]
    return load_policy('name = "x"\nversion = 1\ncurrency = "TWD"\n' + "\n".join(tiers))


def balances(amounts: dict[str, str], **more: str) -> list[EventLine]:
    history = History()
    for number, (customer, amount) in enumerate(amounts.items()):
        history.balance(customer, amount, NOON + number, **more)
    return [EventLine(0, line.key, line.value or b"") for line in history.topics[0]]


def simulated(lines: Sequence[EventLine], *policies: Policy) -> list[Simulation]:
    simulations = [Simulation(policy) for policy in policies]
    for simulation in simulations:
        simulation.work(lines)
    return simulations


AMOUNTS = {
    "below-all": "299999.99",
    "on-the-lower-floor": "300000",
    "just-below-mid": "499999.99",
    "mid": "500000",
    "on-the-lower-high": "1000000",
    "just-below-high": "4999999.99",
    "high": "5000000",
}
MOVED = [
    (("low", "low"), ["below-all"]),
    (("low", "mid"), ["just-below-mid", "on-the-lower-floor"]),
    (("mid", "mid"), ["mid"]),
    (("mid", "high"), ["just-below-high", "on-the-lower-high"]),
    (("high", "high"), ["high"]),
    (("high", "low"), []),
]


def test_lower_floors_move_the_customers_between_the_floors_up() -> None:
    matrix = matrix_of(*simulated(balances(AMOUNTS), PLAIN, LOWER))
    assert dict(matrix.counts) == {cell: len(customers) for cell, customers in MOVED if customers}
    assert (matrix.rows, matrix.columns) == ({"low": 3, "mid": 3, "high": 1}, {"low": 1, "mid": 3, "high": 3})
    assert matrix.moves() == {"up": 4, "same": 3}
    assert moves_sentence(matrix) == "7 customers: 4 up (57.1%), 0 down (0.0%), 3 stay (42.9%)"


@pytest.mark.parametrize(("cell", "customers"), MOVED)
def test_the_customers_behind_a_cell_are_known(cell: tuple[str, str], customers: list[str]) -> None:
    found = customers_of(cell, *simulated(balances(AMOUNTS), PLAIN, LOWER))
    assert [customer.decode() for customer in found] == customers


def test_the_other_way_round_they_move_down() -> None:
    there = matrix_of(*simulated(balances(AMOUNTS), PLAIN, LOWER))
    back = matrix_of(*simulated(balances(AMOUNTS), LOWER, PLAIN))
    assert back.counts == {(after, before): count for (before, after), count in there.counts.items()}
    assert back.moves() == {"down": 4, "same": 3}


def test_what_is_compared_is_the_tier_served_not_the_one_earned() -> None:
    lines = balances({"C1": "6000000"})
    fallen = balances({"C1": "6000000", "x": "1"} | {"C1 ": "0"})  # an event that moves the clock, nobody falls by it
    assert matrix_of(*simulated([*lines, *fallen[1:2]], STANDARD, HIGHER)).counts["high", "mid"] == 1
    history = History()
    history.balance("C1", "6000000", NOON)
    history.balance("C1", "1", NOON + 1)
    held = [EventLine(0, line.key, line.value or b"") for line in history.topics[0]]
    assert matrix_of(*simulated(held, STANDARD, PLAIN)).counts == {("high", "low"): 1}  # STANDARD has grace


def test_who_has_no_tier_under_one_policy_is_left_out_and_told() -> None:
    lines = balances({"C1": "1", "C2": "1"}) + balances({"C3": "1"}, currency="USD")
    matrix = matrix_of(*simulated(lines, ASSETS_ONLY, ONLY_DOLLARS))
    told = "left out: 2 with a tier under assets-only v1 (" in left_out_sentence(matrix)
    assert (matrix.customers, matrix.only_before, matrix.only_after, told) == (0, 2, 1, True)


def test_customers_forgotten_or_never_rated_are_nowhere() -> None:
    history = History()
    history.balance("C1", "1", NOON)
    history.action("C1", "erase", NOON + 1)
    history.action("C2", "opt_out", NOON + 2)
    lines = [EventLine(number, line.key, line.value or b"") for number in (0, 4) for line in history.topics[number]]
    matrix = matrix_of(*simulated(lines, PLAIN, LOWER))
    assert (matrix.customers, matrix.only_before, matrix.only_after) == (0, 0, 0)
    assert moves_sentence(matrix) == "0 customers: 0 up (-), 0 down (-), 0 stay (-)"


@pytest.mark.parametrize(
    ("before", "after", "cell", "move"),
    [
        (("a", "b"), ("a", "b"), ("a", "b"), "up"),
        (("a", "b"), ("a", "b"), ("b", "b"), "same"),
        (("a", "b"), ("b", "a"), ("a", "b"), "down"),  # the new policy's order counts
        (("a", "b"), ("a", "b", "c"), ("b", "c"), "up"),
        (("a", "c"), ("a", "b", "c"), ("c", "b"), "down"),
        (("a", "b", "c"), ("a", "c"), ("b", "c"), "up"),  # b is gone: the old order counts
        (("a", "b", "c"), ("a", "d"), ("b", "d"), None),
        (("a", "b"), ("x", "y"), ("a", "y"), "up"),  # nothing in common: by place
        (("a", "b"), ("x", "y"), ("b", "y"), "same"),
        (("a", "b"), ("x", "y", "z"), ("a", "x"), None),
    ],
)
def test_up_and_down(before: tuple[str, ...], after: tuple[str, ...], cell: tuple[str, str], move: str | None) -> None:
    assert matrix_of(Simulation(of_tiers(*before)), Simulation(of_tiers(*after))).move(*cell) == move


@pytest.mark.parametrize(
    ("part", "whole", "told"),
    [
        (0, 0, "-"),
        (0, 7, "0.0%"),
        (1, 3, "33.3%"),
        (7, 7, "100.0%"),
        (1, 100_000, "<0.1%"),
        (99_999, 100_000, ">99.9%"),
    ],
)
def test_shares_are_never_rounded_to_nothing_or_all(part: int, whole: int, told: str) -> None:
    assert percent(part, whole) == told


def test_labels_tell_two_files_of_one_name_and_version_apart() -> None:
    matrix = matrix_of(Simulation(PLAIN), Simulation(LOWER))
    assert matrix.before.label == f"standard v1 ({PLAIN.digest.removeprefix('sha256:')[:8]})"
    assert matrix.before.label != matrix.after.label
    assert matrix_of(Simulation(PLAIN), Simulation(ASSETS_ONLY)).after.label == "assets-only v1"


def test_the_message_has_every_cell_and_shares_of_all_and_of_the_row() -> None:
    message = matrix_message(matrix_of(*simulated(balances(AMOUNTS), PLAIN, LOWER)))
    cells = {(cell.before, cell.after): cell for cell in message.cells}
    assert len(cells) == 9
    assert (cells["low", "mid"].share, cells["low", "mid"].share_of_row) == (0.285714, 0.666667)
    assert (cells["high", "low"].customers, cells["high", "low"].share, cells["high", "low"].move) == (0, 0.0, "down")
    assert (message.rows, message.columns) == ({"low": 3, "mid": 3, "high": 1}, {"low": 1, "mid": 3, "high": 3})
    assert (message.up, message.down, message.same, message.undirected) == (4, 0, 3, 0)


def test_policies_with_other_numbers_of_tiers_make_a_matrix_that_is_no_square() -> None:
    matrix: Matrix = matrix_of(*simulated(balances({"C1": "6000000"}), PLAIN, policy_of("bofa-preferred-rewards")))
    assert matrix.customers == 0  # no rate for TWD there
    shape = (len(matrix.before.tiers), len(matrix.after.tiers))
    assert len(matrix_message(matrix).cells) == shape[0] * shape[1]
    assert shape[0] != shape[1]
    assert matrix.counts == Counter()
