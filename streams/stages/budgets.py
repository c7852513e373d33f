"""The stage of budgets: candidates in, keyed by campaign; the triggers that a budget grants out.

Why budgets are a stage of their own: docs/architecture.md#budgets.
"""

import logging

from streams.contracts.kept import LaneRecord
from streams.partition.budgets import Budgets
from streams.partition.work import CAMPAIGNS, Work
from streams.settings import Settings
from streams.stages.placing import place_of_budgets, place_of_customers
from streams.stages.stage import Output, Stage

NAME = "budgets"
_log = logging.getLogger(__name__)


def budgets_stage(settings: Settings) -> Stage:
    """Makes the stage. It needs no policy: a candidate carries the limits of its budget."""

    def open_partition(_: int, packed: dict[bytes, bytes], lane: LaneRecord) -> Budgets:
        return Budgets(packed, lane)

    return Stage(
        name=NAME,
        title="budgets",
        group=settings.app_id,
        ids_prefix=f"{settings.transactional_ids}grants-",
        inputs=(settings.candidates_topic,),
        outputs={CAMPAIGNS: Output(settings.output_topic(CAMPAIGNS), place_of_customers(settings))},
        changelog=settings.budgets_changelog_topic,
        open=open_partition,
        place=place_of_budgets(),
        witnesses=(CAMPAIGNS,),
        sleeps=True,
        committed=_say_what_is_spent,
    )


def _say_what_is_spent(work: Work) -> None:
    for metric, *labels in work.tally:
        if metric == "spent":
            campaign, period = labels
            _log.warning("campaign %s: the budget of %s has refused a first trigger", campaign, period or "all time")
