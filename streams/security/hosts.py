"""Whether an address can only mean this machine."""

from ipaddress import ip_address


def is_loopback(host: str) -> bool:
    """Says whether a host name or address can only mean this machine."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
