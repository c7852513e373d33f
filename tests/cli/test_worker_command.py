import subprocess
import sys
from pathlib import Path

import pytest

from streams.cli.start import make_data_dir
from streams.cli.worker import refuse_unfit
from streams.errors import UsageError
from streams.policy.compile.load import load_policy
from streams.settings import Settings
from tests.support.one_customer import ASSETS_ONLY


def test_a_data_folder_that_cannot_be_made_is_said_with_what_to_write(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    settings = Settings.from_environment({"TIERFLOW_DATA_DIR": str(tmp_path / "file" / "data")}, dotenv=None)
    with pytest.raises(UsageError, match=r"TIERFLOW_DATA_DIR: .*data cannot be made .*; write a folder"):
        make_data_dir(settings)


def test_a_policy_with_swapped_floors_is_not_put_in_force_by_a_worker() -> None:
    document = ASSETS_ONLY.document.replace('"500000"', '"9000000"')
    with pytest.raises(UsageError, match=r"own\.toml, line \d+, tiers\.mid\.at_least: the floors are out of order"):
        refuse_unfit(load_policy(document), Path("own.toml"))
    refuse_unfit(ASSETS_ONLY, Path("own.toml"))


def test_a_worker_has_no_parser_of_command_lines_and_no_formats_of_sources_in_its_memory() -> None:
    asked = "import sys, streams.cli.main, streams.cli.worker, streams.worker.run; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout.split()
    assert "streams.worker.lane" in loaded
    assert not {"typer", "rich", "pydantic", "fastavro", "jmespath", "google.protobuf"} & set(loaded)
