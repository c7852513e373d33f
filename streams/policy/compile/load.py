"""The way into the compiler: the text of a policy file in; a policy out, or all that is wrong with the text."""

import re
import tomllib
from decimal import Decimal

from streams.policy.compile.policy import compile_policy
from streams.policy.compile.reading import Reading
from streams.policy.language.problem import NOT_TOML, Problem
from streams.policy.language.problems import PolicyError, Problems
from streams.policy.language.reader import read_as_policy_file
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
    try:
        written = tomllib.loads(document, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        return Reading(None, None, (_toml_problem(document, str(error)),))
    except (RecursionError, ArithmeticError, ValueError):  # lists nested without end; numbers and dates out of range
        said = f"{NOT_TOML}a number or a date in it is out of range, or it is nested too deeply"
        return Reading(None, None, (Problem((), "", said, is_syntax=True),))
    problems = Problems(written)
    file = read_as_policy_file(written, problems)
    policy = compile_policy(file, problems, document)
    grave = tuple(problem for problem in problems.found if not (is_published and problem.is_mild))
    if grave:
        return Reading(None, None, grave)
    return Reading(policy, file, ())


def _toml_problem(document: str, said: str) -> Problem:
    message, _, place = said.partition(" (at ")
    line = re.match(r"line ([0-9]+)", place)
    last = document.rstrip().count("\n") + 1
    number = int(line[1]) if line else last
    return Problem((), "", f"{NOT_TOML}{message}", number, is_syntax=True)
