"""From an INSERT in PostgreSQL to a tier change, with the real Debezium: `make example-debezium`.

It starts PostgreSQL, Kafka, Kafka Connect with Debezium, a worker and `tierflow intake` on this machine, in a folder
that is gone afterwards; changes rows as a core would; and shows the tier change that each gives. Needed: PostgreSQL 15
or newer (Debian's package postgresql), and Maven Central the first time, for some 40 MB of Kafka Connect and Debezium.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))
from on_this_machine import (  # noqa: E402 - it stands two folders above
    CONNECT,
    TIERFLOW,
    changes,
    connect,
    kafka,
    make_topics,
    postgres,
    running,
    say,
    shown,
    wait,
)

DEBEZIUM = "3.6.1.Final"
JARS = (
    f"org.apache.kafka:connect-runtime:{CONNECT}",
    f"org.apache.kafka:connect-json:{CONNECT}",
    f"io.debezium:debezium-api:{DEBEZIUM}",
    f"io.debezium:debezium-connector-postgres:{DEBEZIUM}",
    "org.slf4j:slf4j-simple:1.7.36",
)

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
        # Debezium would make one with its table's first row; intake needs it before.
        asyncio.run(make_topics(servers, ("core.public.accounts", "core.public.bookings")))
        say(f"Kafka Connect {CONNECT} with Debezium {DEBEZIUM} (fetched the first time)")
        command = connect(JARS, (HERE / "connect.properties", HERE / "connector.properties"))
        connected = stack.enter_context(running("connect", command, folder, environment))
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
