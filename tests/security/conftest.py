"""One broker with a listener for every way in, for all tests here."""

import shutil
from collections.abc import Iterator

import pytest

from tests.support.secured_broker import SecuredBroker, secured_broker


@pytest.fixture(scope="session", autouse=True)
def _needs_openssl() -> None:
    """Certificates and keys are made by openssl, which comes with every Debian that can fetch over https."""
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl on this machine: install it to run the tests of TLS and tokens")


@pytest.fixture(scope="session")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredBroker]:
    """The broker: TLS, client certificates, passwords and tokens, each at a port of its own."""
    with secured_broker(tmp_path_factory.mktemp("secured")) as broker:
        yield broker
