"""A broker that a test may stop."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from brokers import OwnBroker


@pytest.fixture
def broker_settings() -> dict[str, str]:
    """Settings of the test's own broker; a test may give others by parametrizing this."""
    return {}


@pytest.fixture
def own(
    environment: Mapping[str, str],
    tmp_path: Path,
    broker_settings: Mapping[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[OwnBroker]:
    """A broker of this test alone. Its topics are not made."""
    broker = OwnBroker(tmp_path / "kafka", environment, broker_settings, monkeypatch)
    yield broker
    broker.stop()
