"""The stages that a worker runs. A further stage is one more line here."""

from collections.abc import Sequence

from streams.policy.policy import Policy
from streams.settings import Settings
from streams.stages.budgets import budgets_stage
from streams.stages.customers import customers_stage
from streams.stages.stage import Stage
from streams.stages.tables import tables_stage


def worked_stages(settings: Settings, policy: Policy, partitions: int) -> Sequence[Stage]:
    """Makes all stages under a policy. partitions: how many each input topic has."""
    stages = (customers_stage(settings, policy, partitions), budgets_stage(settings))
    return stages if settings.tables == "off" else (*stages, tables_stage(settings))
