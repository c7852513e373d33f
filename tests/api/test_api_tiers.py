from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.support.api_source import Start, Table, address

TOKEN = "s3cret"  # noqa: S105 - of these tests alone


async def test_tiers_are_counted_over_all_workers(start: Start) -> None:
    one, two = Table({"a": "low", "b": "mid"}), Table({"c": "low"})
    first, second = await start(one, TOKEN), await start(two, TOKEN)
    one.others, two.others = [address(second)], [address(first)]
    for client in (first, second):
        response = await client.get("/tiers", headers={"Authorization": f"Bearer {TOKEN}"})
        counted = await response.json()
        assert counted == {"tiers": {"low": 2, "mid": 1, "high": 0}, "customers": 3, "complete": True}
        assert list(counted["tiers"]) == ["low", "mid", "high"]


async def test_local_counts_this_worker_alone(start: Start) -> None:
    other = await start(Table({"c": "low"}))
    client = await start(Table({"a": "low"}, others=[address(other)]))
    response = await client.get("/tiers?local=1")
    assert (await response.json())["customers"] == 1


async def test_a_worker_that_is_gone_makes_the_count_incomplete(start: Start) -> None:
    gone = await start(Table())
    there = address(gone)
    await gone.close()
    client = await start(Table({"a": "low"}, others=[there]))
    counted = await (await client.get("/tiers")).json()
    assert (counted["customers"], counted["complete"]) == (1, False)


async def test_a_recovering_worker_makes_the_count_incomplete(start: Start) -> None:
    recovering = await start(Table({"c": "high"}, reasons=["partition 3 is being recovered"]))
    client = await start(Table({"a": "low"}, others=[address(recovering)]))
    counted = await (await client.get("/tiers")).json()
    assert (counted["customers"], counted["complete"]) == (2, False)


async def test_an_answer_that_is_none_makes_the_count_incomplete(start: Start) -> None:
    async def nonsense(_request: web.Request) -> web.Response:
        return web.json_response({"tiers": "many"})

    strange = web.Application()
    strange.add_routes([web.get("/tiers", nonsense)])
    async with TestServer(strange) as server:
        client = await start(Table({"a": "low"}, others=[str(server.make_url(""))]))
        counted = await (await client.get("/tiers")).json()
    assert (counted["customers"], counted["complete"]) == (1, False)
