"""Numbers and lists as sentences have them."""

from collections.abc import Iterable
from decimal import Decimal

from streams.languages.said import and_also, commas, joined, say


def amount(text: str | None) -> str:
    """Writes an amount with commas between thousands."""
    return f"{Decimal(text or 0):,f}"


def in_days(number: int) -> str:
    """Writes a number of days: 1 day, 30 days."""
    return say("1 day") if number == 1 else say("{number} days", number=f"{number:,}")


def in_months(number: int) -> str:
    """Writes a number of months."""
    return say("1 month") if number == 1 else say("{number} months", number=f"{number:,}")


def in_seconds(number: int) -> str:
    """Writes a number of seconds."""
    return say("1 second") if number == 1 else say("{number} seconds", number=f"{number:,}")


def listed(parts: Iterable[str]) -> str:
    """Writes a list: one, two and three."""
    *most, last = parts
    return and_also(joined(most, commas), last) if most else last


def percent(share: str) -> str:
    """Writes a share of 1 as a percentage, without its sign."""
    whole, _, fraction = f"{abs(Decimal(share)) * 100:f}".partition(".")
    fraction = fraction.rstrip("0")
    return f"{whole}.{fraction}%" if fraction else f"{whole}%"
