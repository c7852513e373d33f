"""The file of tokens: a line `role name token` each, the token itself or sha256: and its hash."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from streams.console.roles import Who
from streams.errors import UsageError
from streams.security.console_access import ROLES, Role
from streams.security.private_files import warn_if_everybody_reads

SHORTEST: Final = 16
_HASHED: Final = re.compile(r"sha256:([0-9a-f]{64})")
_PARTS: Final = 3
_BY_WORD: Final[Mapping[str, Role]] = {role: role for role in ROLES}


class Tokens:
    """Knows who has which token. Hashes alone are kept."""

    def __init__(self, by_hash: Mapping[bytes, Who]) -> None:
        """by_hash: by the SHA-256 of the token."""
        self._by_hash = by_hash

    def who(self, token: str) -> Who | None:
        """Gives who has a token; None where nobody has. It takes the same time wherever two differ."""
        given = hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
        found = None
        for known, who in self._by_hash.items():
            if hmac.compare_digest(known, given):
                found = who
        return found


def read_tokens(file: Path) -> Tokens:
    """Reads a file of tokens.

    Raises:
        UsageError: It cannot be read, or a line cannot be used; no token is in the message.
    """
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
        warn_if_everybody_reads(file, "TIERFLOW_CONSOLE_TOKENS")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"TIERFLOW_CONSOLE_TOKENS: {file} cannot be read; write a text file that this user may read"
        ) from error
    by_hash: dict[bytes, Who] = {}
    for number, line in enumerate(lines, 1):
        if line.strip() and not line.lstrip().startswith("#"):
            digest, who = _entry(line.split(), f"TIERFLOW_CONSOLE_TOKENS, {file}, line {number}")
            by_hash[digest] = who
    if not by_hash:
        raise UsageError(f"TIERFLOW_CONSOLE_TOKENS: {file} has no token; write lines such as: agent alice <token>")
    return Tokens(by_hash)


def _entry(parts: list[str], where: str) -> tuple[bytes, Who]:
    if len(parts) != _PARTS or parts[0] not in _BY_WORD:
        raise UsageError(f"{where}: write a role ({', '.join(ROLES)}), a name and a token, with spaces between them")
    role, name, token = parts
    hashed = _HASHED.fullmatch(token)
    if hashed is None and len(token) < SHORTEST:
        raise UsageError(f"{where}: the token is short; write at least {SHORTEST} signs, or sha256: and its hash")
    digest = bytes.fromhex(hashed[1]) if hashed else hashlib.sha256(token.encode()).digest()
    return digest, Who(name, _BY_WORD[role], name)
