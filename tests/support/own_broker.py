"""A broker of a test's own, which may be stopped."""

import os
import signal
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from streams.kafka import local
from streams.settings import Settings


class OwnBroker:
    """The broker, and the settings of what connects to it."""

    def __init__(
        self,
        folder: Path,
        environment: Mapping[str, str],
        broker_settings: Mapping[str, str],
        monkeypatch: pytest.MonkeyPatch,
        listeners: Mapping[str, tuple[str, int]] = MappingProxyType({}),
    ) -> None:
        """listeners: protocol and port of those beside the one that tests connect to, by name."""
        configure = local._configure

        def configured(folder: Path, port: int) -> Path:
            path = configure(folder, port)
            lines = path.read_text() + "".join(f"{name}={value}\n" for name, value in broker_settings.items())
            path.write_text(_with_listeners(lines, listeners))
            return path

        monkeypatch.setattr(local, "_configure", configured)
        self.folder = folder
        self._port = local.free_port()
        self.start()
        self.environment = {**environment, "KAFKA_BOOTSTRAP_SERVERS": f"{local.HOST}:{self._port}"}
        self.settings = Settings.from_environment(self.environment, dotenv=None)

    def start(self) -> None:
        """Not for coroutines: asyncio.to_thread."""
        local.start(self.folder, self._port)

    def kill(self) -> None:
        """kill -9. Returns when its port is free again, after the last of its threads."""
        running = local.status(self.folder)
        assert running is not None
        os.kill(running.pid, signal.SIGKILL)
        os.waitpid(running.pid, 0)

    def freeze(self) -> None:
        """It answers nothing, and hangs up on nobody, until `thaw`."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        running = local.status(self.folder)
        assert running is not None
        os.kill(running.pid, number)

    def stop(self) -> None:
        local.stop(self.folder)


def _with_listeners(lines: str, listeners: Mapping[str, tuple[str, int]]) -> str:
    places = "".join(f",{name}://localhost:{port}" for name, (_, port) in listeners.items())
    protocols = "".join(f",{name}:{protocol}" for name, (protocol, _) in listeners.items())
    added = {"listeners": places, "advertised.listeners": places, "listener.security.protocol.map": protocols}
    return "".join(f"{line}{added.get(line.partition('=')[0], '')}\n" for line in lines.splitlines())
