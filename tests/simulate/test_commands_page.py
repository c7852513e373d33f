"""The page on the commands: its file of events gives what it says."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from streams.cli.commands import app
from streams.settings import policy_folder

PAGE = (Path(__file__).parents[2] / "docs" / "commands.md").read_text(encoding="utf-8")


def test_the_example_of_simulate_gives_what_the_page_says(tmp_path: Path) -> None:
    events, told = re.findall(r"```(?:json)?\n(\{.*?)```", PAGE, re.DOTALL)
    (tmp_path / "events.jsonl").write_text(events)
    options = ["--policy", str(policy_folder() / "assets-only.toml"), "--events", str(tmp_path / "events.jsonl")]
    result = CliRunner().invoke(app, ["simulate", *options])
    shown = [json.loads(line.replace(", …", "")) for line in told.splitlines()]
    assert [
        {field: change[field] for field in line}
        for change, line in zip(map(json.loads, result.stdout.splitlines()), shown, strict=True)
    ] == shown
    assert result.stderr.rsplit(" in ", 1)[0] in PAGE


def options_of(*words: str) -> set[str]:
    command: Any = get_command(app)
    for word in words:
        command = command.commands[word]
    return {name for param in command.params for name in param.opts if name.startswith("--") and name != "--help"}


@pytest.mark.parametrize(
    "words",
    [
        ("simulate",),
        ("load", "events"),
        ("load", "berka"),
        ("watch",),
        ("audit",),
        ("explain",),
        ("deliver",),
        ("deliver", "check"),
        ("deliver", "parked"),
        ("deliver", "resend"),
        ("dead-letters", "list"),
        ("dead-letters", "replay"),
        ("acls",),
    ],
)
def test_every_option_is_shown(words: tuple[str, ...]) -> None:
    shown = PAGE[PAGE.index(f"tierflow {words[0]}`") :].split("\n## ")[0]
    assert f"\ntierflow {' '.join(words)}" in shown
    assert [option for option in options_of(*words) if option not in shown] == []
