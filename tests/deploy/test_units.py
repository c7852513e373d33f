"""The units of systemd: systemd takes them as they are, and they restart what a restart helps."""

import configparser
import re
import shutil
from pathlib import Path

import pytest
import typer

from streams.cli.commands import app
from tests.support.commands import TIERFLOW
from tests.support.deploy_tools import PROJECT, run

UNITS = PROJECT / "deploy/systemd"
NAMES = sorted(path.name for path in UNITS.glob("*.service"))
COMMON = "tierflow-.service.d/common.conf"
# systemd's own scale: 10 is a program without any limits, 0 one that can do nothing.
MOST_EXPOSED = "20"


def parsed(name: str) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(strict=False, delimiters=("=",), comment_prefixes=("#",))
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(UNITS / name)
    return parser


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units as they are, with the program where it is on this machine."""
    folder = Path(shutil.copytree(UNITS, tmp_path / "units"))
    for unit in folder.glob("*.service"):
        unit.write_text(unit.read_text().replace("/opt/tierflow/.venv/bin/tierflow", TIERFLOW))
    return folder


@pytest.mark.parametrize("name", NAMES)
def test_systemd_takes_the_unit_without_a_word(name: str, units: Path) -> None:
    told = run("systemd-analyze", "verify", "--man=no", str(units / name))
    assert (told.returncode, told.stdout, told.stderr) == (0, "", "")


@pytest.mark.parametrize("name", NAMES)
def test_a_unit_can_do_little_else_than_its_work(name: str, units: Path) -> None:
    offline = ("--offline=true", f"--threshold={MOST_EXPOSED}", "--no-pager")
    told = run("systemd-analyze", "security", *offline, str(units / name.replace("@", "@1")))
    assert told.returncode == 0, told.stdout


def test_a_line_that_is_misspelt_is_found(units: Path) -> None:
    with (units / COMMON).open("a") as file:
        file.write("SystemCallFliter=@system-service\n")
    told = run("systemd-analyze", "verify", "--man=no", str(units / "tierflow-intake.service"))
    assert "Unknown key 'SystemCallFliter'" in told.stderr


def test_what_a_restart_does_not_help_is_not_restarted_and_all_else_is_without_a_limit() -> None:
    common = parsed(COMMON)
    assert common["Service"]["Restart"] == "on-failure"
    assert common["Service"]["RestartPreventExitStatus"] == "2"
    assert common["Unit"]["StartLimitIntervalSec"] == "0"
    for name in NAMES:
        assert not {"Restart", "RestartPreventExitStatus", "SuccessExitStatus"} & set(parsed(name)["Service"])


def test_a_program_has_longer_than_it_needs_to_end() -> None:
    assert int(parsed(COMMON)["Service"]["TimeoutStopSec"]) > 20


@pytest.mark.parametrize("name", NAMES)
def test_a_unit_runs_a_command_in_a_folder_of_its_own(name: str) -> None:
    service = parsed(name)["Service"]
    [command] = re.findall(r"^/opt/tierflow/\.venv/bin/tierflow (\w+)", service["ExecStart"])
    assert name == f"tierflow-{command}{'@' if command == 'worker' else ''}.service"
    assert command in typer.main.get_command(app).commands or command == "console"  # type: ignore[attr-defined]
    assert service["Environment"] == f"TIERFLOW_DATA_DIR=%S/{service['StateDirectory']}"


def test_every_unit_is_of_one_user_that_systemd_makes() -> None:
    user = parsed(COMMON)["Service"]["User"]
    assert re.search(rf"^u {user} ", (UNITS / "tierflow.sysusers.conf").read_text(), flags=re.MULTILINE)


def test_systemd_would_make_the_user() -> None:
    told = run("systemd-sysusers", "--dry-run", str(UNITS / "tierflow.sysusers.conf"))
    assert told.returncode == 0, told.stderr
