"""The local Apache Kafka: started, found running, stopped; what is in the way is said."""

import socket
import subprocess
from pathlib import Path

import pytest

from streams.errors import UsageError
from streams.kafka import local


def test_a_broker_is_started_found_and_stopped(tmp_path: Path) -> None:
    folder = tmp_path / "kafka"
    port = local.free_port()
    assert local.status(folder) is None
    assert not local.stop(folder)
    running = local.start(folder, port)
    try:
        assert local.status(folder) == running
        assert local.start(folder, port) == running
        with pytest.raises(UsageError, match=f"runs on port {port} already"):
            local.start(folder, local.free_port())
        identity = (folder / "data" / "meta.properties").read_text()
    finally:
        assert local.stop(folder)
    assert local.status(folder) is None
    assert (folder / "data" / "meta.properties").read_text() == identity


def test_a_taken_port_is_said(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind((local.HOST, 0))
        taken.listen()
        with pytest.raises(UsageError, match="is taken by another program"):
            local.start(tmp_path, taken.getsockname()[1])
    assert not (tmp_path / "pid").exists()


@pytest.mark.parametrize("content", ["", "nonsense", "1 2 3"])
def test_a_broken_pid_file_counts_as_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "pid").write_text(content)
    assert local.status(tmp_path) is None


def test_the_pid_of_another_process_counts_as_none_and_is_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "60"]) as other:
        (tmp_path / "pid").write_text(f"{other.pid} 9092\n")
        assert local.status(tmp_path) is None
        assert not local.stop(tmp_path)
        assert other.poll() is None
        other.kill()


def test_a_broker_that_cannot_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "meta.properties").write_text("version=1\ncluster.id=other\nnode.id=99\n")
    with pytest.raises(UsageError, match=r"Kafka did not start; the end of .*kafka.log says: "):
        local.start(tmp_path, local.free_port())
    assert local.status(tmp_path) is None
