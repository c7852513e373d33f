"""One bank for all tests of the console: its worker starts once."""

from collections.abc import Iterator

import pytest

from tests.support.consoles import ABank, bank


@pytest.fixture(scope="package")
def of_bank(broker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ABank]:
    with bank(broker, tmp_path_factory.mktemp("bank"), "console") as made:
        yield made
