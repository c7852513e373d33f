"""Every command of tierflow that a document writes exists, and so do its options."""

import re
from pathlib import Path
from typing import Any

import pytest
import typer

from streams.cli.commands import app
from streams.cli.examples import EXAMPLES
from tests.test_docs import PAGES, PROJECT

ROOT: Any = typer.main.get_command(app)
FENCED = re.compile(r"^ *```\w*\n.*?^ *```", re.DOTALL | re.MULTILINE)
# In blocks, lines that begin with it; in sentences, what stands between backticks.
IN_CODE = re.compile(r"(?:^ *|\$ |&& |\.venv/bin/)(tierflow [a-z-][^\n#|&;>]*)", re.MULTILINE)
IN_BLOCK = re.compile(r"^ {4,}(?:\.venv/bin/)?(tierflow [a-z-][^\n#|&;>]*)", re.MULTILINE)
IN_SENTENCE = re.compile(r"`(tierflow [a-z-][^`\n|]*)`")
# Of former releases, or what is to come.
OTHER_TIMES = {"CHANGELOG.md", "docs/plan.md"}
NOW = [page for page in PAGES if page.relative_to(PROJECT).as_posix() not in OTHER_TIMES]


def wrong(written: str) -> str | None:
    """Says what does not exist of a command as it is written; nothing of a sentence that begins with tierflow."""
    words = re.sub(r"[\[\]()\"',…]", " ", written).split()[1:]
    command, first = ROOT, ""
    while words and hasattr(command, "commands"):
        first = words.pop(0)
        if first.startswith("-") or first in {"/", "FILE"}:
            break
        if first not in command.commands:
            return first
        command = command.commands[first]
        if words[:1] == ["/"]:
            break  # several commands in one: start / stop / status
    options = {name for one in command.params for name in (*one.opts, *one.secondary_opts)} | {"--help", "-h"}
    given = [word.partition("=")[0] for word in [first, *words] if re.match(r"--[a-z]", word)]
    return next((word for word in given if not set(word.split("/")) <= options), None)


def written(page: str) -> set[str]:
    sentences = FENCED.sub("", page)
    found = IN_CODE.findall("\n".join(FENCED.findall(page)))
    return {command.strip() for command in (*found, *IN_BLOCK.findall(sentences), *IN_SENTENCE.findall(sentences))}


@pytest.mark.parametrize("page", NOW, ids=lambda page: str(page.relative_to(PROJECT)))
def test_commands_that_a_page_writes_exist_with_their_options(page: Path) -> None:
    assert {command: part for command in written(page.read_text()) if (part := wrong(command)) is not None} == {}


@pytest.mark.parametrize("command", EXAMPLES)
def test_the_examples_of_a_commands_help_exist(command: str) -> None:
    lines = [line[line.index("tierflow ") :] for line in EXAMPLES[command]]
    assert [line for line in lines if not line.startswith(f"tierflow {command}") or wrong(line)] == []


def test_commands_are_found_in_blocks_and_in_sentences() -> None:
    page = "tierflow does it\n\n    tierflow worker  # one\n\nby `tierflow watch`:\n\n```sh\ntierflow audit\n```\n"
    assert written(page) == {"tierflow worker", "tierflow watch", "tierflow audit"}


def test_a_command_or_an_option_that_is_not_there_is_found() -> None:
    assert wrong("tierflow worker --take-outputs") is None
    assert wrong("tierflow wrker") == "wrker"
    assert wrong("tierflow policy check FILE --sternly") == "--sternly"
