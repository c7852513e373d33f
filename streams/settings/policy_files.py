"""Policies as files: those that come with tierflow, and those that a setting names."""

from pathlib import Path
from typing import TYPE_CHECKING

from streams.errors import UsageError

if TYPE_CHECKING:
    from streams.policy.policy import Policy


def policy_folder() -> Path:
    """Gives the folder of the policies that come with tierflow: that of the checkout, or of the installed package."""
    here = Path(__file__).parent.parent
    checkout = here.parent / "config" / "policies"
    return checkout if checkout.is_dir() else here / "policies"


def read_policy_file(file: Path, named_by: str) -> "Policy":
    """Reads and compiles the policy of a file that an option or a setting names.

    Raises:
        UsageError: The file cannot be read, or its policy cannot be used.
    """
    from streams.policy.compile.load import load_policy  # noqa: PLC0415 - most settings need no policy
    from streams.policy.language.problems import PolicyError  # noqa: PLC0415

    try:
        return load_policy(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{named_by}: {file} cannot be read: {error.strerror}; name a policy file") from error
    except (PolicyError, UnicodeDecodeError) as error:
        raise UsageError(f"{named_by}, {file}: {error}") from error
