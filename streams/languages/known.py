"""All languages that tiers are explained in."""

from collections.abc import Mapping
from typing import Final

from streams.languages.english import ENGLISH
from streams.languages.forms_in_simplified_chinese import FORMS as SIMPLIFIED
from streams.languages.forms_in_traditional_chinese import FORMS as TRADITIONAL
from streams.languages.said import told
from streams.languages.simplified_chinese import SIMPLIFIED_CHINESE
from streams.languages.traditional_chinese import TRADITIONAL_CHINESE
from streams.languages.words import Words

LANGUAGES: Final[Mapping[str, Words]] = {
    words.language: words for words in (ENGLISH, TRADITIONAL_CHINESE, SIMPLIFIED_CHINESE)
}
"""By the language's tag."""

FORMS: Final[Mapping[str, Mapping[str, str]]] = {"en": {}, "zh-TW": TRADITIONAL, "zh-CN": SIMPLIFIED}
"""By the language's tag: what said.told() tells sentences by. In English they are said already."""


def in_all_languages(text: str) -> dict[str, str]:
    """Tells a sentence in every language, by the language's tag."""
    return {language: told(text, forms) for language, forms in FORMS.items()}
