"""A cluster of one or three real brokers that clients reach directly, and each worker through links of its own."""

import asyncio
import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest

from streams.kafka import local
from streams.kafka.local import HOST
from tests.faults.schedules.disks import Disk
from tests.faults.schedules.links import Link
from tests.support.ports import free_ports

_JVM = ("-Xms256m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true")


class Cluster:
    """Brokers 1 to n, each of them a controller, too. slots: of how many workers there are links.

    With three, every topic has three replicas, of which two must have a record (topics.py).
    """

    def __init__(self, folder: Path, brokers: int, slots: int) -> None:
        self.nodes = tuple(range(1, brokers + 1))
        self.slots = range(slots)
        self.folder = folder
        ports = iter(free_ports(brokers * (2 + 2 * slots)))
        self._direct = {node: next(ports) for node in self.nodes}
        self._controllers = {node: next(ports) for node in self.nodes}
        self._behind = {(slot, node): next(ports) for slot in self.slots for node in self.nodes}
        self.links = {at: Link(next(ports), port) for at, port in self._behind.items()}
        self.disks = {node: Disk(self._folder_of(node) / "data") for node in self.nodes}
        self._cluster_id = uuid4()
        self._patch = pytest.MonkeyPatch()

    @property
    def replication(self) -> int:
        return len(self.nodes)

    @property
    def servers(self) -> str:
        """Where producers and readers reach them, whatever happens to the links."""
        return ",".join(f"{HOST}:{port}" for port in self._direct.values())

    def servers_of(self, slot: int) -> str:
        """Where the worker of a slot reaches them."""
        return ",".join(f"{HOST}:{self.links[slot, node].port}" for node in self.nodes)

    def links_of(self, *, slot: int | None = None, node: int | None = None) -> list[Link]:
        """The links of a worker, of a broker, or all."""
        return [link for at, link in self.links.items() if slot in (None, at[0]) and node in (None, at[1])]

    async def start(self) -> None:
        self._patch.setattr(local, "uuid4", lambda: self._cluster_id)  # all belong to one cluster
        self._patch.setattr(local, "_configure", self._configured(local._configure))
        self._patch.setattr(local, "_JVM", _JVM)
        for link in self.links.values():
            await link.start()
        for disk in self.disks.values():
            disk.mount()
        # All at once: a controller waits for a majority.
        await asyncio.to_thread(self._each, self.start_broker)

    async def stop(self) -> None:
        for link in self.links.values():
            await link.stop()
        self.discard()

    def discard(self) -> None:
        """Ends every broker; what they hold is of no use to anybody."""
        self._each(self._end_broker)
        for disk in self.disks.values():
            disk.discard()
        self._patch.undo()

    # --- brokers; not for coroutines: asyncio.to_thread ---

    def start_broker(self, node: int) -> None:
        """Starts it, if it does not run, and returns when it answers."""
        local.start(self._folder_of(node), self._direct[node])

    def stop_broker(self, node: int) -> None:
        local.stop(self._folder_of(node))

    def kill_broker(self, node: int) -> None:
        pid = self._signal(node, signal.SIGKILL)
        os.waitpid(pid, 0)

    def has_ended(self, node: int) -> bool:
        """Says whether a broker has ended by itself, and holds no port any more."""
        pid = int((self._folder_of(node) / "pid").read_text().split()[0])
        with suppress(ChildProcessError):  # it is waited for already
            return os.waitpid(pid, os.WNOHANG)[0] == pid
        return True

    def freeze_broker(self, node: int) -> None:
        """It answers nothing, and hangs up on nobody, until `thaw_broker`."""
        self._signal(node, signal.SIGSTOP)

    def thaw_broker(self, node: int) -> None:
        self._signal(node, signal.SIGCONT)

    def heal(self) -> None:
        """Mends the links and the disks, and starts or thaws every broker."""
        for link in self.links.values():
            link.heal()
        for disk in self.disks.values():
            disk.heal()
        self._each(self._heal_broker)

    def _heal_broker(self, node: int) -> None:
        running = local.status(self._folder_of(node))
        if running is None:
            self.start_broker(node)
        else:
            os.kill(running.pid, signal.SIGCONT)

    def _end_broker(self, node: int) -> None:
        if local.status(self._folder_of(node)) is not None:
            self.kill_broker(node)

    def _each(self, action: Callable[[int], None]) -> None:
        with ThreadPoolExecutor() as threads:
            list(threads.map(action, self.nodes))

    def _signal(self, node: int, number: int) -> int:
        running = local.status(self._folder_of(node))
        assert running is not None, f"broker {node} does not run"
        os.kill(running.pid, number)
        return running.pid

    def _folder_of(self, node: int) -> Path:
        return self.folder / f"broker{node}"

    def _configured(self, configure: Callable[[Path, int], Path]) -> Callable[[Path, int], Path]:
        def configured(folder: Path, port: int) -> Path:
            path = configure(folder, port)
            settings = dict(line.split("=", 1) for line in path.read_text().splitlines())
            settings |= self._settings(int(folder.name.removeprefix("broker")), port)
            path.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
            return path

        return configured

    def _settings(self, node: int, port: int) -> dict[str, str]:
        """Of a listener a slot, the advertised port is that of the slot's link."""
        behind = {f"SLOT{slot}": self._behind[slot, node] for slot in self.slots}
        before = {f"SLOT{slot}": self.links[slot, node].port for slot in self.slots}
        listeners = {"PLAINTEXT": port, **behind, "CONTROLLER": self._controllers[node]}
        voters = (f"{voter}@{HOST}:{controller}" for voter, controller in self._controllers.items())
        replication, in_sync = str(self.replication), str(min(2, self.replication))
        return {
            "node.id": str(node),
            "controller.quorum.voters": ",".join(voters),
            "listeners": _listed(listeners),
            "advertised.listeners": _listed({"PLAINTEXT": port, **before}),
            "listener.security.protocol.map": ",".join(f"{name}:PLAINTEXT" for name in listeners),
            "inter.broker.listener.name": "PLAINTEXT",
            "min.insync.replicas": in_sync,
            "offsets.topic.replication.factor": replication,
            "transaction.state.log.replication.factor": replication,
            "transaction.state.log.min.isr": in_sync,
            "broker.session.timeout.ms": "4000",
            "broker.heartbeat.interval.ms": "1000",
            "replica.lag.time.max.ms": "8000",
        }


def _listed(ports: dict[str, int]) -> str:
    return ",".join(f"{name}://{HOST}:{port}" for name, port in ports.items())
