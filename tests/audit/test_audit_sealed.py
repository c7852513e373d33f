"""The audit of a log that is sealed: it compares what it opens, and says what it cannot, and why."""

from pathlib import Path

from streams.audit.run import audit, write_starting_point
from streams.partition.work import CHANGES, Message
from streams.settings import Settings
from tests.support.handmade_logs import DAY_MS, START_MS, Writing, action, balance, customers_of, loan, purchase
from tests.support.works import damaged

ERASED, STAYS, NEW = customers_of(1, 3)


async def write(writing: Writing) -> None:
    writer = await writing.writer(1)
    await writer.batch([balance("b1", ERASED, "600000"), balance("b2", STAYS, "6000000"), purchase("t1", STAYS, "10")])
    await writer.batch([loan("l1", STAYS, "9000000", START_MS + 5), action("e1", ERASED, "erase", START_MS + 9)])
    await writer.batch([balance("b3", ERASED, "1", START_MS + DAY_MS)], START_MS + DAY_MS)


async def test_what_is_opened_is_compared_and_what_was_erased_is_said(sealed_settings: Settings) -> None:
    async with Writing(sealed_settings, "standard") as writing:
        await write(writing)
    report = await audit(sealed_settings)
    assert report.found == []
    [note] = report.notes
    assert "for customers who were erased (1): their ids, numbers, order and headers were compared" in note
    [change, _] = (await audit(sealed_settings, ERASED)).customer
    assert (change.id, change.tier, change.verdict) == (f"{ERASED}:1", "mid", "ok")


async def test_a_sealed_change_that_says_something_else_is_found(sealed_settings: Settings) -> None:
    def lie(messages: list[Message]) -> list[Message]:
        return [
            message._replace(value=(message.value or b"").replace(b'"tier":"mid","earned', b'"tier":"top","earned'))
            for message in messages
        ]

    async with Writing(sealed_settings, "standard") as writing:
        await (await writing.writer(1)).batch([balance("b1", STAYS, "600000")], damage=damaged(CHANGES, lie))
    [found, *_] = (await audit(sealed_settings)).found
    assert found.kind == "different"
    assert found.what == f"{STAYS}:1"
    assert [(field.field, field.topic, field.replay) for field in found.fields] == [("tier", '"top"', '"mid"')]


async def test_a_key_that_is_gone_though_nobody_was_erased_is_found(sealed_settings: Settings) -> None:
    async with Writing(sealed_settings, "standard") as writing:
        await write(writing)
        await writing.foreign.send_and_wait(sealed_settings.keys_topic, None, key=STAYS.encode(), partition=1)
    found = [str(difference) for difference in (await audit(sealed_settings)).found]
    assert len(found) == 1
    assert f"the key of {STAYS}, who was not erased" in found[0]


async def test_an_audit_begins_at_a_starting_point_of_sealed_states(sealed_settings: Settings, tmp_path: Path) -> None:
    async with Writing(sealed_settings, "standard") as writing:
        await write(writing)
        await write_starting_point(sealed_settings, tmp_path / "start")
        later_ms = START_MS + 2 * DAY_MS
        await writing.writers[0].batch([balance("b9", NEW, "600000", later_ms)], later_ms)
    report = await audit(sealed_settings, start_file=tmp_path / "start")
    assert report.found == []
    assert report.changes == 1
