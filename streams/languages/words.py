"""What a language has to have to explain a tier in it. Structs alone."""

from collections.abc import Mapping
from typing import NamedTuple


class Words(NamedTuple):
    """The words of one language; all texts are formats, whose fields sentences.py fills.

    language: as in RFC 5646. names: under which languages the policy may have a name, the best first.
    sentences: by what is said. reasons: why a tier changed, by the reason, or by reason and direction where these
    differ. outcomes: of loans, and the word for an alert. clause: what stands between two parts of a sentence.
    date: of year, month and day. time: of a date, hour and minute. months: their names; empty where `date` needs none.
    """

    language: str
    names: tuple[str, ...]
    sentences: Mapping[str, str]
    reasons: Mapping[str, str]
    standings: Mapping[str, str]
    outcomes: Mapping[str, str]
    measures: Mapping[str, str]
    currencies: Mapping[str, str]
    other_currency: str
    clause: str
    time: str
    date: str
    months: tuple[str, ...] = ()
