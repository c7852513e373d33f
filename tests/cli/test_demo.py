"""The demo as a user runs it: it ends by itself, all is worked, the audit is clean, nothing is left behind."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from streams.kafka.topic_specs import topic_specs
from streams.settings import Settings, policy_folder
from tests.support.patience import stretched, until

COMMAND = Path(sys.executable).with_name("tierflow")
DEADLINE_S = stretched(120)  # of what hangs
POLICY: dict[str, str] = {}


def environment(folder: Path, servers: str | None) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("KAFKA_", "TIERFLOW_"))}
    own = {"TMPDIR": str(folder), "TIERFLOW_HTTP_PORT": "0", **POLICY}
    return {**kept, **own} if servers is None else {**kept, **own, "KAFKA_BOOTSTRAP_SERVERS": servers}


@contextmanager
def demo(folder: Path, servers: str | None, *options: str) -> Iterator[subprocess.Popen[str]]:
    command = [COMMAND, "demo", *options]
    with subprocess.Popen(
        command, env=environment(folder, servers), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def figures(printed: str) -> dict[str, str]:
    """The summary, by the words before each line."""
    lines = printed.partition("\n\n")[2].splitlines()
    return {line[:13].strip(): line[14:] for line in lines}


def left_over(folder: Path) -> Sequence[str]:
    """What runs with a path below the folder in its command line."""
    commands = map(command_of, Path("/proc").glob("[0-9]*"))
    return [command.decode(errors="replace") for command in commands if str(folder).encode() in command]


def command_of(process: Path) -> bytes:
    """The command line of a process; nothing where it ends just now."""
    try:
        return (process / "cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


async def demo_topics(servers: str) -> list[str]:
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        return [topic for topic in await admin.list_topics() if topic.startswith("demo-")]
    finally:
        await admin.close()


def test_a_short_demo_on_a_kafka_of_its_own_is_clean_and_leaves_nothing(tmp_path: Path) -> None:
    with demo(tmp_path, None, "--events", "300") as process:
        printed, errors = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 0, errors
    told = figures(printed)
    assert told["events"].startswith("300 in ")
    assert told["events"].endswith("all worked")
    first, after = (int(told[name].split()[0].replace(",", "")) for name in ("history", "events"))
    assert told["history"].endswith("of 200 customers, worked first: no campaigns came of them")
    assert told["audit"].startswith(f"clean: {first + after:,} events replayed")
    assert "campaign triggers" in told["compared"]
    assert "\x1b" not in printed
    assert left_over(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


async def test_on_a_kafka_of_others_it_has_topics_of_its_own_until_ctrl_c(broker: str, tmp_path: Path) -> None:
    with demo(tmp_path, broker) as process:
        assert process.stdout is not None
        line = next(line for line in process.stdout if "high" in line)
        during = await demo_topics(broker)
        process.send_signal(signal.SIGINT)
        printed, errors = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 0, errors
    assert re.search(r"\d s  high \d+, mid \d+, low \d+; events [\d,]+ \(\d+ a second\); changes ", line)
    assert figures(printed)["audit"].startswith("clean")
    assert len(during) == len(topic_specs(Settings.from_environment({}, dotenv=None)))

    async def are_gone() -> bool:
        return await demo_topics(broker) == []

    await until(are_gone, 20, "the broker has deleted the topics")


def test_ended_while_it_starts_it_leaves_nothing(tmp_path: Path) -> None:
    with demo(tmp_path, None) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("policy demo: standard.toml, but ")
        assert process.stdout.readline().startswith("starting Apache Kafka")
        assert process.stdout.readline().startswith("starting a worker")
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 128 + signal.SIGTERM
    assert "Traceback" not in errors
    assert left_over(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_it_plays_under_the_policy_that_is_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    policy = policy_folder() / "assets-only.toml"
    monkeypatch.setattr(sys.modules[__name__], "POLICY", {"TIERFLOW_POLICY": str(policy)})
    with demo(tmp_path, "127.0.0.1:1", "--seconds", "1") as process:
        printed, _ = process.communicate(timeout=DEADLINE_S)
    assert printed.startswith(f"policy: {policy} (TIERFLOW_POLICY)\n")


def test_a_kafka_that_does_not_answer_is_said(tmp_path: Path) -> None:
    with demo(tmp_path, "127.0.0.1:1", "--seconds", "1") as process:
        _, errors = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 2
    assert errors.startswith("tierflow: no Kafka answers at 127.0.0.1:1")
