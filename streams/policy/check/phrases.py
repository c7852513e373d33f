"""Numbers and lists as sentences have them."""

from collections.abc import Iterable
from decimal import Decimal


def amount(text: str | None) -> str:
    """Writes an amount with commas between thousands."""
    return f"{Decimal(text or 0):,f}"


def count(number: int, noun: str) -> str:
    """Writes a number and what is counted: 1 day, 30 days."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def listed(parts: Iterable[str], word: str = "and") -> str:
    """Writes a list: one, two and three."""
    *most, last = parts
    return f"{', '.join(most)} {word} {last}" if most else last


def percent(share: str) -> str:
    """Writes a share of 1 as a percentage, without its sign."""
    whole, _, fraction = f"{abs(Decimal(share)) * 100:f}".partition(".")
    fraction = fraction.rstrip("0")
    return f"{whole}.{fraction}%" if fraction else f"{whole}%"
