"""The console's API over a real worker and a real broker: what an agent asks, and what is answered."""

from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from yarl import URL

from streams.console import routes
from streams.console.bank import begins_ms
from streams.policy.campaigns import BudgetPeriod
from streams.values.calendar import Calendar
from tests.support.consoles import GOLD, LOST, PLAIN, ABank, Client, console


async def get(client: Client, path: str, status: int = 200, **headers: str) -> Any:
    async with client.get(URL(path, encoded=True), headers=headers) as answer:
        assert answer.status == status, await answer.text()
        kind = "application/json" if status == 200 else "application/problem+json"
        assert answer.content_type == kind
        return await answer.json(content_type=kind)


def of(customer: str, what: str = "") -> str:
    return f"/api/customers/{quote(customer, safe='')}{what}"


async def test_an_agent_learns_why_a_tier_was_lost_and_what_it_takes(of_bank: ABank) -> None:
    async with console(of_bank) as client:
        told = await get(client, of(LOST, "/explanation"))
    assert (told["tier"]["id"], told["tier"]["names"]["zh"], told["direction"]) == ("mid", "中等價值客戶", "downgrade")
    assert (told["lost"]["tier"], told["lost"]["reason"], told["lost"]["missing"]) == (
        "high",
        "threshold_crossed",
        "800000.00",
    )
    assert told["next"] == {"tier": "high", "names": told["next"]["names"], "missing": "800000.00"}
    assert [(floor["tier"], floor["met"]) for floor in told["floors"]] == [("mid", True), ("high", False)]
    assert told["strategy"]["services"][0]["names"]["en"].startswith("Competitive time deposits")
    english, traditional, simplified = (told["sentences"][tag] for tag in ("en", "zh-TW", "zh-CN"))
    assert "For High net worth the customer needs TWD 800,000 more in composite value." in english
    assert any(
        "自高淨值客戶調降，原因：已低於高淨值客戶的門檻，當時尚差新臺幣800,000元。" in line for line in traditional
    )
    assert "升级至高淨值客戶，还需综合价值再增加新台币800,000元。" in simplified
    assert len(english) == len(traditional) == len(simplified)


async def test_the_history_of_a_customer_comes_in_pages_the_newest_first(of_bank: ABank) -> None:
    async with console(of_bank) as client:
        first = await get(client, of(LOST, "/history?limit=2"))
        rest = await get(client, of(LOST, f"/history?after={first['next']}"))
    changes = [one["message"] for one in [*first["items"], *rest["items"]] if one["kind"] == "tier"]
    assert [change["direction"] for change in changes] == ["downgrade", "initial"]
    assert (len(first["items"]), rest["next"]) == (2, None)


async def test_a_former_id_leads_to_the_other_one(of_bank: ABank) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.json_response({"customer_id": "C/2"}, status=308)

    worker = web.Application()
    worker.router.add_get("/{rest:.*}", answer)
    async with (
        TestServer(worker) as server,
        console(of_bank, TIERFLOW_HTTP_URL=str(server.make_url("")).rstrip("/")) as client,
    ):
        for more in ("", "/explanation"):
            async with client.get(of("C001", more), allow_redirects=False) as said:
                assert (said.status, said.headers["Location"]) == (308, f"/api/customers/C%2F2{more}")


async def test_the_newest_change_and_the_measures_are_the_workers(of_bank: ABank) -> None:
    async with console(of_bank) as client:
        told = await get(client, of(GOLD))
        assert (told["tier"], told["measures"]["assets"], "state" in told) == ("high", "6000000.00", False)
        await get(client, of("nobody"), 404)
        await get(client, of("nobody", "/explanation"), 404)
        assert (await get(client, of("nobody", "/history"))) == {"items": [], "next": None}


async def test_a_digest_that_is_no_text_is_of_no_policy(of_bank: ABank) -> None:
    async with console(of_bank) as client:
        await get(client, "/api/policies/sha256:%FF", 404)


async def test_the_bank_as_a_whole(of_bank: ABank) -> None:
    async with console(of_bank) as client:
        tiers = await get(client, "/api/tiers")
        assert [(tier["id"], tier["customers"]) for tier in tiers["tiers"]] == [("low", 1), ("mid", 1), ("high", 1)]
        assert (tiers["complete"], tiers["policy"]["name"], tiers["tiers"][0]["share"]) == (True, "standard", "0.3333")
        flows = await get(client, "/api/flows?span=day")
        counted = {(flow["previous_tier"], flow["tier"]): flow["changes"] for flow in flows["flows"]}
        assert counted == {(None, "low"): 1, (None, "high"): 2, ("high", "mid"): 1}
        points = (await get(client, "/api/rates?minutes=30"))["points"]
        assert (len(points), sum(point["initial"] for point in points)) == (30, 3)
        assert sum(point["decisions"] for point in points) == 1
        campaigns = {one["id"]: one for one in (await get(client, "/api/campaigns"))["items"]}
        assert campaigns["account-opening-gift"]["treated"] == 3
        page = await get(client, "/api/tiers/high/customers")
        assert [one["customer_id"] for one in page["items"]] == [GOLD]
        await get(client, "/api/tiers/none/customers", 404)
        [loan] = (await get(client, "/api/loans"))["items"]
        assert (loan["customer_id"], loan["outcome"]) == (GOLD, "enhanced")
        assert (await get(client, "/api/loans?kind=alert"))["items"] == []


async def test_policies_in_words_and_the_check_of_a_new_one(of_bank: ABank) -> None:
    async with console(of_bank) as client:
        listed = await get(client, "/api/policies")
        [policy] = listed["items"]
        assert listed["in_force"]["digest"] == policy["digest"]
        told = await get(client, f"/api/policies/{policy['digest']}")
        assert told["words"][0]["text"]["en"].startswith("standard, version 1: 3 tiers, in TWD")
        assert told["words"][0]["text"]["zh-TW"].startswith("standard 第 1 版：3 個等級，幣別 TWD")
        assert told["words"][0]["text"]["zh-CN"].startswith("standard 第 1 版：3 个等级，币种 TWD")
        line = told["toml"].splitlines()[told["words"][1]["line"] - 1]
        assert line == "[[campaigns]]"
        await get(client, "/api/policies/sha256:none", 404)
        async with client.post("/api/policies/check", json={"toml": told["toml"]}) as answer:
            checked = await answer.json()
        assert (checked["ok"], [floor["at_least"] for floor in checked["floors"]]) == (
            True,
            ["500000.00", "5000000.00"],
        )
        async with client.post("/api/policies/check", json={"toml": 'name = "a"\nversion = x'}) as answer:
            checked = await answer.json()
        texts = [one["text"] for one in checked["findings"] if one["line"] == 2]
        assert {
            "en": 'x is not in quotes; write "x"',
            "zh-TW": 'x 沒有加引號；請寫 "x"',
            "zh-CN": 'x 没有加引号；请写 "x"',
        } in texts
        assert checked["ok"] is False


@pytest.mark.parametrize("path", ["/api/policies", "/"])
async def test_an_answer_that_is_known_is_not_sent_again(of_bank: ABank, path: str) -> None:
    async with console(of_bank) as client:
        async with client.get(path) as answer:
            tag, allowed = answer.headers["ETag"], answer.headers["Content-Security-Policy"]
        async with client.get(path, headers={"If-None-Match": f'"other", W/{tag}'}) as answer:
            assert (answer.status, await answer.read(), answer.headers["ETag"]) == (304, b"", tag)
            assert answer.headers["Content-Security-Policy"] == allowed


@pytest.mark.parametrize(
    "path",
    [
        "/api/flows?span=year",
        "/api/rates?minutes=0",
        "/api/rates?minutes=%D9%A3",
        "/api/loans?kind=none",
        "/api/loans?limit=201",
        "/api/loans?after=x",
        "/api/loans?after=WzksOTksOTksOTksOV0",
        "/api/loans?after=WzE4NDQ2NzQ0MDczNzA5NTUxNjE1LDAsMCwwXQ",
        "/api/stream?kinds=none",
    ],
)
async def test_what_cannot_be_understood_is_said(of_bank: ABank, path: str) -> None:
    async with console(of_bank) as client:
        assert "must be" in (await get(client, path, 400))["detail"]


async def test_the_page_is_there_and_may_load_only_its_own(of_bank: ABank) -> None:
    async with console(of_bank) as client:
        for path in ("/", "/customers/C1"):
            async with client.get(path) as answer:
                assert (answer.status, answer.content_type) == (200, "text/html")
                assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        for path in ("/none.js", "/api/none", "/..%2f..%2fetc/passwd.txt"):
            async with client.get(URL(path, encoded=True)) as answer:
                assert answer.status == 404


async def test_it_can_be_seen_that_it_is_ready(of_bank: ABank) -> None:
    async with console(of_bank) as client:
        assert await get(client, "/readyz") == {"status": "ready"}
        assert await get(client, "/healthz") == {"status": "ok"}


@pytest.mark.parametrize(
    ("per", "begins"),
    [("ever", None), ("year", "2026-01-01"), ("month", "2026-11-01"), ("day", "2026-11-29")],
)
def test_a_budget_counts_from_where_its_period_began(per: BudgetPeriod, begins: str | None) -> None:
    calendar = Calendar(ZoneInfo("Asia/Taipei"))
    found = begins_ms(calendar, per, 1_795_910_400_001)
    assert (found if found is None else calendar.rfc3339(found)) == (begins and f"{begins}T00:00:00+08:00")


async def test_without_a_worker_what_was_is_still_told(of_bank: ABank) -> None:
    async with console(of_bank, TIERFLOW_HTTP_PORT="1") as client:
        assert "does not answer" in (await get(client, of(PLAIN), 503))["detail"]
        assert len((await get(client, of(PLAIN, "/history")))["items"]) >= 1


async def test_a_policy_file_that_takes_too_long_to_check_is_refused_and_holds_up_nobody(
    of_bank: ABank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "CHECKED_WITHIN_S", 0.01)  # to start the process takes longer
    async with console(of_bank) as client:
        async with client.post("/api/policies/check", json={"toml": "a = 1\n" * 9_000}) as answer:
            assert (answer.status, "takes longer" in await answer.text()) == (400, True)
        assert (await get(client, "/api/session"))["name"] == "local"
