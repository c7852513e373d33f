"""Writes docs/settings.md: python docs/write_settings.py.

Names, defaults and what they are for are those of config/tierflow.env, which a test holds against the code. What a
setting takes is what the code says when it is given something that cannot be.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from streams.errors import UsageError
from streams.settings import Settings

PROJECT = Path(__file__).parents[1]
FILE = PROJECT / "config/tierflow.env"
PAGE = PROJECT / "docs/settings.md"
_SETTING = re.compile(r"#((?:KAFKA|TIERFLOW)_[A-Z_]+)=(.*)")
_SECTION = re.compile(r"# --- (.+) ---")
_IMPOSSIBLE = "?! no such thing ?!"
# Under these others a setting is looked at by itself.
_OTHERS = (
    {},
    {"TIERFLOW_HTTP_TOKEN": "token"},
    {"TIERFLOW_REGISTRY_USER": "name", "TIERFLOW_REGISTRY_PASSWORD": "password"},
    {"KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT", "KAFKA_SASL_MECHANISM": "OAUTHBEARER"},
)
_HEAD = """# Settings

Environment variables of every command; a file `.env` in the folder where it is started is read too, and the environment
wins over it. A wrong value stops the start with a sentence that says what to write. The same as a file to copy:
[`config/tierflow.env`](../config/tierflow.env). This page is written by `python docs/write_settings.py`, from that
file and from what the code says.
"""


class Block(NamedTuple):
    """Settings that stand together, with their defaults, and what is said of them."""

    text: str
    defaults: dict[str, str]


def page() -> str:
    """Gives the text of the page."""
    return "\n".join([_HEAD, *_sections(FILE.read_text(encoding="utf-8"))]) + "\n"


def _sections(text: str) -> Iterator[str]:
    for paragraph in text.split("\n\n"):
        if section := _SECTION.fullmatch(paragraph.strip()):
            yield f"## {section[1]}\n"
        elif (block := _block(paragraph)).defaults:
            yield f"{block.text}\n\n| setting | default | takes |\n| --- | --- | --- |"
            for name, default in block.defaults.items():
                yield f"| `{name}` | {default} | {takes(name)} |"
            yield ""


def _block(paragraph: str) -> Block:
    lines = paragraph.strip().splitlines()
    found = [match for match in map(_SETTING.fullmatch, lines) if match]
    said = " ".join(line.lstrip("# ") for line in lines if not _SETTING.fullmatch(line))
    return Block(said.replace("<", "&lt;"), {match[1]: match[2] for match in found})


def takes(name: str) -> str:
    """Gives what the code says of a value that cannot be, and whether it shows what it is given."""
    form = next(filter(None, (_said(name, _IMPOSSIBLE, others) for others in _OTHERS)), "text")
    return form if _is_shown(name) else f"{form}; never logged"


def _said(name: str, value: str, others: Mapping[str, str]) -> str:
    """Gives what to write, in the code's words; nothing where the value is taken, or where others are asked for."""
    try:
        Settings.from_environment({"HOME": "/", **others, name: value}, dotenv=None)
    except UsageError as error:
        wrong, _, form = str(error).partition("; write ")
        return form.replace("|", "\\|") if wrong.startswith(name) else ""
    return ""


def _is_shown(name: str) -> bool:
    """Says whether the settings show what they are given; those that take no such text at all hold no secret."""
    for others in _OTHERS:
        try:
            settings = Settings.from_environment({"HOME": "/", **others, name: "some-text"}, dotenv=None)
        except UsageError:
            continue
        return "some-text" in repr(settings)
    return True


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
