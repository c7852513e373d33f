"""From tier changes to a table of Apache Iceberg, by the real Kafka Connect: `make example-iceberg`.

It starts Kafka, a worker with TIERFLOW_TABLES=connect, and Kafka Connect with Iceberg's own sink on this machine, in a
folder that is gone afterwards; sends a few events; and reads the table's Parquet files. Needed: Maven Central the first
time, for some 130 MB.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pyarrow.dataset as ds

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))
from on_this_machine import CONNECT, TIERFLOW, changes, connect, fetched, kafka, make_topics, running, say, wait  # noqa: E402

ICEBERG, HADOOP = "1.12.0", "3.4.3"
RUNTIME = (
    f"org.apache.kafka:connect-runtime:{CONNECT}",
    f"org.apache.kafka:connect-json:{CONNECT}",
    "org.slf4j:slf4j-simple:1.7.36",
)
SINK = (
    "org.apache.avro:avro:1.12.2",  # first, or an older one would come along
    f"org.apache.iceberg:iceberg-kafka-connect:{ICEBERG}",
    f"org.apache.iceberg:iceberg-parquet:{ICEBERG}",
    f"org.apache.hadoop:hadoop-client-api:{HADOOP}",
    f"org.apache.hadoop:hadoop-client-runtime:{HADOOP}",
)
BALANCES = (("C001", "1000.00"), ("C001", "600000.00"), ("C002", "7500000.00"), ("C003", "12345678901.2345"))


def balance(number: int, customer: str, amount: str) -> dict[str, object]:
    """Gives a balance of a customer's one account."""
    value = {
        "event_id": f"b{number}",
        "customer_id": customer,
        "account_id": f"A-{customer}",
        "balance": amount,
        "currency": "TWD",
        "as_of": f"2026-11-24T00:3{number}:00+08:00",
    }
    return {"topic": "bank.balances", "value": value}


def main() -> None:
    """Runs all of it."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tierflow-iceberg-")))
        say("Kafka")
        servers = stack.enter_context(kafka(folder))
        environment = {
            **os.environ,
            "KAFKA_BOOTSTRAP_SERVERS": servers,
            "TIERFLOW_TABLES": "connect",
            "TIERFLOW_CLOCK": "event",
            "TIERFLOW_HTTP_PORT": "0",
            "WAREHOUSE": (folder / "warehouse").as_uri(),
        }
        subprocess.run([TIERFLOW, "topics", "create", "--partitions", "4"], check=True, env=environment)
        asyncio.run(make_topics(servers, ["control-iceberg"]))
        say("a worker")
        ready = stack.enter_context(running("worker", [TIERFLOW, "worker"], folder, environment))
        wait(lambda: ready("ready at"), "the worker is ready")
        events = (balance(number, *one) for number, one in enumerate(BALANCES))
        (folder / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
        subprocess.run([TIERFLOW, "load", "events", str(folder / "events.jsonl")], check=True, env=environment)
        changes(environment, len(BALANCES))
        say(f"Kafka Connect {CONNECT} with Iceberg's sink {ICEBERG} (fetched the first time)")
        # A sink of its own class path, as in production: it brings other releases of the same libraries along.
        plugins = fetched(SINK)[0].parents[1]
        whole = folder / "connect.properties"
        whole.write_text((HERE / "connect.properties").read_text() + f"plugin.path={plugins}\n")
        command = connect(RUNTIME, [whole, HERE / "changes.properties"])
        connected = stack.enter_context(running("connect", command, folder, environment))
        table = folder / "warehouse" / "bank" / "tier_changes"

        def committed() -> bool:
            connected("")  # or it has ended
            metadata = sorted((table / "metadata").glob("v*.metadata.json"))
            newest = json.loads(metadata[-1].read_text()) if metadata else {}
            counts = [int(one["summary"].get("total-records", 0)) for one in newest.get("snapshots", ())]
            return max(counts, default=0) == len(BALANCES)

        wait(committed, "four changes are committed to the table")
        rows = ds.dataset(table / "data", format="parquet").to_table()
        say(f"\nbank.tier_changes:\n  {', '.join(f'{one.name} {one.type}' for one in rows.schema)}\n")
        for row in sorted(rows.to_pylist(), key=lambda row: str(row["id"])):
            say(f"  {row['id']}  {row['tier']}  {row['value']}  {row['decided_at']}  {row['decided_on']}")


if __name__ == "__main__":
    main()
