"""The benchmark commands, small: they print the contract's fields as one JSON object, and nothing else."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from tests.support.patience import stretched, until

ROWS = [
    (
        ["throughput", "--events", "2000", "--customers", "200", "--partitions", "2"],
        {
            *("events", "seconds", "events_per_s", "cpu_s_per_million"),
            *("guarantee", "policy", "workers", "partitions"),
        },
        {"events": 2000, "workers": 1, "partitions": 2, "guarantee": "exactly_once", "policy": "assets-only"},
    ),
    (
        ["partition", "--events", "2000", "--customers", "200"],
        {"events", "customers", "policy", "decode_us", "work_us", "pack_us", "seal_us", "event_us", "state_bytes"},
        {"events": 2000, "customers": 200, "policy": "assets-only"},
    ),
    (
        ["partition", "--due", "--customers", "200"],
        {"timers", "policy", "work_us", "pack_us", "due_us", "state_bytes"},
        {"policy": "assets-only"},
    ),
    (
        ["latency", "--rate", "200", "--seconds", "1"],
        {"rate", "p50_ms", "p95_ms", "p99_ms", "max_ms", "guarantee"},
        {"guarantee": "exactly_once"},
    ),
    (
        ["latency", "--rate", "200", "--seconds", "1", "--steps"],
        {"rate", "p50_ms", "p95_ms", "p99_ms", "max_ms", "guarantee", "steps_ms"},
        {"guarantee": "exactly_once"},
    ),
    (["recovery", "--records", "2000"], {"records", "seconds", "records_per_s"}, {"records": 2000}),
    (["memory", "--customers", "500"], {"customers", "rss_mib", "bytes_per_customer"}, {"customers": 500}),
    (
        ["due", "--timers", "200", "--rate", "200"],
        {
            *("timers", "decided_within_s", "due_per_s", "rate"),
            *("p50_ms", "p95_ms", "p99_ms", "max_ms", "guarantee"),
        },
        {"timers": 200, "guarantee": "exactly_once"},
    ),
    (
        ["deliver", "--events", "300"],
        {
            *("events", "requests", "seconds", "events_per_s", "cpu_s"),
            *("events_per_cpu_s", "body_bytes", "in_flight", "guarantee"),
        },
        {"events": 300, "in_flight": 32, "guarantee": "at_least_once"},
    ),
]


# The longest of them in a soak alone.
IN_SOAK = {"recovery", "memory", "due"}
CASES = [pytest.param(*row, id=row[0][0], marks=[pytest.mark.soak] if row[0][0] in IN_SOAK else []) for row in ROWS]


@pytest.mark.parametrize(("arguments", "fields", "values"), CASES)
async def test_prints_the_contracts_fields_and_leaves_no_topic(
    broker: str, arguments: list[str], fields: set[str], values: dict[str, object]
) -> None:
    done = bench(broker, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    measured = json.loads(done.stdout)
    assert set(measured) == fields
    assert values.items() <= measured.items()
    if "requests" in fields:
        assert measured["requests"] >= measured["events"]  # one may have been sent again
    await until(lambda: are_gone(broker), 10, "the broker knows the topics no more")


def test_names_a_policy_that_cannot_be_used(tmp_path: Path) -> None:
    policy = tmp_path / "wrong.toml"
    policy.write_text("name = 1")
    done = bench("127.0.0.1:1", "throughput", "--policy", str(policy))
    assert done.returncode == 2
    assert str(policy) in done.stderr
    assert "Traceback" not in done.stderr


async def are_gone(servers: str) -> bool:
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        return not any(topic.startswith("bench-") for topic in await admin.list_topics())
    finally:
        await admin.close()


def bench(servers: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [Path(sys.executable).with_name("tierflow"), "bench", *arguments]
    environment = {**os.environ, "KAFKA_BOOTSTRAP_SERVERS": servers}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=stretched(120), check=False)
