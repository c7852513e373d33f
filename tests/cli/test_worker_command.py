from pathlib import Path

import pytest

from streams.cli.worker import make_data_dir
from streams.errors import UsageError
from streams.settings import Settings


def test_a_data_folder_that_cannot_be_made_is_said_with_what_to_write(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    settings = Settings.from_environment({"TIERFLOW_DATA_DIR": str(tmp_path / "file" / "data")}, dotenv=None)
    with pytest.raises(UsageError, match=r"TIERFLOW_DATA_DIR: .*data cannot be made .*; write a folder"):
        make_data_dir(settings)
