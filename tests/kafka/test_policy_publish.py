"""`tierflow policy publish` as it is called: what it says, and when it acts."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from unittest.mock import Mock

import pytest
from typer.testing import CliRunner

from streams.cli.commands import app
from streams.errors import UsageError
from streams.kafka.policies import read_known_policies
from streams.policy.compile.load import load_policy
from streams.settings import Settings
from tests.support.worker_processes import Events

TIERFLOW = Path(sys.executable).with_name("tierflow")
V1 = """\
name = "hr-bank"
version = 1
currency = "EUR"
rates = { HRK = "0.13272281", USD = "0.92" }
tiers = [{ id = "low" }, { id = "mid", at_least = "50000" }]
"""
V2 = V1.replace('HRK = "0.13272281", ', "").replace("version = 1", "version = 2")

V3 = V1.replace("50000", "200000").replace("version = 1", "version = 3")


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


@pytest.fixture
def two_customers(published: Publishing) -> None:
    """C1 holds kuna, which V2 has no rate for, and C2 holds euros; V1 is in force."""

    async def send() -> None:
        async with Events(published.settings) as events:
            for customer, currency in (("C1", "HRK"), ("C2", "EUR")):
                await events.balance(customer, 900_000, currency=currency)
            await events.settle()

    published(V1, "--yes")
    asyncio.run(send())


@pytest.mark.usefixtures("two_customers")
def test_who_would_move_is_said_by_what_the_inputs_hold(published: Publishing) -> None:
    lost = published(V2, "--without-currency", "HRK").stdout
    assert "1 customers: 0 up (0.0%), 0 down (0.0%), 1 stay (100.0%)" in lost
    assert "left out: 1 with a tier under hr-bank v1 alone" in lost
    done = published(V3, "--yes")
    assert "2 customers: 0 up (0.0%), 1 down (50.0%), 1 stay (50.0%)" in done.stdout
    assert published.in_force() == load_policy(V3).digest


@pytest.mark.usefixtures("two_customers")
@pytest.mark.parametrize(
    ("count", "options", "said"),
    [
        (None, (), "2 customers: 0 up (0.0%), 1 down"),
        (None, ("--no-moves",), None),
        (500_001, (), "not worked out: the inputs hold 500,001 records; --moves works them"),
        (500_001, ("--moves",), "2 customers: 0 up (0.0%), 1 down"),
        (UsageError("a right is missing"), (), "not known, since the inputs cannot be read: a right is missing"),
    ],
)
def test_it_is_published_whether_who_would_move_can_be_said_or_not(
    published: Publishing,
    monkeypatch: pytest.MonkeyPatch,
    count: int | Exception | None,
    options: tuple[str, ...],
    said: str | None,
) -> None:
    if count is not None:
        monkeypatch.setattr("streams.simulate.inputs.count_inputs", Mock(side_effect=[count]))
    published.file.write_text(V3)
    command = ["policy", "publish", str(published.file), "--yes", *options]
    done = CliRunner().invoke(app, command, env=published.environment, catch_exceptions=False)
    assert done.exit_code == 0
    assert (said or "is in force") in done.stdout
    assert ("customers:" in done.stdout) is (said is not None and "customers:" in said)
    assert published.in_force() == load_policy(V3).digest
