"""The language of a command: that of --lang or, where there is none, that of the environment if it is Chinese."""

import os
import re
from collections.abc import Mapping
from typing import Annotated

import typer

from streams.errors import UsageError

# The variables that say the language of messages, the first that is set counts (POSIX, chapter 8.2).
_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")
_TRADITIONAL = re.compile(r"zh[_-](tw|hk|mo|hant)", re.IGNORECASE)

Lang = Annotated[
    str | None,
    typer.Option("--lang", metavar="LANGUAGE", help="en, zh-TW or zh-CN; else Chinese where LANG is zh_TW or zh_CN."),
]


def asked_language(lang: str | None, *, as_json: bool = False) -> str | None:
    """Gives the language that is asked for; None where nobody asks: the output is then that for engineers, in English.

    An environment that is not Chinese asks for nothing. as_json: --json was written, which --lang does not go with.

    Raises:
        UsageError: There is no such language.
    """
    from streams.languages.known import LANGUAGES

    if lang is None:
        return None if as_json else language_of(os.environ)
    if lang not in LANGUAGES:
        raise UsageError(f"--lang is {lang!r}; write {', '.join(list(LANGUAGES)[:-1])} or {list(LANGUAGES)[-1]}")
    if as_json:
        raise UsageError("--lang gives sentences, and --json an object of fields; write one of them")
    return lang


def language_of(environment: Mapping[str, str]) -> str | None:
    """Gives the Chinese that the environment asks for; None where it asks for another language."""
    said = next((environment[name] for name in _VARIABLES if environment.get(name)), "")
    if not said.lower().startswith("zh"):
        return None
    return "zh-TW" if _TRADITIONAL.match(said) else "zh-CN"
