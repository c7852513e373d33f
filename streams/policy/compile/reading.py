"""The struct of a reading: what comes of a policy document."""

from typing import NamedTuple

from streams.policy.language.document import PolicyFile
from streams.policy.language.problem import Problem
from streams.policy.policy import Policy


class Reading(NamedTuple):
    """The policy and the file that it was made of; or None twice, and the problems."""

    policy: Policy | None
    file: PolicyFile | None
    problems: tuple[Problem, ...]
