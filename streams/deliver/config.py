"""The endpoints of `config/deliver.toml`, each checked before anything starts. Secrets come from the environment.

The words of the file: docs/deliver.md#for-who-runs-it.
"""

import re
import tomllib
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal, get_args
from urllib.parse import urlsplit

import msgspec

from streams.engine.outcomes import Direction, Group
from streams.errors import UsageError
from streams.policy.campaigns import CampaignKind
from streams.policy.loans import LoanOutcome
from streams.security.hosts import is_loopback

Stream = Literal["changes", "campaigns", "risk", "erasures"]
RiskKind = Literal["decision", "alert"]
Kind = Literal[CampaignKind, RiskKind, LoanOutcome]
Begin = Literal["now", "earliest"]
_CHOICES: dict[str, tuple[str, ...]] = {
    "events": get_args(Stream),
    "kinds": get_args(Kind),
    "directions": get_args(Direction),
    "groups": get_args(Group),
    "begin": get_args(Begin),
}

_PLACE = re.compile(r"`\$\.endpoints\[(\d+)\](?:\.(\w+))?")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")
_HEADER_VALUE = re.compile(r"[ -~]+")
# How long Standard Webhooks wants a secret to be.
_SECRET_BYTES = range(24, 65)
_HOW = "docs/deliver.md shows how it is written"


class Endpoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One `[[endpoints]]` table of the file. An empty filter lets everything through. Times are in seconds."""

    name: str
    url: str
    secret_env: str
    authorization_env: str = ""
    events: Annotated[tuple[Stream, ...], msgspec.Meta(min_length=1)] = ("changes", "campaigns", "risk", "erasures")
    tiers: tuple[str, ...] = ()
    directions: tuple[Direction, ...] = ()
    kinds: tuple[Kind, ...] = ()
    groups: tuple[Group, ...] = ("treated",)
    begin: Begin = "now"
    timeout_s: Annotated[float, msgspec.Meta(gt=0, le=300)] = 10.0
    tries: Annotated[int, msgspec.Meta(ge=1, le=100)] = 8
    backoff_s: Annotated[float, msgspec.Meta(gt=0, le=3600)] = 1.0
    backoff_limit_s: Annotated[float, msgspec.Meta(gt=0, le=86_400)] = 60.0
    in_flight: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 32
    allow_http: bool = False
    proxy_from_environment: bool = False


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    endpoints: tuple[Endpoint, ...] = ()


@dataclass(frozen=True, slots=True)
class Target:
    """An endpoint and its secrets. Each secret signs every request; there are two while a secret is changed."""

    endpoint: Endpoint
    secrets: tuple[str, ...] = field(repr=False)
    authorization: str = field(default="", repr=False)


def read_targets(path: Path, variables: Mapping[str, str]) -> list[Target]:
    """Reads the endpoints of the file, with their secrets. variables: the environment.

    Raises:
        UsageError: The file, an endpoint or a secret cannot be used.
    """
    endpoints = _read(path).endpoints
    if not endpoints:
        raise UsageError(f"{path} has no [[endpoints]]; add one, {_HOW}")
    names = [endpoint.name for endpoint in endpoints]
    for endpoint in endpoints:
        if names.count(endpoint.name) > 1:
            raise UsageError(
                f"{path}: two endpoints have the name {endpoint.name}; each needs its own position, so rename one"
            )
        _check(endpoint, path)
    return [_target(endpoint, path, variables) for endpoint in endpoints]


def _read(path: Path) -> _File:
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _File)
    except FileNotFoundError as error:
        raise UsageError(f"there is no file {path}; write one, or name it with --config ({_HOW})") from error
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read ({error}); write it as UTF-8 text, readable for this user") from error
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path} is no TOML: {error}; {_HOW}") from error
    except msgspec.ValidationError as error:
        raise UsageError(f"{path}, {_in_words(str(error))}; {_HOW}") from error


def _in_words(error: str) -> str:
    """Puts an error of msgspec into words for whoever writes the file: where it is, and what is wrong."""
    what, _, where = error.partition(" - at ")
    found = _PLACE.match(where)
    place = "the whole" if found is None else f"endpoint {int(found[1]) + 1}{f', {found[2]}' if found[2] else ''}"
    what = what.replace("Object missing required field", "there is no").replace("Expected", "it must be")
    if "unknown field" in what:
        words = ("endpoints",) if found is None else Endpoint.__struct_fields__
        what = f"{what.replace('Object contains unknown field', 'there is no word')}; the words are {', '.join(words)}"
    elif found is not None and found[2] in _CHOICES and "enum" in what:
        what = f"{what.removeprefix('Invalid enum value ')} is none of {', '.join(_CHOICES[found[2]])}"
    return f"{place}: {what}"


def _check(endpoint: Endpoint, path: Path) -> None:
    where = f"{path}, endpoint {endpoint.name!r}"
    if not _NAME.fullmatch(endpoint.name):
        raise UsageError(
            f"{where}: write a name of 1 to 40 small letters, digits and hyphens; its position has this name"
        )
    for word, name in (("secret_env", endpoint.secret_env), ("authorization_env", endpoint.authorization_env)):
        if not _VARIABLE.fullmatch(name) and (name or word == "secret_env"):
            raise UsageError(
                f"{where}: {word} must be the name of an environment variable, of capital letters, digits and "
                "underscores, never the secret itself"
            )
    try:
        parts = urlsplit(endpoint.url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise UsageError(f"{where}: the url cannot be used ({error}); write https://host/path") from error
    if parts.scheme not in {"http", "https"} or not host or parts.fragment:
        raise UsageError(f"{where}: the url must be https://host/path, without a fragment")
    if parts.username is not None or parts.password is not None:
        raise UsageError(f"{where}: the url holds a user or password; put them in the variable of authorization_env")
    if parts.scheme == "http" and not endpoint.allow_http and not is_loopback(host):
        raise UsageError(
            f"{where}: http sends customers' data in the clear; write https://, or allow_http = true where the "
            "network is trusted"
        )


def _target(endpoint: Endpoint, path: Path, variables: Mapping[str, str]) -> Target:
    where = f"{path}, endpoint {endpoint.name!r}"
    secrets = tuple(variables.get(endpoint.secret_env, "").split())
    if not secrets:
        raise UsageError(f"{where}: {endpoint.secret_env} is not set; write whsec_ and the secret in base64 into it")
    if not all(_is_secret(secret) for secret in secrets):
        raise UsageError(
            f"{where}: {endpoint.secret_env} is no Standard Webhooks secret; write whsec_ and 24 to 64 random bytes in "
            'base64, such as from: echo "whsec_$(openssl rand -base64 32)"'
        )
    if not endpoint.authorization_env:
        return Target(endpoint, secrets)
    authorization = variables.get(endpoint.authorization_env, "")
    if not _HEADER_VALUE.fullmatch(authorization):
        raise UsageError(
            f"{where}: {endpoint.authorization_env} is not set, or no header can carry it; write the whole value of "
            "the Authorization header into it, such as Bearer and a token"
        )
    return Target(endpoint, secrets, authorization)


def _is_secret(text: str) -> bool:
    prefix, _, encoded = text.partition("_")
    try:
        # standardwebhooks takes secrets without padding, too.
        return prefix == "whsec" and len(b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)) in _SECRET_BYTES
    except ValueError:
        return False
