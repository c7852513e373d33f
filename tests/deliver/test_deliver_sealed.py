"""What is sealed reaches endpoints in the clear, and of whom was erased since not at all."""

import json
from collections.abc import Mapping
from pathlib import Path

from streams.settings import Settings
from tests.support.deliveries import Delivery, config, run, until
from tests.support.handmade_logs import START_MS, Writing, action, balance, customers_of
from tests.support.http_endpoint import Answer, Endpoint, Request

ERASED, STAYS = customers_of(1, 2)


def given(folder: Path, endpoint: Endpoint, more: str = "") -> Path:
    return config(folder, ("crm", endpoint.url, more))


def ids(endpoint: Endpoint, since: int) -> list[str]:
    """What was sent to it, but for so many requests at first."""
    return [json.loads(request.body)["id"] for request in endpoint.requests[since:]]


async def test_sealed_events_are_delivered_in_the_clear(
    sealed_settings: Settings, sealed_environment: Mapping[str, str], tmp_path: Path
) -> None:
    async with Writing(sealed_settings, "assets-only") as writing:
        writer = await writing.writer(1)
        await writer.batch([balance("b1", ERASED, "600000"), balance("b2", STAYS, "6000000")])
        await writer.batch([action("e1", ERASED, "erase", START_MS + 10)], START_MS + 10)
        await writer.batch([balance("b3", ERASED, "1", START_MS + 20)], START_MS + 20)
    file = "begin = 'earliest'\nevents = ['changes', 'erasures']"
    async with Endpoint() as endpoint, Delivery(sealed_environment, given(tmp_path, endpoint, file)) as delivery:
        await until(lambda: len(endpoint.accepted) == 3, 20, "all that is left has arrived")
        assert await delivery.end() == 0
    told = [json.loads(request.body) for request in endpoint.requests]
    assert sorted(value["id"] for value in told) == [f"{ERASED}:2", f"{ERASED}:erased:{START_MS + 10}", f"{STAYS}:1"]
    assert {value["tier"] for value in told if "tier" in value} == {"low", "high"}


async def test_a_parked_event_stays_sealed_and_is_sent_again_in_the_clear(
    sealed_settings: Settings, sealed_environment: Mapping[str, str], tmp_path: Path
) -> None:
    refuses = True

    async def at_first(_: Request) -> Answer:
        return 400 if refuses else 200

    async with Writing(sealed_settings, "assets-only") as writing:
        writer = await writing.writer(1)
        await writer.batch([balance("b1", ERASED, "600000"), balance("b2", STAYS, "6000000")])
        async with Endpoint(at_first) as endpoint:
            file = given(tmp_path, endpoint)
            async with Delivery(sealed_environment, file) as delivery:
                await until(lambda: delivery.said.count("is parked") == 2, 20, "both are parked")
                refuses = False
                await writer.batch([action("e1", ERASED, "erase", START_MS + 10)], START_MS + 10)
                status, out, _ = run(sealed_environment, "parked", "--json")
                assert (status, [json.loads(line)["value"]["tier"] for line in out.splitlines()]) == (0, ["high"])
                tried = len(endpoint.requests)
                assert "1 event left out" in run(sealed_environment, "resend", "--yes")[1]
                await until(lambda: f"{STAYS}:1" in ids(endpoint, tried), 20, "the other one has arrived")
                assert await delivery.end() == 0
            assert f"{ERASED}:1" not in ids(endpoint, tried)


async def test_without_the_master_key_nothing_is_delivered_and_it_is_said(
    sealed_settings: Settings, sealed_environment: Mapping[str, str], tmp_path: Path
) -> None:
    async with Writing(sealed_settings, "assets-only") as writing:
        await (await writing.writer(1)).batch([balance("b1", STAYS, "600000")])
    without = {**sealed_environment, "TIERFLOW_KEYS": "off"}
    async with Endpoint() as endpoint, Delivery(without, given(tmp_path, endpoint)) as delivery:
        await until(lambda: delivery.process.poll() is not None, 20, "it has ended")
        assert delivery.process.returncode == 2
        assert "write TIERFLOW_KEYS=on, and the master key" in delivery.said
    assert not endpoint.requests
