"""The file as a team would copy it: alone in a folder, a process of its own, on the real broker."""

import asyncio
import importlib.util
import json
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition

from streams.settings import Settings
from streams.simulate.samples import samples
from tests.support.patience import stretched, wait_until
from tests.support.worker_processes import group_offsets

FILE = Path(__file__).parents[2] / "examples" / "campaign_subscriber.py"
REAL = [sample.value for sample in samples() if sample.message == "campaignTriggered"]
CHANGES = [sample.value for sample in samples() if sample.message == "tierChanged"]
CUSTOMERS = 300
WITHIN_S = 40.0
Ends = Mapping[TopicPartition, int]


def trigger(customer: str, sequence: int = 1, **fields: Any) -> dict[str, Any]:
    """A welcome as the engine writes it, of another customer."""
    welcome = next(message for message in REAL if message["kind"] == "welcome")
    id_ = f"{customer}:{fields.get('campaign', welcome['campaign'])}:{sequence}"
    return {**welcome, "id": id_, "customer_id": customer, "sequence": sequence, **fields}


# --- as a process ----------------------------------------------------------------------------------------------------


class Subscribers:
    """Copies of the file in one empty folder, one process after another."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self._environment = environment
        self._processes: list[subprocess.Popen[bytes]] = []
        folder.mkdir()
        shutil.copy(FILE, folder)

    def start(self, group: str) -> subprocess.Popen[bytes]:
        with (self.folder / "log.txt").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "campaign_subscriber.py"],
                cwd=self.folder,
                env={**self._environment, "CAMPAIGN_GROUP": group},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._processes.append(process)
        return process

    def stop(self) -> None:
        for process in self._processes:
            if process.poll() is None:
                process.kill()
            process.wait()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        if not (self.folder / "campaigns.db").exists():
            return []
        store = sqlite3.connect(self.folder / "campaigns.db")
        try:
            return store.execute(query).fetchall()
        except sqlite3.OperationalError:  # no table yet
            return []
        finally:
            store.close()

    @property
    def letters(self) -> set[str]:
        return {id_ for (id_,) in self.rows("SELECT trigger_id FROM letters")}

    @property
    def log(self) -> str:
        return (self.folder / "log.txt").read_text()

    def said(self, outcome: str) -> list[str]:
        return [line.rsplit(" ", 1)[1] for line in self.log.splitlines() if f" {outcome} " in line]


@pytest.fixture
def subscribers(tmp_path: Path, environment: dict[str, str]) -> Iterator[Subscribers]:
    running = Subscribers(tmp_path / "team", environment)
    yield running
    running.stop()


class Sent(NamedTuple):
    """What was put on the topics: the ids to be acted on, those held out, and where the topics end."""

    treated: set[str]
    held_out: set[str]
    ends: dict[TopicPartition, int]


async def produced(settings: Settings, customers: Iterable[int] = range(CUSTOMERS)) -> Sent:
    """Triggers of every real kind, each twice, some held out; the newest tier changes, an old one after them."""
    messages = [
        {**real, "id": f"{customer}:{real['campaign']}:{number}", "customer_id": customer, "sequence": number}
        for customer in map("N{:03}".format, customers)
        for number, real in enumerate(REAL, 1)
    ]
    treated = {message["id"] for message in messages if message["group"] == "treated"}
    producer = AIOKafkaProducer(**settings.client_options(), acks="all", linger_ms=5)
    async with producer:
        campaigns, changes = settings.output_topic("campaigns"), settings.output_topic("changes")
        records = [(campaigns, message) for message in [*messages, *messages]]
        records += [(changes, message) for message in [*CHANGES, CHANGES[0]]]
        futures = [
            await producer.send(topic, json.dumps(message).encode(), key=message["customer_id"].encode())
            for topic, message in records
        ]
        places = await asyncio.gather(*futures)
    ends: dict[TopicPartition, int] = {}
    for place in places:
        tp = TopicPartition(place.topic, place.partition)
        ends[tp] = max(ends.get(tp, 0), place.offset + 1)
    return Sent(treated, {message["id"] for message in messages} - treated, ends)


async def take_back(settings: Settings, *messages: dict[str, Any]) -> None:
    """Sends triggers in a transaction that is aborted."""
    async with AIOKafkaProducer(**settings.client_options(), transactional_id=settings.app_id) as producer:
        await producer.begin_transaction()
        for message in messages:
            key = message["customer_id"].encode()
            await producer.send_and_wait(settings.output_topic("campaigns"), json.dumps(message).encode(), key=key)
        await producer.abort_transaction()


def worked_to_the_end(settings: Settings, group: str, ends: Ends) -> bool:
    found = asyncio.run(group_offsets(settings, group))
    return all(found.get(tp, 0) >= end for tp, end in ends.items())


def test_each_trigger_is_acted_on_once_through_kill_9_and_duplicates(
    settings: Settings, subscribers: Subscribers
) -> None:
    asyncio.run(take_back(settings, trigger("taken back"), trigger("N000", campaign="taken-back")))
    before = asyncio.run(produced(settings, range(CUSTOMERS // 2)))
    first = subscribers.start("team")
    wait_until(lambda: subscribers.letters, WITHIN_S, f"the first letter\n{subscribers.log}")
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert subscribers.letters <= before.treated
    # The rest comes after the kill: so it is in the middle, however long that took.
    after = asyncio.run(produced(settings, range(CUSTOMERS // 2, CUSTOMERS)))
    sent = Sent(before.treated | after.treated, before.held_out | after.held_out, before.ends | after.ends)

    second = subscribers.start("team")
    wait_until(lambda: worked_to_the_end(settings, "team", sent.ends), WITHIN_S, "all is worked after the kill")
    assert subscribers.letters == sent.treated
    second.send_signal(signal.SIGTERM)
    assert second.wait(stretched(10)) == 0

    # Another group reads all of it from the beginning: the store knows what was done.
    third = subscribers.start("team-again")
    wait_until(lambda: worked_to_the_end(settings, "team-again", sent.ends), WITHIN_S, "all is read again")
    third.send_signal(signal.SIGINT)
    assert third.wait(stretched(10)) == 0
    assert subscribers.letters == sent.treated
    assert dict(subscribers.rows("SELECT outcome, count(*) FROM triggers GROUP BY 1")) == {
        "acted": len(sent.treated),
        "held_out": len(sent.held_out),
    }
    assert {id_ for (id_,) in subscribers.rows("SELECT id FROM triggers WHERE outcome = 'held_out'")} == sent.held_out
    # What it says it says after the commit: perhaps not of the batch that the kill ended, and never twice.
    said = Counter(subscribers.said("acted"))
    assert set(said) <= sent.treated
    assert set(said.values()) == {1}


def test_the_newest_tiers_are_kept(settings: Settings, subscribers: Subscribers) -> None:
    sent = asyncio.run(produced(settings))
    process = subscribers.start("team")
    wait_until(lambda: worked_to_the_end(settings, "team", sent.ends), WITHIN_S, "all is worked")
    process.send_signal(signal.SIGTERM)
    assert process.wait(stretched(10)) == 0
    newest = {change["customer_id"]: (change["sequence"], change["tier"]) for change in CHANGES}
    rows = subscribers.rows("SELECT customer_id, sequence, tier FROM tiers")
    assert {customer: (sequence, tier) for customer, sequence, tier in rows} == newest


# --- its parts -------------------------------------------------------------------------------------------------------


@pytest.fixture
def module() -> Any:
    spec = importlib.util.spec_from_file_location("campaign_subscriber", FILE)
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


@pytest.fixture
def store(module: Any) -> Iterator[sqlite3.Connection]:
    made = sqlite3.connect(":memory:")
    made.executescript(module.TABLES)
    yield made
    made.close()


@pytest.mark.parametrize("message", REAL, ids=lambda message: f"{message['kind']}-{message['group']}")
def test_every_real_trigger_gives_a_letter_unless_it_is_held_out(module: Any, store: Any, message: Any) -> None:
    expected = "acted" if message["group"] == "treated" else "held_out"
    assert module.act(store, message) == f"{expected} {message['id']}"
    letters = store.execute("SELECT text FROM letters").fetchall()
    assert len(letters) == (expected == "acted")
    assert not any("None" in text or "{" in text for (text,) in letters)


@pytest.mark.parametrize(
    ("again", "outcome"),
    [
        ({}, None),
        ({"group": "held_out"}, None),
        ({"id": "C1:welcome-mid:one"}, None),  # the same sequence
        ({"sequence": 2}, None),  # the same id
        ({"id": "C1:welcome-mid:3", "sequence": 3}, "acted C1:welcome-mid:3"),  # a budget refused 2
        ({"id": "C1:other:1", "campaign": "other"}, "acted C1:other:1"),
        ({"id": "C2:welcome-mid:1", "customer_id": "C2"}, "acted C2:welcome-mid:1"),
    ],
)
def test_a_trigger_is_known_by_its_id_and_by_its_sequence(module: Any, store: Any, again: Any, outcome: Any) -> None:
    assert module.act(store, trigger("C1")) == "acted C1:welcome-mid:1"
    assert module.act(store, trigger("C1") | again) == outcome


def test_what_is_new_does_not_stop_it(module: Any, store: Any) -> None:
    assert module.act(store, trigger("C1", kind="birthday", colour={"is": "new"})) == "unknown_kind C1:welcome-mid:1"
    assert store.execute("SELECT * FROM letters").fetchall() == []


def test_old_triggers_are_put_down_and_not_acted_on(module: Any, store: Any) -> None:
    module.MAX_AGE_DAYS = 2.0
    assert module.act(store, trigger("C1", triggered_at="2026-01-01T00:00:00+08:00")).startswith("too_old")
    assert module.act(store, trigger("C2", triggered_at="2999-01-01T00:00:00+08:00")).startswith("acted")


def test_a_batch_that_fails_leaves_nothing_behind(module: Any, store: Any) -> None:
    class Record(NamedTuple):
        topic: str
        value: bytes

    good, bad = Record("tier.campaigns", json.dumps(trigger("C1")).encode()), Record("tier.campaigns", b"{}")
    with pytest.raises(KeyError):
        module.work(store, [good, bad])
    assert store.execute("SELECT * FROM triggers").fetchall() == []
    module.work(store, [good])
    assert len(store.execute("SELECT * FROM letters").fetchall()) == 1


def test_it_needs_nothing_but_aiokafka_and_fits_one_page() -> None:
    text = FILE.read_text()
    imported = {line.split()[1].split(".")[0] for line in text.splitlines() if line.startswith(("import ", "from "))}
    assert imported - set(sys.stdlib_module_names) == {"aiokafka"}
    assert len(text.splitlines()) < 150
