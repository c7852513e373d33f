"""Reads the numbers of a policy file as the integers that decisions are made with."""

from streams.values.money import parse_fixed


def read_fixed(text: str | None, decimals: int) -> int:
    """Reads a number as an integer of 10**-decimals; 0 for None, and for a text that language/forms.py has refused."""
    try:
        return parse_fixed(text or "0", decimals)
    except ValueError:
        return 0
