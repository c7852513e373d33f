"""`tierflow intake check / try`, `load csv` and `load camt` as they are called."""

import asyncio
import gzip
import json
import os
from base64 import b64decode
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import NewTopic

from streams.kafka.admin import Admin
from streams.kafka.topics import partition_count
from streams.settings import Settings
from tests.support.commands import Said, tierflow
from tests.support.patience import stretched
from tests.support.samples import FOLDER
from tests.support.statements import balance, entry, statement

MAPPING = """\
[sources.bookings]
format = "csv"
zone = "Asia/Taipei"

[sources.bookings.transactions]
event_id = "number"
customer_id = "customer"
account_id = "account"
type = { path = "kind", codes = { P = "purchase" } }
amount = "amount"
currency = "currency"
occurred_at = "at"
"""
ROWS = """\
number,customer,account,kind,amount,currency,at
1,C1,A1,P,10.00,TWD,2026-11-24
2,C1,A1,X,10.00,TWD,2026-11-24
3,C1,A1,P,10.00,ISK,2026-11-24
"""


@pytest.fixture(name="files")
def _files(tmp_path: Path) -> Path:
    (tmp_path / "sources.toml").write_text(MAPPING)
    (tmp_path / "rows.csv").write_text(ROWS)
    return tmp_path


def intake(*arguments: object) -> Said:
    return tierflow(os.environ, "intake", *map(str, arguments))


def test_check_says_what_a_mapping_does(files: Path) -> None:
    said = intake("check", files / "sources.toml")
    assert (said.status, said.out) == (0, "bookings: files, csv -> transactions (7 of 10 fields)\n")


def test_check_says_what_is_wrong_and_where(files: Path) -> None:
    path = files / "sources.toml"
    path.write_text(MAPPING.replace("customer_id", "costumer_id"))
    said = intake("check", path)
    assert said.status == 1
    wrong, summary = said.out.splitlines()
    assert wrong.startswith(f'{path}, line 7, sources.bookings.transactions.costumer_id: "costumer_id" is no word ')
    assert wrong.endswith("; did you mean customer_id?")
    assert summary == "1 error; the mapping cannot be used"


def test_try_shows_each_row_beside_what_comes_of_it(files: Path) -> None:
    said = intake("try", files / "sources.toml", "--records", files / "rows.csv")
    assert said.status == 1
    lines = [line.split() for line in said.out.splitlines() if line.strip()]
    assert [line[0] for line in lines[2:] if line[0].isdecimal()] == ["2", "3", "4"]
    assert "refused: unknown_code" in said.out
    assert "refused: unknown_currency" in said.out
    assert said.err == "3 rows: 1 event, 0 skipped, 2 refused\n"


def test_try_says_which_names_meet_nothing(files: Path) -> None:
    (files / "json.toml").write_text(MAPPING.replace('"csv"', '"json"\ntopic = "core"') + 'channel = "chanel"\n')
    row = {"number": 1, "customer": "C1", "account": "A", "kind": "P", "amount": 1, "currency": "TWD"}
    (files / "rows.jsonl").write_text(json.dumps(row | {"at": "2026-11-24", "channel": "web"}) + "\n")
    said = intake("try", files / "json.toml", "--records", files / "rows.jsonl", "--json")
    assert said.status == 0
    assert said.err == "1 row: 1 event, 0 skipped, 0 refused\nread by nothing: channel\nin no row: chanel\n"
    [line] = said.out.splitlines()
    assert json.loads(line)["with"][0]["event_id"] == "1"


def test_suggest_writes_a_mapping_and_says_what_is_left_to_do(files: Path) -> None:
    said = intake("suggest", files / "rows.csv", "--name", "bookings")
    assert (said.status, said.err.startswith('3 places marked by "?"; write what belongs there')) == (0, True)
    (files / "first.toml").write_text(said.out)
    assert [line.split(", ")[1] for line in intake("check", files / "first.toml").out.splitlines()[:-1]] == [
        f"line {number}" for number, line in enumerate(said.out.splitlines(), 1) for _ in range(line.count('"?"'))
    ]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("check", "missing.toml"), "missing.toml cannot be read: No such file or directory; name a mapping"),
        (("try", "sources.toml", "--records", "missing.csv"), "missing.csv cannot be read: No such file"),
        (("try", "sources.toml", "--records", "rows.csv", "--source", "x"), "has no source x; there are bookings"),
        (("try", "sources.toml", "--records", "rows.csv", "--policy", "x.toml"), "--policy: x.toml cannot be read"),
        (("try", "sources.toml", "--records", "rows.csv", "--events", "."), "--events: . cannot be written"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(
    files: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], complaint: str
) -> None:
    monkeypatch.chdir(files)
    said = intake(*arguments)
    assert said.status == 2
    assert complaint in said.err
    assert len(said.err.splitlines()) == 1


async def _values(settings: Settings, name: str) -> list[dict[str, object]]:
    topic = settings.input_topic(name)
    consumer = AIOKafkaConsumer(**settings.client_options())
    await consumer.start()
    try:
        tps = [TopicPartition(topic, number) for number in range(await partition_count(settings, topic))]
        consumer.assign(tps)
        await consumer.seek_to_beginning(*tps)
        ends = await consumer.end_offsets(tps)
        found: list[dict[str, object]] = []
        while len(found) < sum(ends.values()):
            for records in (await consumer.getmany(timeout_ms=1000)).values():
                found += [json.loads(record.value) for record in records]
        return found
    finally:
        await consumer.stop()


def values(environment: dict[str, str], name: str) -> list[dict[str, object]]:
    settings = Settings.from_environment(environment, dotenv=None)
    return asyncio.run(asyncio.wait_for(_values(settings, name), stretched(30)))


def test_a_file_of_rows_is_sent_and_what_is_refused_is_told_and_kept(environment: dict[str, str], files: Path) -> None:
    kept = files / "refused.jsonl"
    packed = files / "rows.csv.gz"
    packed.write_bytes(gzip.compress(ROWS.encode()))
    said = tierflow(
        environment | {"TIERFLOW_SOURCES": str(files / "sources.toml")},
        "load",
        "csv",
        str(packed),
        "--refused",
        str(kept),
    )
    assert said.status == 1
    assert said.out.startswith("sent 2 events in ")
    why = '"X" is in no code table; add it to codes, or write otherwise ='
    assert said.err.splitlines() == [
        f"rows.csv.gz, line 3, transactions.type: {why} (unknown_code)",
        f"1 row refused (unknown_code 1); all of them are in {kept}",
    ]
    [refused] = map(json.loads, kept.read_text().splitlines())
    assert kept.stat().st_mode & 0o777 == 0o600
    assert (refused["line"], b64decode(refused["value_base64"])) == (3, b"2,C1,A1,X,10.00,TWD,2026-11-24\n")
    assert [value["event_id"] for value in values(environment, "transactions")] == ["1", "3"]


async def _produce(settings: Settings, topic: str, count: int) -> None:
    async with Admin(settings) as admin:
        await admin.create_topics([NewTopic(topic, 2, 1)])
    producer = AIOKafkaProducer(**settings.client_options())
    await producer.start()
    try:
        for number in range(count):
            row = {"id": number, "customer": "C1", "amount": "1.50"}
            at_ms = 1_790_000_000_000 + number  # of one millisecond, the partition would decide which is newer
            await producer.send_and_wait(topic, json.dumps(row).encode(), f"k{number}".encode(), timestamp_ms=at_ms)
    finally:
        await producer.stop()


def test_records_of_a_topic_are_sampled_and_give_a_first_mapping(environment: dict[str, str], tmp_path: Path) -> None:
    topic = f"core-{environment['TIERFLOW_APP_ID']}"
    asyncio.run(_produce(Settings.from_environment(environment, dotenv=None), topic, 5))
    said = tierflow(environment, "intake", "sample", topic, "--records", "2")
    assert (said.status, said.err) == (0, f"2 records of {topic}\n")
    lines = [json.loads(line) for line in said.out.splitlines()]
    assert [(line["topic"], line["key"], line["value"]["id"]) for line in lines] == [(topic, "k3", 3), (topic, "k4", 4)]
    (tmp_path / "sample.jsonl").write_text(said.out)
    suggested = intake("suggest", tmp_path / "sample.jsonl")
    assert f'topic = "{topic}"' in suggested.out
    assert 'amount = "amount"' in suggested.out
    assert "there is no topic" in tierflow(environment, "intake", "sample", f"{topic}x").err


def test_a_statement_is_sent(environment: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "statement.xml"
    path.write_bytes(statement(balance(), entry("R1"), entry("R2", status="<Cd>PDNG</Cd>")))
    mapping = str(FOLDER / "camt.toml")
    said = tierflow(environment, "load", "camt", str(path), "--mapping", mapping, "--source", "statements")
    assert (said.status, said.err) == (0, "1 row skipped: an entry that is not booked: PDNG\n")
    assert [value["event_id"] for value in values(environment, "transactions")] == ["0048-12345-R1-0"]
    assert [value["balance"] for value in values(environment, "balances")] == ["1250000.00"]


@pytest.mark.parametrize(
    ("form", "content", "complaint"),
    [
        (
            "csv",
            "number,customer\n",
            'rows.csv cannot be read: the mapping reads "account", and no column is called so',
        ),
        ("csv", b"\xff\xff\n", "rows.csv: it is not UTF-8, and what else it is cannot be told"),
        ("camt", "x", 'has the format csv; none has format = "camt"'),
    ],
)
def test_a_file_that_cannot_be_read_is_a_sentence(
    environment: dict[str, str], files: Path, form: str, content: str | bytes, complaint: str
) -> None:
    path = files / "rows.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    said = tierflow(environment, "load", form, str(path), "--mapping", str(files / "sources.toml"))
    assert said.status == 2
    assert complaint in said.err
