"""Accounts and their owners on a real broker: everybody holds what is right through kills, and the audit knows."""

import asyncio
import json
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from aiokafka import AIOKafkaProducer

from streams.audit.report import Report
from streams.audit.sources import audit_accounts, audit_sources
from streams.intake.compile.mapping import load_mapping
from streams.settings import Settings
from tests.support.account_flow import FIRST_MS, MAPPING, Bank, put, told_holdings
from tests.support.commands import tierflow
from tests.support.patience import stretched, until
from tests.support.sources import Core, IntakeProcess
from tests.support.worker_processes import SOAK, read

KILLS = 20 if SOAK else 2
LAST_MS = FIRST_MS + 10**12
WAIT_MS = 500
BOOKED = {"account_id": "A1", "type": "fee", "amount": "5.00", "currency": "TWD", "occurred_at": FIRST_MS + 1}


@pytest.mark.timeout(stretched(600 if SOAK else 120))
async def test_everybody_holds_what_is_right_after_kills(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path
) -> None:
    settings = replace(settings, accounts=True)
    environment = {**environment, "TIERFLOW_ACCOUNTS": "on"}
    core, accounts = Core(settings, tmp_path), settings.input_topic("accounts")
    core.mapping.write_text(MAPPING.format(topic=core.topic))
    await core.make()
    bank = Bank(Random(20261129))  # noqa: S311 - repeatable, not secret
    random = Random(7)  # noqa: S311 - as above
    with ExitStack() as ends:
        pair = [IntakeProcess(environment, tmp_path, name, core.mapping) for name in ("i1", "i2")]
        for process in pair:
            ends.callback(process.discard)
        await asyncio.gather(*(process.ready() for process in pair))
        await put(settings, accounts, bank.first_records())
        for kill in range(KILLS + 1):
            await put(settings, core.topic, bank.bookings(300))
            await put(settings, accounts, bank.account_records(20))
            if kill < KILLS:
                victim = random.choice(pair)
                victim.kill()
                victim.start_again()
        wanted = bank.holdings(LAST_MS)

        booked = {one["id"] for one in bank.transactions if one["account"][0] == "A"}

        async def all_told() -> bool:
            events = await read(settings, settings.input_topic("transactions"))
            told = {json.loads(one.value)["event_id"].partition(":")[0] for one in events}
            return told == booked and await told_holdings(settings, LAST_MS) == wanted

        await until(all_told, stretched(60), "all is told")
        assert await pair[0].stop() == 0
    await transactions_are_right(settings, bank)
    assert await read(settings, settings.output_topic("source-dead-letters")) == []
    assert await differences(settings, core) == ([], [])


@pytest.mark.timeout(stretched(90))
async def test_what_waits_on_a_quiet_topic_becomes_a_dead_letter_without_any_mapping_and_the_audit_knows_why(
    settings: Settings, environment: Mapping[str, str], tmp_path: Path
) -> None:
    settings = replace(settings, accounts=True, account_wait_ms=WAIT_MS)
    environment = {**environment, "TIERFLOW_ACCOUNTS": "on", "TIERFLOW_ACCOUNT_WAIT_MS": str(WAIT_MS)}
    process = IntakeProcess(environment, tmp_path, "i1", tmp_path / "no mapping.toml")
    letters = settings.output_topic("source-dead-letters")
    try:
        await process.ready()
        await put(settings, settings.by_account_topic, [{**BOOKED, "event_id": "t1"}])

        async def is_given_up() -> bool:
            return bool(await read(settings, letters))

        await until(is_given_up, stretched(30), "the booking is given up")
        late = {"account_id": "A1", "owners": [{"customer_id": "C1"}], "as_of": FIRST_MS}
        (tmp_path / "accounts.jsonl").write_text(json.dumps({"topic": "bank.accounts", "value": late}) + "\n")
        said = await asyncio.to_thread(tierflow, environment, "load", "events", str(tmp_path / "accounts.jsonl"))
        assert said.status == 0, said.err

        async def has_come() -> bool:
            return any(b"owners" in one.value for one in await read(settings, settings.by_account_topic))

        await until(has_come, stretched(30), "the account record is passed on")
        await put(settings, settings.by_account_topic, [{**BOOKED, "event_id": "t2"}])

        async def is_told() -> bool:
            return bool(await read(settings, settings.input_topic("transactions")))

        await until(is_told, stretched(30), "the next one is told")
        assert await process.stop() == 0
    finally:
        process.discard()
    [letter] = [json.loads(one.value) for one in await read(settings, letters)]
    assert (letter["source"], letter["reason"], letter["topic"]) == (
        "accounts.owners",
        "unknown_account",
        settings.by_account_topic,
    )
    [told] = [json.loads(one.value) for one in await read(settings, settings.input_topic("transactions"))]
    assert told == {**BOOKED, "event_id": "t2:C1", "customer_id": "C1"}
    assert await differences(settings) == ([], [])
    [event] = await read(settings, settings.input_topic("transactions"))
    async with AIOKafkaProducer(**settings.client_options()) as writer:
        await writer.send_and_wait(event.topic, event.value, event.key, headers=list(event.headers))
    found, _ = await differences(settings)
    assert found == ["doubled"]


async def transactions_are_right(settings: Settings, bank: Bank) -> None:
    """Each once to each of some people who own the account at some time, and to all owners of one moment."""
    told: dict[str, Counter[str]] = {}
    for record in await read(settings, settings.input_topic("transactions")):
        event = json.loads(record.value)
        booked, _, owner = event["event_id"].partition(":")
        assert owner == event["customer_id"] == record.key.decode()
        told.setdefault(booked, Counter())[owner] += 1
    wanted = {one["id"]: one["account"] for one in bank.transactions if one["account"][0] == "A"}
    assert told.keys() == wanted.keys()
    for booked, owners in told.items():
        assert set(owners.values()) == {1}
        assert set(owners) in [
            counting(record["owners"]) for record in bank.records[wanted[booked]] if "owners" in record
        ]


def counting(owners: list[dict[str, str]]) -> set[str]:
    return {owner["customer_id"] for owner in owners if owner.get("role") != "authorised"}


async def differences(settings: Settings, core: Core | None = None) -> tuple[list[str], list[str]]:
    report = Report()
    if core is not None:
        await audit_sources(settings, load_mapping(core.mapping.read_text()), report)
    await audit_accounts(settings, report)
    assert report.sourced
    return [found.kind for found in report.found], report.notes
