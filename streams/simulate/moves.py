"""Who would move if another policy came into force, by what the input topics hold now."""

from contextlib import closing

from streams.policy.policy import Policy
from streams.settings import Settings
from streams.simulate.inputs import read_inputs
from streams.simulate.matrix import Matrix, matrix_of
from streams.simulate.simulation import Simulation


def moves_between(before: Policy, after: Policy, settings: Settings) -> Matrix:
    """Works the input topics under both policies, and counts the customers.

    Raises:
        UsageError: Kafka does not answer, or a topic is missing.
    """
    first, second = (Simulation(policy, remembered_ids=settings.remembered_ids) for policy in (before, after))
    with closing(read_inputs(settings, before)) as batches:
        for batch in batches:
            for simulation in (first, second):
                for _ in simulation.work_in_parts(batch):
                    pass  # what comes out is of no interest, only who is where in the end
    return matrix_of(first, second)
