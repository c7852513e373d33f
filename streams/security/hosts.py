"""Hosts: whether one can only mean this machine, and whether it is one of those that a setting names."""

import re
from collections.abc import Iterable
from ipaddress import ip_address, ip_network

from streams.errors import UsageError

_PATTERN = re.compile(r"[a-z0-9.*?_-]+")
_ANY = re.compile(r"[.*]+")


def is_loopback(host: str) -> bool:
    """Says whether a host name or address can only mean this machine."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def matches(host: str, patterns: Iterable[str]) -> bool:
    """Says whether a host is among those named: a name, one with * and ?, an address, or a network with its length.

    * stands for signs of one label, as in a certificate: *.bank.internal is not a.b.bank.internal.
    """
    return any(_matches(host.lower(), pattern) for pattern in patterns)


def check_host_pattern(pattern: str, setting: str) -> None:
    """Checks what a setting names.

    Raises:
        UsageError: It is no name and no network, or names every host.
    """
    if _ANY.fullmatch(pattern):
        raise UsageError(
            f"{setting} has {pattern!r}, which a stranger's host fits, too; write what your workers' names have in "
            "common (worker-*.bank.internal), or their network (10.8.0.0/16)"
        )
    if not _PATTERN.fullmatch(pattern) and not _is_network(pattern):
        raise UsageError(
            f"{setting} has {pattern!r}; write host names (worker-*.bank.internal), addresses or networks "
            "(10.8.0.0/16), with commas between them"
        )


def _matches(host: str, pattern: str) -> bool:
    if not _is_network(pattern):
        one_label = re.escape(pattern).replace(r"\*", "[^.]*").replace(r"\?", "[^.]")
        return re.fullmatch(one_label, host) is not None
    try:
        return ip_address(host) in ip_network(pattern)
    except ValueError:
        return False


def _is_network(pattern: str) -> bool:
    try:
        ip_network(pattern)
    except ValueError:
        return False
    return True
