"""A policy read from its file: by the worker, the benchmarks and the commands alike."""

from pathlib import Path

from streams.engine.compile import load_policy
from streams.engine.policy import Policy, PolicyError
from streams.errors import UsageError


def read_policy_file(file: Path, named_by: str) -> Policy:
    """The policy in a file that an option or a setting names; UsageError where it cannot be used."""
    try:
        return load_policy(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{named_by}: {file} cannot be read: {error.strerror}; name a policy file") from error
    except (PolicyError, UnicodeDecodeError) as error:
        raise UsageError(f"{named_by}, {file}: {error}") from error
