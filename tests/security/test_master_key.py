"""Where the master key is from, and what is said of one that cannot be used."""

import base64
import os
import sys
from pathlib import Path

import pytest

from streams.errors import UsageError
from streams.security.master_key import MasterKey
from streams.settings import Settings

KEY = base64.b64encode(bytes(range(32))).decode()


def keys(**variables: str) -> MasterKey:
    return MasterKey.from_variables({"TIERFLOW_KEYS": "on", **variables})


def test_without_the_setting_nothing_is_sealed() -> None:
    assert not MasterKey.from_variables({}).are_on
    assert not MasterKey.from_variables({"TIERFLOW_KEYS": "off", "TIERFLOW_KEYS_MASTER_FILE": "/nowhere"}).are_on


def test_a_file_and_a_command_give_the_same_key(tmp_path: Path) -> None:
    file = tmp_path / "master.key"
    file.write_text(f"{KEY}\n")
    command = f"{sys.executable} -c 'print(\"{KEY}\")'"
    by_file, by_command = keys(TIERFLOW_KEYS_MASTER_FILE=str(file)), keys(TIERFLOW_KEYS_MASTER_COMMAND=command)
    assert by_file.master().unwrap(b"C001", by_command.master().wrap(b"C001", bytes(36))) == bytes(36)
    assert KEY not in repr(by_command)


@pytest.mark.parametrize(
    "variables",
    [{}, {"TIERFLOW_KEYS_MASTER_FILE": "f", "TIERFLOW_KEYS_MASTER_COMMAND": "c"}],
)
def test_the_key_comes_from_one_place(variables: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="from one place"):
        keys(**variables)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("/nowhere/at-all", "cannot be run"),
        (f"{sys.executable} -c 'raise SystemExit(3)'", "status 3"),
        (f"{sys.executable} -c 'print(1)'", "openssl rand"),
        ("echo 'secret", "a quote is not closed"),
    ],
)
def test_a_command_that_gives_no_key_is_said_without_its_words(command: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        keys(TIERFLOW_KEYS_MASTER_COMMAND=command).master()
    assert "secret" not in str(caught.value)


def test_a_file_that_holds_none_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nowhere cannot be read .*; write the path"):
        keys(TIERFLOW_KEYS_MASTER_FILE=str(tmp_path / "nowhere")).master()
    file = tmp_path / "empty.key"
    file.write_text("password")
    with pytest.raises(UsageError, match="openssl rand -base64 32"):
        keys(TIERFLOW_KEYS_MASTER_FILE=str(file)).master()


def test_a_wrong_word_and_a_partitioner_that_is_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="write off or on"):
        MasterKey.from_variables({"TIERFLOW_KEYS": "yes"})
    given = {"TIERFLOW_KEYS": "on", "TIERFLOW_KEYS_MASTER_FILE": os.devnull, "TIERFLOW_PARTITIONER": "none"}
    with pytest.raises(UsageError, match="two keys"):
        Settings.from_environment({**given, "HOME": str(tmp_path)}, dotenv=None)


@pytest.mark.parametrize(("mode", "is_warned"), [(0o644, True), (0o604, True), (0o640, False), (0o400, False)])
def test_a_file_that_everybody_may_read_is_warned_about_and_taken(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, mode: int, *, is_warned: bool
) -> None:
    file = tmp_path / f"{mode:o}.key"
    file.write_text(KEY)
    file.chmod(mode)
    keys(TIERFLOW_KEYS_MASTER_FILE=str(file)).master()
    said = f"TIERFLOW_KEYS_MASTER_FILE: every user of this machine may read {file}; chmod 600 it"
    assert (said in caplog.text) is is_warned
    assert KEY not in caplog.text
