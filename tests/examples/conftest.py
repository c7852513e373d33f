"""What tests of the examples share: processes that end with their test."""

import subprocess
from collections.abc import Iterator

import pytest


@pytest.fixture
def running() -> Iterator[list[subprocess.Popen[bytes]]]:
    """A list for the processes of a test: what is in it at the end is killed."""
    processes: list[subprocess.Popen[bytes]] = []
    yield processes
    for process in processes:
        process.kill()
        process.wait()
