"""Every sentence that is made of a form can be told in every language."""

import ast
import pickle
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

import streams
from streams.languages.known import FORMS, LANGUAGES
from streams.languages.said import Said, say, told

ROOT = Path(streams.__file__).parent
CHINESE = {language: forms for language, forms in FORMS.items() if language != "en"}


MODULES = [
    module
    for module in sorted(ROOT.rglob("*.py"))
    if module.name == "said.py" or "streams.languages.said import" in module.read_text()
]


def said_in(module: Path) -> Iterator[ast.expr]:
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "say":
            yield node.args[0]


def all_forms() -> set[str]:
    found = {form.value for module in MODULES for form in said_in(module) if isinstance(form, ast.Constant)}
    return {str(form) for form in found}


def fields_of(form: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(form) if name is not None}


def test_forms_are_written_out_where_they_are_said() -> None:
    computed = [module.name for module in MODULES for form in said_in(module) if not isinstance(form, ast.Constant)]
    assert computed == []


@pytest.mark.parametrize("language", CHINESE)
def test_a_language_has_every_form_and_no_other(language: str) -> None:
    assert CHINESE[language].keys() == all_forms()
    assert FORMS.keys() == LANGUAGES.keys()


@pytest.mark.parametrize("language", CHINESE)
def test_a_form_has_the_fields_of_the_english_one(language: str) -> None:
    different = [one for one, other in CHINESE[language].items() if fields_of(one) != fields_of(other)]
    assert different == []


def test_a_sentence_is_its_english_text_and_is_told_with_what_it_is_made_of() -> None:
    tier = say("{tiers} tiers", tiers=3)
    sentence = say("{one}; {other}", one=tier, other="low")
    assert sentence == "3 tiers; low"
    assert told(sentence, FORMS["zh-TW"]) == "3 個等級；low"
    assert told("low", FORMS["zh-TW"]) == "low"


def test_a_sentence_comes_through_to_another_process() -> None:
    sentence = pickle.loads(pickle.dumps(say("{tiers} tiers", tiers=say("1 day"))))  # noqa: S301 - our own
    assert isinstance(sentence, Said)
    assert told(sentence, FORMS["zh-CN"]) == "1 天 个等级"
