"""The real Apache Kafka of all tests: one broker a run, and for every test topics and an app id of its own."""

import asyncio
import itertools
import logging
import os
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from streams.kafka import local, topics, transactional
from streams.kafka.topics import ensure_topics
from streams.logs import is_worth_logging
from streams.settings import Settings, policy_folder
from tests.support.laws import be_the_same_everywhere
from tests.support.own_broker import OwnBroker
from tests.support.patience import stretched
from tests.support.ports import free_port
from tests.support.sealing import SEALED, sealing_settings
from tests.support.young_broker import make_coordinators

# Commands speak English, whatever the environment of whoever tests is.
os.environ["LC_MESSAGES"] = "C"
PARTITIONS = 4
# `make fast` leaves out what starts a broker, and what takes several seconds.
NEEDS_KAFKA = {"broker", "own", "cluster", "secured", "guarded"}
STARTS_KAFKA = {"cli/test_demo.py", "faults/test_schedules.py", "kafka/test_local.py"}
SLOW = {
    "bench/test_bench_workload.py",
    "cli/test_demo_events.py",
    "contracts/test_asyncapi.py",
    "corpus/test_corpus.py",
    "cli/test_intake_commands.py",
    "histories/test_checker.py",
    "load/test_berka.py",
    "load/test_load_events.py",
    "page/test_journeys.py",
    "page/test_looks.py",
    "policy/check/test_policy_mutations.py",
    "policy/scenarios/test_standard_years.py",
    "simulate/test_compare_command.py",
    "simulate/test_picture.py",
    "simulate/test_simulate_command.py",
    "simulation/test_simulation.py",
    "test_site.py",
}
_numbers = itertools.count(1)
# Runs all tests with TIERFLOW_KEYS=on where they do not say otherwise.

be_the_same_everywhere()
# Started in the background, or by nohup, they would ignore signals, and so would all processes that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
# A broker of a test lives for a minute: to compile it thoroughly would take more time than it gives.
local._JVM = (*local._JVM, "-XX:TieredStopAtLevel=1")
# Between its choice and its use seconds pass, in which another process of this run could take a port that is only free.
local.free_port = free_port
# The first topics of a broker that has just started, on a machine that starts three of them.
topics.LED_WITHIN_S = stretched(topics.LED_WITHIN_S)

# Python 3.11 cannot parse while a traceback is formatted, which asyncio does for futures when they are collected.
logging.getLogger("asyncio").addFilter(is_worth_logging)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the tests that start a broker, the slow ones, and those that wait for a soak."""
    for item in items:
        module = item.path.relative_to(Path(__file__).parent).as_posix()
        if NEEDS_KAFKA & set(getattr(item, "fixturenames", ())) or module in STARTS_KAFKA:
            item.add_marker("kafka")
        if module in SLOW or "years_of_random" in item.name:
            item.add_marker("slow")
        if "soak" in item.keywords and os.environ.get("TIERFLOW_SOAK") != "1":
            item.add_marker(pytest.mark.skip(reason="takes long; make soak runs it"))


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The bootstrap servers of a broker that this run started, and stops."""
    folder = tmp_path_factory.mktemp("kafka")
    running = local.start(folder, local.free_port())
    make_coordinators(running.bootstrap_servers)
    yield running.bootstrap_servers
    local.stop(folder)


@pytest.fixture
def environment(broker: str, names: dict[str, str]) -> dict[str, str]:
    """The settings of one test as environment variables, on the broker of the run."""
    return {"KAFKA_BOOTSTRAP_SERVERS": broker, **names}


@pytest.fixture
def names(tmp_path: Path) -> dict[str, str]:
    """Settings of one test, without where Kafka is: own topics, own app id, own folder, a free HTTP port."""
    number = next(_numbers)
    return {
        **(sealing_settings(tmp_path) if SEALED else {}),
        "TIERFLOW_APP_ID": f"app{number}",
        "TIERFLOW_INPUT_PREFIX": f"bank{number}.",
        "TIERFLOW_OUTPUT_PREFIX": f"tier{number}.",
        "TIERFLOW_POLICY": str(policy_folder() / "assets-only.toml"),
        "TIERFLOW_DATA_DIR": str(tmp_path / "data"),
        "TIERFLOW_HTTP_PORT": "0",
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", str(tmp_path)),
    }


@pytest.fixture
def sealed_environment(environment: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """The settings of one test, with states and outputs sealed by keys of customers."""
    return {**environment, **sealing_settings(tmp_path)}


@pytest.fixture
def sealed_settings(sealed_environment: dict[str, str]) -> Settings:
    """The same settings, with the topics made."""
    made = Settings.from_environment(sealed_environment, dotenv=None)
    asyncio.run(ensure_topics(made, PARTITIONS))
    return made


@pytest.fixture
def settings(environment: dict[str, str]) -> Settings:
    """The same settings, with the topics made."""
    made = Settings.from_environment(environment, dotenv=None)
    asyncio.run(ensure_topics(made, PARTITIONS))
    return made


@pytest.fixture(params=[1, 2])
def protocol(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """The transaction protocol of a test's own producers; brokers of tests have both."""

    async def has_not(_: object) -> bool:
        return False

    if request.param == 1:
        monkeypatch.setattr(transactional, "has_protocol_2", has_not)
    return int(request.param)


@pytest.fixture
def broker_settings() -> dict[str, str]:
    """Settings of the test's own broker; a test may give others by parametrizing this."""
    return {}


@pytest.fixture
def own(
    environment: Mapping[str, str],
    tmp_path: Path,
    broker_settings: Mapping[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[OwnBroker]:
    """A broker of this test alone. Its topics are not made."""
    broker = OwnBroker(tmp_path / "kafka", environment, broker_settings, monkeypatch)
    yield broker
    broker.stop()
