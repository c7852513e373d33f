"""What comes of a document that is read."""

from typing import NamedTuple

from streams.policy.language.document import PolicyFile
from streams.policy.language.problem import Problem
from streams.policy.policy import Policy


class Reading(NamedTuple):
    """The policy and the file that it is of, or else the problems."""

    policy: Policy | None
    file: PolicyFile | None
    problems: tuple[Problem, ...]
