"""The outputs are the same bytes as before, for all that the corpus holds."""

from collections.abc import Callable, Iterator

import pytest

from tests.corpus.digests import BERKA, POLICIES, berka_events, demo_events, digest, events_of, known
from tests.corpus.events import letters

BY_NAME = {policy.stem: policy for policy in POLICIES}


@pytest.mark.parametrize("name", BY_NAME)
def test_two_hundred_histories_give_what_they_gave(name: str) -> None:
    assert digest(BY_NAME[name], events_of(BY_NAME[name])) == known()[f"histories {name}"]


@pytest.mark.parametrize(
    ("name", "events"),
    [("letters standard", letters), ("demo standard", demo_events), ("demo icbc-stars", demo_events)],
)
def test_dead_letters_and_the_bank_of_the_demo_give_what_they_gave(
    name: str, events: Callable[[], Iterator[bytes]]
) -> None:
    assert digest(BY_NAME[name.split()[1]], events()) == known()[name]


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("folder", ["berka-complete", pytest.param("berka", marks=pytest.mark.soak)])
def test_a_real_banks_data_gives_what_it_gave(folder: str) -> None:
    if not (BERKA / folder).is_dir():
        pytest.skip("the Berka data is not there")
    assert digest(BY_NAME["berka"], berka_events(folder)) == known()[f"{folder} berka"]
