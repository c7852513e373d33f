"""Every language can say all that there is to say."""

from string import Formatter

import pytest

from streams.languages.known import LANGUAGES
from streams.languages.words import Words
from streams.values.standings import STANDINGS


def fields_of(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("words", LANGUAGES.values(), ids=LANGUAGES)
def test_a_language_has_the_sentences_reasons_and_words_of_english(words: Words) -> None:
    english = LANGUAGES["en"]
    for of_it, of_english in ((words.sentences, english.sentences), (words.reasons, english.reasons)):
        assert {name: fields_of(text) for name, text in of_it.items()} == {
            name: fields_of(text) for name, text in of_english.items()
        }
    assert words.standings.keys() == set(STANDINGS)
    assert words.outcomes.keys() == {"standard", "enhanced", "refer", "alert"}
    assert words.measures.keys() == english.measures.keys()
    assert {"year", "day"} <= fields_of(words.date)
    assert fields_of(words.time) == {"date", "hour", "minute"}
    assert all(fields_of(text) == {"amount"} for text in words.currencies.values())
