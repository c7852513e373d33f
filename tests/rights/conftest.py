"""One broker that allows nobody anything without an ACL, for all tests here."""

from collections.abc import Iterator

import pytest

from streams.kafka.rights.roles import ROLES
from tests.support.guarded_broker import GuardedBroker, start_guarded
from tests.support.young_broker import make_coordinators


@pytest.fixture(scope="session")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedBroker]:
    """The broker: a user for each role, without a right."""
    with pytest.MonkeyPatch.context() as patch:
        broker = start_guarded(tmp_path_factory.mktemp("guarded") / "kafka", ROLES, patch)
    make_coordinators(broker.settings.bootstrap_servers)
    yield broker
    broker.own.stop()
