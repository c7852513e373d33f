"""The variables of the environment and of the .env file, and the values that are read of them."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from streams.errors import UsageError
from streams.values.fingerprint import REMEMBERED_AT_LEAST, REMEMBERED_AT_MOST

HIGHEST_PORT = 65_535


def variables(environ: Mapping[str, str] | None = None, dotenv: Path | None = Path(".env")) -> dict[str, str]:
    """Gives all variables: those of the environment, and those of the .env file that are not in the environment.

    Raises:
        UsageError: The file cannot be read, or a line of it is no setting.
    """
    return {**_read_dotenv(dotenv), **(os.environ if environ is None else environ)}


def _read_dotenv(path: Path | None) -> dict[str, str]:
    if path is None or not path.is_file():
        return {}
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read ({error}); write it as UTF-8 text, readable for this user") from error
    found = {}
    for number, written in enumerate(lines, 1):
        line = written.strip()
        if not line or line.startswith("#"):
            continue
        name, equals, value = line.removeprefix("export ").partition("=")
        if not equals:
            raise UsageError(f"{path}, line {number} is no setting; write NAME=value")
        found[name.strip()] = _unquoted(value.strip())
    return found


def _unquoted(value: str) -> str:
    """Gives what stands between quotes, unchanged; without quotes, what stands before a comment."""
    quoted = re.fullmatch(r"""(["'])(.*?)\1(\s+#.*)?""", value)
    return quoted[2] if quoted else re.split(r"(?:^|\s+)#", value, maxsplit=1)[0]


def remembered_ids(given: Mapping[str, str], name: str = "TIERFLOW_REMEMBERED_IDS") -> int:
    """Gives how many events of a customer and topic are remembered at least. given: the variables.

    Raises:
        UsageError: It is no number that can be.
    """
    value = given.get(name, str(REMEMBERED_AT_LEAST))
    if not re.fullmatch(r"[0-9]{1,6}", value) or not REMEMBERED_AT_LEAST <= int(value) <= REMEMBERED_AT_MOST:
        most = f"{REMEMBERED_AT_LEAST} to {REMEMBERED_AT_MOST:,}"
        raise UsageError(f"{name} is {value!r}; write a whole number from {most}, without a comma")
    return int(value)


def one_of(given: Mapping[str, str], name: str, allowed: tuple[str, ...]) -> str:
    """Gives the word of a variable; the first of those that are allowed is the default.

    Raises:
        UsageError: What is written is no such value; the message says what to write.
    """
    value = given.get(name, allowed[0])
    if value not in allowed:
        raise UsageError(f"{name} is {value!r}; write {', '.join(allowed[:-1])} or {allowed[-1]}")
    return value


def port(given: Mapping[str, str]) -> int:
    """Gives the port of the HTTP server.

    Raises:
        UsageError: What is written is no such value; the message says what to write.
    """
    value = given.get("TIERFLOW_HTTP_PORT", "6066")
    if not re.fullmatch(r"[0-9]{1,5}", value) or int(value) > HIGHEST_PORT:
        raise UsageError(f"TIERFLOW_HTTP_PORT is {value!r}; write a port from 1 to 65535, or 0 for any free one")
    return int(value)


def milliseconds(given: Mapping[str, str], name: str, default: int, longest: int) -> int:
    """Gives the milliseconds of a variable.

    Raises:
        UsageError: What is written is no such value; the message says what to write.
    """
    return _number(given, name, default, longest, f"milliseconds from 0 to {longest}, 0 for no wait")


def whole(given: Mapping[str, str], name: str, default: int, most: int) -> int:
    """Gives the whole number of a variable.

    Raises:
        UsageError: What is written is no such value; the message says what to write.
    """
    return _number(given, name, default, most, f"a whole number from 0 to {most}")


def _number(given: Mapping[str, str], name: str, default: int, most: int, allowed: str) -> int:
    value = given.get(name, str(default))
    if not re.fullmatch(r"[0-9]{1,10}", value) or int(value) > most:
        raise UsageError(f"{name} is {value!r}; write {allowed}")
    return int(value)
