"""One bank for all tests of the console: its worker starts once. And consoles that are patient."""

from collections.abc import Iterator

import pytest

from streams.api import peers
from streams.console import routes, worker
from tests.support.consoles import ABank, bank
from tests.support.patience import stretched


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stretches how long a console waits for a worker and for a process beside it: a busy machine takes its time."""
    for module in (peers, worker):
        monkeypatch.setattr(module, "ANSWER_WITHIN_S", stretched(20))
    for limit in ("CHECKED_WITHIN_S", "EXPLAINED_WITHIN_S"):
        monkeypatch.setattr(routes, limit, stretched(30))


@pytest.fixture(scope="package")
def of_bank(broker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ABank]:
    with bank(broker, tmp_path_factory.mktemp("bank"), "console") as made:
        yield made
