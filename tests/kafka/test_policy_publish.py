"""`tierflow policy publish` as it is called: what it says, and when it acts."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from streams.kafka.policies import read_known_policies
from streams.policy.compile.load import load_policy
from streams.settings import Settings

TIERFLOW = Path(sys.executable).with_name("tierflow")
V1 = """\
name = "hr-bank"
version = 1
currency = "EUR"
rates = { HRK = "0.13272281", USD = "0.92" }
tiers = [{ id = "low" }, { id = "mid", at_least = "50000" }]
"""
V2 = V1.replace('HRK = "0.13272281", ', "").replace("version = 1", "version = 2")


@pytest.fixture
def published(settings: Settings, environment: dict[str, str], tmp_path: Path) -> "Publishing":
    return Publishing(settings, environment, tmp_path / "policy.toml")


class Publishing:
    """The command on the topics of this test, without a terminal."""

    def __init__(self, settings: Settings, environment: dict[str, str], file: Path) -> None:
        self.settings, self.file = settings, file
        self.environment = {**os.environ, **environment}

    def __call__(self, document: str, *options: str) -> subprocess.CompletedProcess[str]:
        self.file.write_text(document)
        command = [TIERFLOW, "policy", "publish", str(self.file), *options]
        return subprocess.run(
            command, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )

    def in_force(self) -> str | None:
        return asyncio.run(read_known_policies(self.settings)).in_force


def test_without_a_terminal_it_wants_yes(published: Publishing) -> None:
    done = published(V1)
    assert done.returncode == 2
    assert "write --yes" in done.stderr
    assert "no policy is in force yet" in done.stdout
    assert published.in_force() is None
    assert published(V1, "--yes").returncode == 0
    assert published.in_force() == load_policy(V1).digest


def test_a_currency_loses_its_rate_only_where_that_is_said(published: Publishing) -> None:
    published(V1, "--yes")
    refused = published(V2, "--yes")
    assert refused.returncode == 2
    assert "write --without-currency HRK" in refused.stderr
    assert "HRK loses its rate" in refused.stdout
    assert published.in_force() == load_policy(V1).digest
    assert published(V2, "--yes", "--without-currency", "HRK").returncode == 0
    assert published.in_force() == load_policy(V2).digest


def test_the_policy_that_is_in_force_need_not_be_published_again(published: Publishing) -> None:
    published(V1, "--yes")
    done = published(V1)  # without --yes: there is nothing to ask
    assert (done.returncode, done.stderr) == (0, "")
    assert "is in force already" in done.stdout
