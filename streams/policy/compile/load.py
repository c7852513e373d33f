"""The way into the compiler: the text of a policy file in; a policy out, or all that is wrong with the text."""

from streams.policy.compile.policy import compile_policy
from streams.policy.compile.reading import Reading
from streams.policy.language.problem import Problem
from streams.policy.language.problems import PolicyError, Problems
from streams.policy.language.reader import read_as_policy_file
from streams.policy.language.toml_text import read_toml
from streams.policy.policy import Policy


def load_policy(document: str) -> Policy:
    """Compiles a policy document, the text of a TOML file (docs/policies.md).

    Raises:
        PolicyError: The policy cannot be used; the message says where, what is wrong and what is allowed.
    """
    reading = read_policy(document)
    if reading.policy is None:
        raise PolicyError(reading.problems)
    return reading.policy


def load_published(document: str) -> Policy:
    """Compiles a policy document that was published: a currency may have a code that is none of ISO 4217, such as RMB.

    Earlier releases took it, and customers were rated by it.

    Raises:
        PolicyError: The policy cannot be used.
    """
    reading = read_policy(document, is_published=True)
    if reading.policy is None:
        raise PolicyError(reading.problems)
    return reading.policy


def read_policy(document: str, *, is_published: bool = False) -> Reading:
    """Compiles a policy document; gives the policy and its file, or else all problems that could be found.

    is_published: whether problems are passed over that earlier releases let pass.
    """
    written = read_toml(document)
    if isinstance(written, Problem):
        return Reading(None, None, (written,))
    problems = Problems(written)
    file = read_as_policy_file(written, problems)
    policy = compile_policy(file, problems, document)
    grave = tuple(problem for problem in problems.found if not (is_published and problem.is_mild))
    if grave:
        return Reading(None, None, grave)
    return Reading(policy, file, ())
