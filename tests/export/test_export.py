"""`tierflow export`: what is on the topics is in the files, each record once, and what was erased is not."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
from aiokafka import TopicPartition
from aiokafka.admin import RecordsToDelete

from streams.kafka.topics import ensure_topics
from streams.settings import Settings
from tests.support.commands import Said, tierflow
from tests.support.deliveries import PARTITIONS, changes, produce
from tests.support.topic_changes import admin_of, delete_topic
from tests.support.worker_processes import Events, Workers, applied, read

DAY = "2026-11-30"
POLICIES = Path(__file__).parents[2] / "config" / "policies"


def exported(environment: Mapping[str, str], folder: Path, *more: str, status: int = 0) -> Said:
    said = tierflow(environment, "export", str(folder), *more)
    assert said.status == status, said
    return said


def rows(folder: Path, table: str = "changes") -> list[dict[str, Any]]:
    return [row for path in sorted((folder / table).glob("*.parquet")) for row in pq.read_table(path).to_pylist()]


def ids(folder: Path) -> list[str]:
    return sorted(row["id"] for row in rows(folder))


def begun(folder: Path) -> list[Path]:
    return list(folder.glob("*/*.begun"))


async def put(settings: Settings, each: int, since: int = 1) -> list[str]:
    """Changes of 20 customers, from a number on; their ids."""
    messages = [one for one in changes(20, each) if one["sequence"] >= since]
    await produce(settings, messages)
    return [one["id"] for one in messages]


async def committed(settings: Settings) -> None:
    """Waits until all events are applied, and what came of them can be read: markers come a moment later."""
    await applied(settings)
    for output in ("changes", "campaigns", "erasures"):
        await read(settings, settings.output_topic(output))


async def test_a_file_that_cannot_be_written_is_said(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path
) -> None:
    await put(settings, 1)
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "changes").write_text("in the way")
    said = exported(environment, tmp_path / "w", status=2)
    assert "cannot be written (File exists); the next run goes on from what is there" in said.err
    assert "Traceback" not in said.err


async def test_a_note_of_erasures_that_is_damaged_stops_no_run(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path
) -> None:
    first = await put(settings, 1)
    exported(environment, tmp_path / "w")
    (tmp_path / "w" / "erasures-read.json").write_text("{")
    exported(environment, tmp_path / "w")
    assert ids(tmp_path / "w") == sorted(first)


async def test_a_run_goes_on_where_the_one_before_ended(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path
) -> None:
    first = await put(settings, 2)
    assert "changes 40" in exported(environment, tmp_path / "w").out
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "w" / "changes").iterdir()}
    second = await put(settings, 5, since=3)
    assert "changes 60" in exported(environment, tmp_path / "w").out
    assert "changes 0" in exported(environment, tmp_path / "w").out
    assert ids(tmp_path / "w") == sorted(first + second)
    after = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "w" / "changes").iterdir()}
    assert before.items() <= after.items()


async def test_a_run_that_was_cut_off_leaves_nothing_twice(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path
) -> None:
    told = await put(settings, 3)
    exported(environment, tmp_path)
    newest = max((tmp_path / "changes").glob("*.parquet"))
    newest.rename(newest.with_name(newest.name + ".begun"))  # as it is when the power fails before the last step
    exported(environment, tmp_path)
    assert ids(tmp_path) == sorted(told)
    assert not begun(tmp_path)


async def test_a_row_has_what_the_message_says(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path
) -> None:
    lines = map(json.loads, _simulated(environment, tmp_path))
    [message] = [line["value"] for line in lines if line["topic"] == "tier.changes" and line["value"]["id"] == "C001:2"]
    await produce(settings, [message])
    exported(environment, tmp_path / "w", "--as-of", DAY)
    [row] = rows(tmp_path / "w")
    assert (row["customer_id"], row["sequence"], row["tier"]) == ("C001", 2, message["tier"])
    assert (str(row["value"]), str(row["assets"])) == ("700000.0000", "700000.0000")
    assert row["decided_at"].isoformat() == "2026-11-24T06:01:00+00:00"
    assert (str(row["decided_on"]), row["policy_name"]) == ("2026-11-24", "standard")
    assert row["conditions"][0]["at_least"] == message["conditions"][0]["at_least"]
    assert row["granted"] == message["strategy"]["granted"]
    [customer] = rows(tmp_path / "w", "customers")
    assert (customer["tier"], customer["since"]) == ("mid", row["decided_at"])


async def test_what_an_erase_voids_is_taken_out(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path
) -> None:
    standard = str(POLICIES / "standard.toml")
    with Workers({**environment, "TIERFLOW_POLICY": standard}, tmp_path) as workers:
        async with Events(settings) as events:
            await workers.start().ready()
            for customer in ("C1", "C2"):
                await events.balance(customer, 600_000)
            await events.settle()
            await committed(settings)
            exported(environment, tmp_path / "w", "--as-of", "2099-01-01")
            assert {row["customer_id"] for row in rows(tmp_path / "w")} == {"C1", "C2"}
            assert {row["customer_id"] for row in rows(tmp_path / "w", "campaigns")} == {"C1", "C2"}
            await events.action("C1", "erase")
            await events.settle()
            await committed(settings)
    said = exported(environment, tmp_path / "w")
    assert "of erased customers taken out" in said.out
    for table in ("changes", "campaigns", "customers"):
        assert {row["customer_id"] for row in rows(tmp_path / "w", table)} == {"C2"}, table
    assert "taken out" not in exported(environment, tmp_path / "w").out
    exported(environment, tmp_path / "anew")
    assert {row["customer_id"] for row in rows(tmp_path / "anew")} == {"C2"}


async def test_what_is_missing_is_said(settings: Settings, environment: Mapping[str, str], tmp_path: Path) -> None:
    await put(settings, 6)
    exported(environment, tmp_path)
    topic = settings.output_topic("changes")
    ends = {row.partition: row.offset + 1 for row in await read(settings, topic)}
    await put(settings, 9, since=7)
    async with admin_of(settings) as admin:
        number, end = next(iter(ends.items()))
        await admin.delete_records({TopicPartition(topic, number): RecordsToDelete(before_offset=end + 1)})
    assert "were deleted before they were exported" in exported(environment, tmp_path, status=2).err
    await delete_topic(settings, topic)
    await ensure_topics(settings, PARTITIONS)
    assert "made anew" in exported(environment, tmp_path, status=2).err
    for path in sorted((tmp_path / "changes").glob("*.parquet"))[:1]:
        path.rename(path.with_name("notes.parquet"))
    assert "is no file of an export" in exported(environment, tmp_path, status=2).err


def _simulated(environment: Mapping[str, str], folder: Path) -> list[str]:
    events, lines = folder / "events.jsonl", []
    for number in range(60):
        who = {"customer_id": f"C{number:03}", "currency": "TWD"}
        for hour, balance in ((10, 480_000), (14, 600_000 + number * 100_000), (18, number * 8_000)):
            at = f"2026-11-24T{hour}:{number:02}:00+08:00"
            value = {"event_id": f"b{number}-{hour}", **who, "account_id": "A", "balance": str(balance), "as_of": at}
            lines.append({"topic": "bank.balances", "value": value})
        at = "2026-11-24T23:00:00+08:00"
        value = {"event_id": f"l{number}", **who, "loan_id": "L", "amount": str(number * 100_000), "applied_at": at}
        lines.append({"topic": "bank.loans", "value": value})
    near = {"event_id": "n", "customer_id": "NEAR", "account_id": "A", "balance": "470000", "currency": "TWD"}
    lines.append({"topic": "bank.balances", "value": {**near, "as_of": "2026-11-24T09:00:00+08:00"}})
    lines.sort(key=lambda line: line["value"].get("as_of") or line["value"]["applied_at"])
    last = {"event_id": "end", "customer_id": "C000", "standing": "good", "as_of": "2027-03-20T10:00:00+08:00"}
    lines.append({"topic": "bank.credit", "value": last})
    events.write_text("".join(json.dumps(line) + "\n" for line in lines))
    policy = str(POLICIES / "standard.toml")
    said = tierflow(environment, "simulate", "--policy", policy, "--events", str(events), "--full")
    assert said.status == 0, said.err
    return said.out.splitlines()


async def test_every_question_of_the_page_has_an_answer(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [json.loads(line) for line in _simulated(environment, tmp_path)]
    for output in ("changes", "campaigns", "risk"):
        await produce(settings, [line["value"] for line in lines if line["topic"] == f"tier.{output}"], output)
    exported(environment, tmp_path / "warehouse", "--as-of", "2026-10-31", "--as-of", DAY)
    monkeypatch.chdir(tmp_path)
    page = (Path(__file__).parents[2] / "docs" / "analytics.md").read_text()
    questions = re.findall(r"\*\*(\d+)\. ([^\n]*)\*\*.*?```sql\n(.*?)```", page, re.DOTALL)
    assert [number for number, _, _ in questions] == [str(number) for number in range(1, 11)]
    for _, question, sql in questions:
        assert duckdb.sql(sql).fetchall(), question
