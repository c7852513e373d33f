"""Amounts, dates, names and sentences in one language."""

from collections.abc import Mapping
from datetime import datetime
from decimal import ROUND_DOWN, ROUND_UP, Context, Decimal

from streams.languages.words import Words

_CENT = Decimal("0.01")
_DIGITS = Context(prec=60)  # more than a floor can have; Python's own 28 would refuse large ones


class Writing:
    """Writes in one language. `say` fills the sentences, `why` the reasons, of its words."""

    def __init__(self, words: Words) -> None:
        self.words = words

    def say(self, what: str, **fields: str) -> str:
        """Writes a sentence. fields: what its format names."""
        return self.words.sentences[what].format(**fields)

    def why(self, reason: str, direction: str, previous: str) -> str:
        """Writes why a tier changed; a reason that is not known is told as the bank's rules."""
        reasons = self.words.reasons
        text = reasons.get(f"{reason} {direction}") or reasons.get(reason) or reasons["other"]
        return text.format(previous=previous)

    def name(self, names: Mapping[str, str], otherwise: str) -> str:
        """Gives the name in this language, or in one that is near; else `otherwise`. names: by language."""
        return next((names[language] for language in self.words.names if language in names), otherwise)

    def standing(self, standing: str) -> str:
        """Gives a credit standing in this language."""
        return self.words.standings.get(standing, standing)

    def money(self, amount: str, currency: str, rounding: str = ROUND_UP) -> str:
        """Writes an amount. What is missing is rounded up, which is the default; what there is, down."""
        text = self.words.currencies.get(currency, self.words.other_currency)
        return text.format(currency=currency, amount=grouped(amount, rounding))

    def date(self, at: str) -> str:
        """Writes the day of an RFC 3339 time, in the time's own offset."""
        on = datetime.fromisoformat(at)
        month_name = self.words.months[on.month - 1] if self.words.months else ""
        return self.words.date.format(year=on.year, month=on.month, day=on.day, month_name=month_name)

    def moment(self, at: str) -> str:
        """Writes the day and the minute of an RFC 3339 time, in the time's own offset."""
        on = datetime.fromisoformat(at)
        return self.words.time.format(date=self.date(at), hour=f"{on.hour:02}", minute=f"{on.minute:02}")


def grouped(amount: str, rounding: str = ROUND_DOWN) -> str:
    """Writes an amount with thousands separators and 2 decimals, or none if it is whole.

    It is rounded down unless told otherwise: an amount just below a floor must not look as if it reached it.
    """
    cents = Decimal(amount).quantize(_CENT, rounding, _DIGITS)
    return f"{cents:,.0f}" if cents == cents.to_integral_value() else f"{cents:,}"
