"""The plug-in for pytest: the fixture `bank`, under the policy that a marker, an option or the configuration names.

pytest loads it wherever tierflow is installed, so it imports the engine only where a test asks for a bank.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tierflow.testing import Bank

_WHAT_TO_WRITE = (
    "no policy is named; write tierflow_policy = FILE into pytest.ini (or under [tool.pytest.ini_options]), "
    '--tierflow-policy FILE, or @pytest.mark.policy("FILE") at the test'
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the option and the setting that name a policy file."""
    text = "the policy file of the fixture `bank` (tierflow)"
    parser.getgroup("tierflow").addoption("--tierflow-policy", metavar="FILE", help=text)
    parser.addini("tierflow_policy", f"{text}, seen from the folder of this file")


def pytest_configure(config: pytest.Config) -> None:
    """Tells pytest of the marker."""
    config.addinivalue_line(
        "markers", "policy(file): the policy of the fixture `bank`, seen from the test's own folder"
    )


@pytest.fixture
def bank(request: pytest.FixtureRequest) -> "Bank":
    """A bank where nobody is known yet, under the policy that is named (docs/policy-tests.md)."""
    from tierflow.testing import Bank, PolicyError  # noqa: PLC0415 - see above

    policy = _policy(request)
    try:
        return Bank(policy)
    except OSError as error:
        pytest.fail(f"{policy} cannot be read: {error.strerror}; name a policy file", pytrace=False)
    except (PolicyError, UnicodeDecodeError) as error:
        pytest.fail(f"{policy}: {error}", pytrace=False)


def _policy(request: pytest.FixtureRequest) -> Path:
    """Finds the policy's file: the marker's, else the option's, else that of the configuration."""
    marker = request.node.get_closest_marker("policy")
    if marker is not None:
        [file] = marker.args
        return Path(request.path.parent / file)
    config = request.config
    if config.getoption("tierflow_policy"):
        return Path(config.invocation_params.dir / config.getoption("tierflow_policy"))
    if config.getini("tierflow_policy"):
        return Path(config.rootpath / config.getini("tierflow_policy"))
    pytest.fail(_WHAT_TO_WRITE, pytrace=False)
