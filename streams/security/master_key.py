"""Where the master key is from, which wraps the keys of customers: the TIERFLOW_KEYS settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from streams.errors import UsageError
from streams.sealing.keys import MasterKeyError, MasterKeys, master_keys
from streams.security.private_files import warn_if_everybody_reads
from streams.security.tokens import TokenError, output_of


@dataclass(frozen=True, kw_only=True)
class MasterKey:
    """Whether states and outputs are sealed by keys of customers, and who gives the key that wraps those."""

    are_on: bool = False
    file: str = ""
    command: str = field(default="", repr=False)  # often holds a secret

    @classmethod
    def from_variables(cls, given: Mapping[str, str]) -> "MasterKey":
        """Reads the settings. given: the environment and the .env file.

        Raises:
            UsageError: They do not fit together.
        """
        value = given.get("TIERFLOW_KEYS", "off")
        if value not in {"off", "on"}:
            raise UsageError(f"TIERFLOW_KEYS is {value!r}; write off or on")
        found = cls(
            are_on=value == "on",
            file=given.get("TIERFLOW_KEYS_MASTER_FILE", ""),
            command=given.get("TIERFLOW_KEYS_MASTER_COMMAND", ""),
        )
        if found.are_on and bool(found.file) == bool(found.command.strip()):
            raise UsageError(
                "TIERFLOW_KEYS is on, and the master key that wraps customers' keys has to come from one place: write "
                "TIERFLOW_KEYS_MASTER_FILE or TIERFLOW_KEYS_MASTER_COMMAND, and not both"
            )
        return found

    def master(self) -> MasterKeys:
        """Gives the master key, ready to wrap and to unwrap, and those beside it. It is read once a process.

        Raises:
            UsageError: It cannot be had, or is none.
        """
        return _master(self.file, self.command)


@cache
def _master(file: str, command: str) -> MasterKeys:
    source = f"TIERFLOW_KEYS_MASTER_FILE: {file}" if file else "TIERFLOW_KEYS_MASTER_COMMAND"
    try:
        return master_keys(_read(file) if file else output_of(command, source))
    except TokenError as error:
        raise UsageError(str(error)) from error
    except ValueError as error:
        if not isinstance(error, MasterKeyError):  # of quotes in the command; its text may hold a secret
            raise UsageError(f"{source} cannot be read as a command: a quote is not closed") from None
        raise UsageError(f"{source}: {error}") from error


def _read(file: str) -> str:
    path = Path(file).expanduser()
    try:
        warn_if_everybody_reads(path, "TIERFLOW_KEYS_MASTER_FILE")
        return path.read_text(encoding="ascii")
    except UnicodeDecodeError:
        return ""
    except OSError as error:
        why = f"{file} cannot be read ({error.strerror}); write the path of a file"
        raise UsageError(f"TIERFLOW_KEYS_MASTER_FILE: {why}") from error
