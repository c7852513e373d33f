import asyncio
import logging

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from yarl import URL

from streams.api import peers
from streams.api.peers import FORWARDED
from tests.support.api_source import Start, Table, address

TOKEN = "s3cret"  # noqa: S105 - of these tests alone


async def test_a_customer_is_the_newest_change_with_its_measures(start: Start) -> None:
    response = await (await start(Table({"C001": "mid"}))).get("/customers/C001")
    assert response.status == 200
    assert response.content_type == "application/json"
    assert await response.json() == {
        "id": "C001:1",
        "customer_id": "C001",
        "tier": "mid",
        "value": "512345.00",
        "measures": {"assets": "500000.00"},
    }


@pytest.mark.parametrize("customer_id", ["nobody", "erased"])
async def test_who_has_no_tier_is_a_404_problem(start: Start, customer_id: str) -> None:
    response = await (await start(Table({"erased": None}))).get(f"/customers/{customer_id}")
    assert response.status == 404
    assert response.content_type == "application/problem+json"
    assert await response.json() == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "No customer with this id has a tier.",
    }


@pytest.mark.parametrize(
    ("customer_id", "quoted"),
    [
        ("C 1", "C%201"),
        ("客戶1", "%E5%AE%A2%E6%88%B61"),
        ("a/b", "a%2Fb"),
        ("50%", "50%25"),
        ("a%2Fb", "a%252Fb"),
        ("who?#", "who%3F%23"),
        ("a+b", "a+b"),
        ("a+b", "a%2Bb"),
    ],
)
async def test_any_id_is_found_here_and_through_another_worker(start: Start, customer_id: str, quoted: str) -> None:
    holder = await start(Table({customer_id: "high"}))
    other = await start(Table(elsewhere={customer_id: address(holder)}))
    for client in (holder, other):
        response = await client.get(URL(f"/customers/{quoted}", encoded=True))
        assert response.status == 200
        assert (await response.json())["customer_id"] == customer_id


@pytest.mark.parametrize(("into", "quoted"), [("C002", "C002"), ("a/b 客", "a%2Fb%20%E5%AE%A2")])
async def test_a_former_id_leads_to_the_other_one_here_and_through_another_worker(
    start: Start, into: str, quoted: str
) -> None:
    holder = await start(Table({into: "high"}, moved={"C001": into}), TOKEN)
    other = await start(Table({into: "high"}, elsewhere={"C001": address(holder)}), TOKEN)
    anyone = await start(Table({into: "high"}, by_key=False, others=[address(holder)]), TOKEN)
    for client in (holder, other, anyone):
        bearer = {"Authorization": f"Bearer {TOKEN}"}
        response = await client.get("/customers/C001?state=1", headers=bearer, allow_redirects=False)
        assert (response.status, response.headers["Location"]) == (308, f"/customers/{quoted}?state=1")
        assert response.content_type == "application/problem+json"
        assert (await response.json())["customer_id"] == into
        followed = await client.get("/customers/C001", headers=bearer)
        assert (await followed.json())["customer_id"] == into


async def test_a_308_of_another_worker_that_says_no_id_is_not_believed(start: Start) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.json_response({"status": 308}, status=308, headers={"Location": "/customers/C002"})

    stranger = web.Application()
    stranger.router.add_get("/{rest:.*}", answer)
    async with TestServer(stranger) as server:
        worker = await start(Table(elsewhere={"C001": str(server.make_url("")).rstrip("/")}))
        assert (await worker.get("/customers/C001", allow_redirects=False)).status == 503


async def test_an_id_that_is_no_utf_8_is_unknown(start: Start) -> None:
    client = await start(Table())
    response = await client.get(URL("/customers/%FF", encoded=True))
    assert response.status == 404


async def test_the_worker_that_holds_the_customer_is_asked_with_the_token(start: Start) -> None:
    holder = await start(Table({"C001": "mid"}), TOKEN)
    other = await start(Table(elsewhere={"C001": address(holder), "C002": address(holder)}), TOKEN)
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    found = await other.get("/customers/C001", headers=bearer)
    unknown = await other.get("/customers/C002", headers=bearer)
    assert (found.status, (await found.json())["tier"]) == (200, "mid")
    assert unknown.status == 404


async def test_two_workers_that_point_at_each_other_ask_once_and_give_503(start: Start) -> None:
    one, two = Table(), Table()
    first, second = await start(one), await start(two)
    one.elsewhere, two.elsewhere = {"C001": address(second)}, {"C001": address(first)}
    response = await first.get("/customers/C001")
    assert (response.status, response.headers["Retry-After"]) == (503, "1")
    assert [table.asked for table in (one, two)] == [["C001"], ["C001"]]


async def test_a_forwarded_question_is_never_forwarded_again(start: Start) -> None:
    holder = await start(Table({"C001": "mid"}))
    other = await start(Table(elsewhere={"C001": address(holder)}))
    response = await other.get("/customers/C001", headers={FORWARDED: "1"})
    assert response.status == 503


@pytest.mark.parametrize(("wait_s", "said"), [(0, "1"), (0.2, "1"), (4.2, "5"), (30, "30")])
async def test_a_recovering_partition_says_when_to_come_back(start: Start, wait_s: float, said: str) -> None:
    response = await (await start(Table(recovering={"C001": wait_s}))).get("/customers/C001")
    assert (response.status, response.headers["Retry-After"]) == (503, said)
    assert response.content_type == "application/problem+json"


async def test_a_worker_that_is_gone_is_a_503(start: Start) -> None:
    gone = await start(Table())
    there = address(gone)
    await gone.close()
    response = await (await start(Table(elsewhere={"C001": there}))).get("/customers/C001")
    assert (response.status, response.headers["Retry-After"]) == (503, "1")


async def test_a_worker_that_hangs_is_a_503_in_time(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "ANSWER_WITHIN_S", 0.1)
    released = asyncio.Event()

    async def hang(_request: web.Request) -> web.Response:
        await released.wait()
        return web.Response()

    hanging = web.Application()
    hanging.add_routes([web.get("/customers/C001", hang)])
    async with TestServer(hanging) as server:
        response = await (await start(Table(elsewhere={"C001": str(server.make_url(""))}))).get("/customers/C001")
        released.set()
    assert response.status == 503


async def test_a_worker_with_another_token_is_a_503_not_a_401(start: Start) -> None:
    holder = await start(Table({"C001": "mid"}), "another")
    other = await start(Table(elsewhere={"C001": address(holder)}), TOKEN)
    response = await other.get("/customers/C001", headers={"Authorization": f"Bearer {TOKEN}"})
    assert response.status == 503


async def test_where_no_partitioner_says_whose_a_customer_is_all_are_asked(start: Start) -> None:
    tables = [Table({"C001": "low"}, by_key=False), Table(by_key=False), Table({"C003": "high"}, by_key=False)]
    clients = [await start(table) for table in tables]
    for table in tables:
        table.others = [address(client) for client, other in zip(clients, tables, strict=True) if other is not table]
    for client in clients:
        found = [await client.get(f"/customers/{customer_id}") for customer_id in ("C001", "C003", "C404")]
        assert [response.status for response in found] == [200, 200, 404]
    tables[1].reasons.append("partition 1 is being recovered")
    for client in clients:
        assert (await client.get("/customers/C003")).status == 200
        assert (await client.get("/customers/C404")).status == 503
    await clients[2].close()
    assert (await clients[0].get("/customers/C003")).status == 503


async def test_no_log_line_holds_a_customer_id(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Table):
        def customer(self, customer_id: str) -> None:
            raise KeyError(customer_id)

    caplog.set_level(logging.DEBUG)
    gone = await start(Table())
    there = address(gone)
    await gone.close()
    broken = await start(Broken(elsewhere={"C0077-away": there}))
    for customer_id in ("C0077", "C0077-away"):
        response = await broken.get(f"/customers/{customer_id}")
        assert "C0077" not in await response.text()
    assert "KeyError" in caplog.text
    assert "/customers/{customer_id}" in caplog.text
    assert "C0077" not in caplog.text
