"""An audit may begin at a starting point: what was before may be gone, or worked by another engine."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.records_to_delete import RecordsToDelete

from streams.audit import start
from streams.audit.run import audit, write_starting_point
from streams.audit.states import read_states
from streams.errors import UsageError
from streams.kafka.changelog import Recovered
from streams.partition.work import CHANGES, Work
from streams.settings import Settings
from tests.audit.test_audit_budgets import POLICY, grant
from tests.audit.test_audit_damage import change_value, order_written
from tests.support.handmade_logs import START_MS, LogWriter, Writing, balance, customers_of
from tests.support.works import damaged

A, B, C = customers_of(0, 3)
BEFORE = [balance("b1", A, "600000"), balance("b2", B, "1")]
AFTER = [balance("b3", A, "1", START_MS + 1), balance("b4", C, "6000000", START_MS + 2)]


async def two_batches(
    settings: Settings,
    file: Path,
    before: Callable[[Work], Work] = lambda work: work,
    after: Callable[[Work], Work] = lambda work: work,
) -> None:
    """A batch, a starting point, a batch."""
    async with Writing(settings) as writing:
        writer: LogWriter = await writing.writer(0)
        await writer.batch(BEFORE, damage=before)
        await write_starting_point(settings, file)
        await writer.batch(AFTER, damage=after)


async def test_what_comes_after_a_starting_point_is_audited(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "start"
    await two_batches(settings, file, damaged(CHANGES, lambda _: []), damaged(CHANGES, change_value))
    report = await audit(settings, start_file=file)
    assert [(found.kind, found.what) for found in report.found] == [("different", f"{A}:2")]
    assert (report.transactions, report.events, report.states) == (1, 2, 3)
    assert "begun at the starting point of " in report.notes[0]
    assert file.stat().st_mode & 0o077 == 0  # customers' data are not for everybody


async def test_a_log_that_another_engine_began_is_audited_from_a_starting_point_on(
    settings: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "start"
    await two_batches(settings, file, order_written(b'"engine_version":2', b'"engine_version":1'))
    with pytest.raises(UsageError, match=r"engine version 1, this release has 2; .* --start FILE"):
        await audit(settings)
    report = await audit(settings, start_file=file)
    assert (report.found, report.transactions) == ([], 1)
    report = await audit(settings, A, start_file=file)
    assert [change.id for change in report.customer] == [f"{A}:2"]


async def test_what_was_deleted_before_a_starting_point_is_not_missed(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "start"
    await two_batches(settings, file)
    gone = {
        TopicPartition(settings.output_topic("order"), 0): 1,
        TopicPartition(settings.input_topic("balances"), 0): 2,
    }
    admin = AIOKafkaAdminClient(**settings.client_options())
    await admin.start()
    await admin.delete_records({tp: RecordsToDelete(before_offset=offset) for tp, offset in gone.items()})
    await admin.close()
    with pytest.raises(UsageError, match="was deleted"):
        await audit(settings)
    assert (await audit(settings, start_file=file)).found == []


async def test_budgets_go_on_from_a_starting_point(settings: Settings, tmp_path: Path) -> None:
    """Of two gifts one is given before. A candidate waits for its budget at the starting point."""
    writing, file = Writing(settings), tmp_path / "start"
    writing.policy = POLICY
    async with writing:
        writer = await writing.writer(0)
        await writer.batch([balance("b1", A, "1000")])
        await grant(settings)
        await writer.batch([balance("b2", B, "1000")])
        await write_starting_point(settings, file)
        await writer.batch([balance("b3", C, "1000")])
    missing = await audit(settings, start_file=file)
    assert missing.found == []  # not worked yet
    await grant(settings, goes_on=True)
    report = await audit(settings, start_file=file)
    assert (report.found, report.candidates) == ([], 1)


async def test_a_starting_point_needs_rest(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start, "PATIENCE_S", 0.0)
    really = read_states
    async with Writing(settings) as writing:
        writer = await writing.writer(0)

        async def read_late(*given: Any) -> Recovered:
            await writer.batch([])
            return await really(*given)

        monkeypatch.setattr(start, "read_states", read_late)
        with pytest.raises(UsageError, match="needs rest"):
            await write_starting_point(settings, tmp_path / "start")


async def test_a_file_that_is_no_starting_point_of_these_topics_is_said(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "start"
    await write_starting_point(settings, file)
    with pytest.raises(UsageError, match="cannot be written"):
        await write_starting_point(settings, file)
    with pytest.raises(UsageError, match="is of app id"):
        start.read_start(replace(settings, app_id="other"), 4, file)
    *whole, last = file.read_bytes()
    file.write_bytes(bytes([*whole, last ^ 1]))  # another byte for certain
    with pytest.raises(UsageError, match="no starting point, or was changed"):
        await audit(settings, start_file=file)
    with pytest.raises(UsageError, match="cannot be read"):
        await audit(settings, start_file=tmp_path / "none")
