"""What the environment decides about access to a schema registry: the TIERFLOW_REGISTRY_ settings."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from streams.errors import UsageError

# No user, password or query: these are in settings of their own.
_URL = re.compile(r"https?://[^\s/@?#]+(?:/[^\s@?#]*)?")


@dataclass(frozen=True, kw_only=True)
class RegistryAccess:
    """How the registry lets us in. Secrets are not in its repr. cafile: empty: the authorities of the system.

    url: where it is, for the schemas of tables; the mapping names the one of sources.
    """

    url: str = ""
    user: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    cafile: str = ""

    @classmethod
    def from_variables(cls, given: Mapping[str, str]) -> "RegistryAccess":
        """Reads and checks the settings. given: the environment and the .env file.

        Raises:
            UsageError: One is wrong; the message says what to write.
        """
        user, password = given.get("TIERFLOW_REGISTRY_USER", ""), given.get("TIERFLOW_REGISTRY_PASSWORD", "")
        token, cafile = given.get("TIERFLOW_REGISTRY_TOKEN", ""), given.get("TIERFLOW_REGISTRY_CAFILE", "")
        if bool(user) != bool(password):
            raise UsageError("TIERFLOW_REGISTRY_USER and TIERFLOW_REGISTRY_PASSWORD belong together; set both, or none")
        if ":" in user:
            raise UsageError("TIERFLOW_REGISTRY_USER has a colon, which a name of basic authentication cannot have")
        if user and token:
            raise UsageError("TIERFLOW_REGISTRY_USER and TIERFLOW_REGISTRY_TOKEN are both set; set one of them")
        if not (token.isascii() and token.isprintable() and " " not in token):
            raise UsageError("TIERFLOW_REGISTRY_TOKEN has spaces or other signs that no header carries")
        if cafile and not Path(cafile).is_file():
            raise UsageError(f"TIERFLOW_REGISTRY_CAFILE: there is no file {cafile}; write the path of a PEM file")
        url = given.get("TIERFLOW_REGISTRY_URL", "").rstrip("/")
        if url and not _URL.fullmatch(url):
            raise UsageError("TIERFLOW_REGISTRY_URL cannot be used; write https://host:port, and a path if it has one")
        return cls(url=url, user=user, password=password, token=token, cafile=cafile)

    @property
    def has_secret(self) -> bool:
        """Says whether a password or a token goes along with each request."""
        return bool(self.password or self.token)
