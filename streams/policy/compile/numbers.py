"""Numbers of a policy file as the integers that decisions are made with."""

from streams.values.money import parse_fixed


def fixed(text: str | None, decimals: int) -> int:
    """Reads a number that language/forms.py has looked at: 0 for none, and for one whose fault is told already."""
    try:
        return parse_fixed(text or "0", decimals)
    except ValueError:
        return 0
