"""`tierflow deliver` that is asked to end while it starts."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import pytest

from tests.support.asked_to_end import ask
from tests.support.deliveries import config
from tests.support.forked import forked
from tests.support.http_endpoint import SECRET, VARIABLE

START = [
    "streams.deliver.run:prepare",
    "streams.deliver.run:check_rights",
    "streams.deliver.run:deliver",
    "streams.deliver.run:read_erasures",
    "streams.deliver.courier:Courier.run",
]
"""Functions that a start comes to, in their order."""


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize("place", START)
def test_it_ends_with_0_where_its_start_is_just_then(
    environment: Mapping[str, str], tmp_path: Path, place: str
) -> None:
    file = config(tmp_path, ("crm", "http://127.0.0.1:9/", ""))
    said = forked({**environment, VARIABLE: SECRET}, "deliver", "--config", str(file), before=partial(ask, place))
    assert said.status == 0, said.err
    assert "Traceback" not in said.err
