"""config/tierflow.env is the list of all settings: it can be trusted."""

import inspect
import re
from pathlib import Path

from streams.security.access import Access
from streams.security.console_access import ConsoleAccess
from streams.security.http_limits import HttpLimits
from streams.security.master_key import MasterKey
from streams.security.registry_access import RegistryAccess
from streams.settings import Settings

FILE = Path(__file__).parents[1] / "config/tierflow.env"
READERS = (
    Settings.from_environment,
    Access.from_variables,
    HttpLimits.from_variables,
    MasterKey.from_variables,
    RegistryAccess.from_variables,
    ConsoleAccess.from_variables,
)
SOURCE = "".join(map(inspect.getsource, READERS))
SETTING = re.compile(r"#((?:KAFKA|TIERFLOW)_[A-Z_]+)=(.*)")


def written() -> dict[str, str]:
    found = map(SETTING.fullmatch, FILE.read_text().splitlines())
    return {match[1]: match[2] for match in found if match}


def test_every_setting_is_in_it_once() -> None:
    read = re.findall(r'"((?:KAFKA|TIERFLOW)_[A-Z_]+)"', SOURCE)
    assert sorted(written()) == sorted(set(read))
    assert len(re.findall(SETTING, FILE.read_text())) == len(written())


def test_what_it_says_are_the_defaults(tmp_path: Path) -> None:
    environment = {"HOME": str(tmp_path)}
    given = Settings.from_environment({**environment, **written()}, dotenv=None)
    ports = {"TIERFLOW_HTTP_PORT": "6066", "TIERFLOW_CONSOLE_PORT": "6080"}
    default = Settings.from_environment({**environment, **ports}, dotenv=None)
    assert given == default


def test_as_it_is_it_changes_nothing(tmp_path: Path) -> None:
    environment = {"HOME": str(tmp_path)}
    assert Settings.from_environment(environment, dotenv=FILE) == Settings.from_environment(environment, dotenv=None)
