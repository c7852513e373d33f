"""Where a batch lies in the changelog tells whether that is still the one of before."""

import pytest

from streams.kafka.unchanged import TopicsChangedError
from streams.settings import Settings, policy_folder
from streams.stages.budgets import budgets_stage
from streams.worker.transactions import Transactions

SETTINGS = Settings(policy=policy_folder() / "standard.toml", data_dir=policy_folder())
AFTER = 51  # past the lane record at 49, and the commit marker


@pytest.mark.parametrize("offset", [50, 51, 60])
def test_a_batch_may_come_before_the_marker_of_the_other_producer(offset: int) -> None:
    Transactions({}, budgets_stage(SETTINGS), 0)._check_end(offset, AFTER)


@pytest.mark.parametrize("offset", [0, 49])
def test_a_changelog_that_goes_on_where_it_has_been_was_made_anew(offset: int) -> None:
    with pytest.raises(TopicsChangedError, match="was made anew, or cut"):
        Transactions({}, budgets_stage(SETTINGS), 0)._check_end(offset, AFTER)
