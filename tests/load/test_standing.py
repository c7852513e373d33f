import pytest

from streams.load.standing import Standings

#        day:   0    30   60   90        179  180  209  210  239  240
#  interest:    *    *    *    .         .    .    .    .    .    .
#  counted:     1    2    3    3         3    2    2    1    1    0
SANCTIONS = [
    (0, 1, "fair"),
    (30, 1, "poor"),
    (60, 1, "default"),
    (90, 0, None),
    (179, 0, None),
    (180, 0, "poor"),
    (209, 0, None),
    (210, 0, "fair"),
    (239, 0, None),
    (240, 0, "good"),
]


def test_each_sanction_interest_of_180_days_takes_a_step_and_the_standing_recovers() -> None:
    standings = Standings()
    found = [(day, count, standings.after_day("7", day, count, below_zero=False)) for day, count, _ in SANCTIONS]
    assert found == SANCTIONS


@pytest.mark.parametrize(
    ("sanctions", "below_zero", "standing"),
    [
        (0, False, None),
        (0, True, "fair"),
        (1, False, "fair"),
        (1, True, "poor"),
        (2, False, "poor"),
        (2, True, "default"),
        (3, False, "default"),
        (9, True, "default"),
    ],
)
def test_a_balance_below_zero_takes_one_step_more(sanctions: int, *, below_zero: bool, standing: str | None) -> None:
    assert Standings().after_day("7", 0, sanctions, below_zero=below_zero) == standing


def test_accounts_have_standings_of_their_own() -> None:
    standings = Standings()
    assert standings.after_day("7", 0, 1, below_zero=False) == "fair"
    assert standings.after_day("8", 0, 0, below_zero=False) is None
    assert standings.after_day("7", 1, 0, below_zero=True) == "poor"
    assert standings.after_day("7", 2, 0, below_zero=False) == "fair"
