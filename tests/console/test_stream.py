"""The stream of what is decided: as it comes, on from where a client was, and without customers for viewers."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest
from aiohttp import ClientResponse

from streams.console import stream
from tests.support.consoles import GOLD, ABank, bearing, console, tokens_file
from tests.support.deliveries import change, produce
from tests.support.patience import stretched, until


class Event(NamedTuple):
    id: str
    event: str
    data: Mapping[str, object]


async def event(answer: ClientResponse) -> Event:
    """The next event; comments are passed over."""
    fields: dict[str, str] = {}
    async with asyncio.timeout(stretched(10)):
        while True:
            line = (await answer.content.readline()).decode().rstrip("\n")
            assert line or not answer.content.at_eof()
            if not line and "event" in fields:
                return Event(fields.get("id", ""), fields["event"], json.loads(fields["data"]))
            name, colon, value = line.partition(": ")
            if colon and name:
                fields[name] = value


def made(customer: str, sequence: int, tier: str = "mid") -> dict[str, object]:
    fields = {"previous_tier": "low", "earned_tier": tier, "value": "1.00", "currency": "TWD", "cause": None}
    return {**change(customer, sequence), "tier": tier, **fields}


async def test_what_is_decided_comes_and_a_client_goes_on_from_where_it_was(of_bank: ABank) -> None:
    async with console(of_bank) as client:
        async with client.get("/api/stream?kinds=tier") as answer:
            assert answer.content_type == "text/event-stream"
            await answer.content.readline()  # it is open
            await produce(of_bank.settings, [made("S-1", 1), made("S-1", 2)])
            first = await event(answer)
            assert (first.event, first.data["id"]) == ("tier", "S-1:1")
        async with client.get("/api/stream", headers={"Last-Event-ID": first.id}) as answer:
            assert (await event(answer)).data["id"] == "S-1:2"
        for gone in ("00000000.1", "nonsense", f"{first.id}999999"):
            async with client.get("/api/stream", headers={"Last-Event-ID": gone}) as answer:
                assert (await event(answer)).event == "lost"


async def test_a_stream_has_what_was_asked_for(of_bank: ABank) -> None:
    async with (
        console(of_bank) as client,
        client.get("/api/stream?customer=S-3") as of_one,
        client.get("/api/stream?tier=high") as of_tier,
    ):
        await of_one.content.readline()
        await of_tier.content.readline()
        await produce(of_bank.settings, [made("S-2", 1, "high"), made("S-3", 1)])
        assert (await event(of_one)).data["id"] == "S-3:1"
        assert (await event(of_tier)).data["id"] == "S-2:1"


async def test_a_viewer_learns_of_no_customer(of_bank: ABank, tmp_path: Path) -> None:
    tokens = str(tokens_file(tmp_path))
    async with (
        console(of_bank, TIERFLOW_CONSOLE_TOKENS=tokens) as client,
        client.get("/api/stream", headers=bearing("viewer")) as answer,
    ):
        await answer.content.readline()
        await produce(of_bank.settings, [made("S-4", 1)])
        told = await event(answer)
        assert (told.event, told.data["tier"]) == ("tier", "mid")
        assert "S-4" not in json.dumps(told.data)
        async with client.get(f"/api/stream?customer={GOLD}", headers=bearing("viewer")) as refused:
            assert refused.status == 403


async def test_a_stream_that_is_far_behind_leaves_out_and_says_how_much(
    of_bank: ABank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "BEHIND_LIMIT", 3)
    monkeypatch.setattr(stream, "EVENTS_PER_S", 2)
    async with console(of_bank) as client:
        async with client.get("/api/stream") as answer:
            await answer.content.readline()
            await produce(of_bank.settings, [made("S-5", 1)])
            first = await event(answer)
        await produce(of_bank.settings, [made("S-5", number) for number in range(2, 10)])

        async def are_known() -> bool:
            async with client.get("/api/customers/S-5/history") as answer:
                return len((await answer.json())["items"]) == 9

        await until(are_known, 20, "all of them wait for the stream")
        async with client.get("/api/stream", headers={"Last-Event-ID": first.id}) as answer:
            skipped = await event(answer)
            assert (skipped.event, skipped.data) == ("skipped", {"count": 6})
            assert [(await event(answer)).data["id"] for _ in range(2)] == ["S-5:8", "S-5:9"]


async def test_too_many_streams_are_refused(of_bank: ABank, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "STREAMS_LIMIT", 1)
    async with console(of_bank) as client, client.get("/api/stream") as open_one:
        await open_one.content.readline()
        async with client.get("/api/stream") as answer:
            assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
