"""What operators change by the console: pins, and dead letters that are sent again."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from yarl import URL

from streams.console.proposals import _with_file
from streams.console.refused import RefusedError
from tests.support.consoles import LOST, PLAIN, ABank, Client, bank, bearing, console, tokens_file
from tests.support.patience import until
from tests.support.worker_processes import read


@pytest.fixture(scope="module")
def of_bank(broker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ABank]:
    """A bank of these tests alone: they change it."""
    with bank(broker, tmp_path_factory.mktemp("changed"), "changed") as made:
        yield made


async def ask(client: Client, method: str, path: str, body: Any, status: int, **headers: str) -> Any:
    async with client.request(method, URL(path, encoded=True), json=body, headers=headers) as answer:
        assert answer.status == status, await answer.text()
        return await answer.json(content_type=None)


def pin_of(customer: str) -> str:
    return f"/api/customers/{quote(customer, safe='')}/pin"


async def explained(client: Client, customer: str) -> Any:
    async with client.get(URL(f"/api/customers/{quote(customer, safe='')}/explanation", encoded=True)) as answer:
        return await answer.json()


async def test_an_operator_fixes_a_tier_and_lets_it_go(of_bank: ABank) -> None:
    pin = {"tier": "high", "until": "2099-01-01T00:00:00+08:00", "reason": "promised by the branch"}
    async with console(of_bank) as client:
        accepted = await ask(client, "PUT", pin_of(LOST), pin, 202)

        async def is_pinned() -> bool:
            told = await explained(client, LOST)
            return told["pin"] is not None and told["tier"]["id"] == "high"

        await until(is_pinned, 20, "the tier is fixed")
        told = await explained(client, LOST)
        assert (told["pin"]["by"], told["pin"]["reason"]) == ("local", "promised by the branch")
        assert told["held_by"][0]["kind"] == "pin"
        said = "等級由人工指定為高淨值客戶，有效至2099年1月1日（local：promised by the branch）。"
        assert said in told["sentences"]["zh-TW"]
        [event] = [
            json.loads(record.value)
            for record in await read(of_bank.settings, of_bank.settings.input_topic("customers"))
        ]
        assert (event["event_id"], event["by"], event["action"]) == (accepted["event_id"], "local", "pin")

        await ask(client, "DELETE", pin_of(LOST), {"reason": "a mistake"}, 202)

        async def is_free() -> bool:
            told = await explained(client, LOST)
            return told["pin"] is None and told["tier"]["id"] == "mid"

        await until(is_free, 20, "the tier is let go")


async def test_a_pin_that_cannot_be_is_refused(of_bank: ABank) -> None:
    good = {"tier": "high", "until": "2099-01-01T00:00:00+08:00", "reason": "why"}
    async with console(of_bank) as client:
        for wrong in ({"tier": "none"}, {"until": "2020-01-01T00:00:00Z"}, {"until": "soon"}, {"reason": ""}, {"x": 1}):
            await ask(client, "PUT", pin_of(PLAIN), {**good, **wrong}, 400)
        await ask(client, "PUT", pin_of("nobody"), good, 404)
        await ask(client, "DELETE", pin_of("nobody"), {"reason": "why"}, 404)


async def test_a_dead_letter_is_sent_again_once(of_bank: ABank) -> None:
    async with console(of_bank) as client:
        async with client.get("/api/dead-letters") as answer:
            listed = await answer.json()
        [letter] = listed["items"]
        assert (letter["reason"], listed["reasons"], listed["next"]) == ("malformed", {"malformed": 1}, None)
        assert PLAIN not in json.dumps(listed)
        done = await ask(client, "POST", "/api/dead-letters/replay", {"ids": [letter["id"], "0-999", "x"]}, 200)
        assert (done["replayed"], {one["id"] for one in done["refused"]}) == (1, {"0-999", "x"})

        async def is_new() -> bool:
            async with client.get("/api/dead-letters?reason=malformed") as answer:
                items = (await answer.json())["items"]
            return [one["id"] for one in items] not in ([], [letter["id"]])

        await until(is_new, 20, "it has come back as another dead letter")
        done = await ask(client, "POST", "/api/dead-letters/replay", {"ids": [letter["id"]]}, 200)
        assert done == {"replayed": 0, "refused": [{"id": letter["id"], "why": "it was sent again before"}]}


async def test_a_policy_comes_into_force_when_somebody_else_approves_it(of_bank: ABank, tmp_path: Path) -> None:
    toml = of_bank.settings.policy.read_text(encoding="utf-8").replace("version = 1", "version = 2", 1)
    body = {"toml": toml, "note": "a version more"}
    async with console(of_bank, TIERFLOW_CONSOLE_TOKENS=str(tokens_file(tmp_path))) as client:
        await ask(client, "POST", "/api/proposals", {**body, "toml": "x"}, 400, **bearing("operator"))
        own = await ask(client, "POST", "/api/proposals", body, 201, **bearing("admin"))
        proposed = await ask(client, "POST", "/api/proposals", body, 201, **bearing("operator"))
        assert (proposed["proposed_by"], proposed["version"], proposed["approved_by"]) == ("operator-1", 2, None)
        file = f"/api/policies/{proposed['digest']}"  # whoever approves it reads it first
        assert (await ask(client, "GET", file, None, 200, **bearing("admin")))["toml"] == body["toml"]
        await ask(client, "GET", file, None, 404, **bearing("viewer"))
        path = f"/api/proposals/{proposed['id']}/approve"
        await ask(client, "POST", path, {}, 403, **bearing("operator"))
        await ask(client, "POST", f"/api/proposals/{own['id']}/approve", {}, 403, **bearing("admin"))
        await ask(client, "POST", "/api/proposals/999/approve", {}, 404, **bearing("admin"))
        approved = await ask(client, "POST", path, {}, 200, **bearing("admin"))
        assert approved["approved_by"] == "admin-1"
        await ask(client, "POST", path, {}, 409, **bearing("admin"))
        listed = await ask(client, "GET", "/api/proposals", None, 200, **bearing("operator"))
        assert [one["id"] for one in listed["items"]] == [proposed["id"], own["id"]]

        async def is_in_force() -> bool:
            tiers = await ask(client, "GET", "/api/tiers", None, 200, **bearing("viewer"))
            return bool(tiers["policy"]["version"] == 2)

        await until(is_in_force, 20, "it is in force")


async def test_who_would_move_under_another_policy(of_bank: ABank) -> None:
    toml = of_bank.settings.policy.read_text(encoding="utf-8").replace('at_least = "500000"', 'at_least = "450000"')
    async with console(of_bank) as client:
        told = await ask(client, "POST", "/api/policies/compare", {"toml": toml}, 200)
        moved = {(one["from"], one["to"]): one["customers"] for one in told["matrix"]}
        assert (told["customers"], moved["low", "mid"]) == (3, 1)
        assert told["first_at"] <= told["last_at"]
        await ask(client, "POST", "/api/policies/compare", {"toml": "x"}, 400)


async def test_how_the_workers_are(of_bank: ABank) -> None:
    async with console(of_bank) as client:

        async def are_well() -> bool:
            told = await ask(client, "GET", "/api/operations", None, 200)
            [worker] = told["workers"]
            assert (worker["url"], worker["partitions"]) == (of_bank.settings.http_url, [0, 1, 2, 3])
            lags = [(one["partition"], one["lag_records"]) for one in told["partitions"]]
            return bool(worker["ready"] and lags == [(n, 0) for n in range(4)] and told["incidents"] == [])

        await until(are_well, 20, "the worker is ready, and behind with nothing")
    async with console(of_bank, TIERFLOW_HTTP_PORT="1") as client:
        told = await ask(client, "GET", "/api/operations", None, 200)
        assert (told["workers"][0]["ready"], told["incidents"][0]["severity"]) == (False, "critical")
        url = told["workers"][0]["url"]
        assert told["incidents"][0]["text"] == {
            "en": f"{url} does not answer",
            "zh-TW": f"{url} 沒有回應",
            "zh-CN": f"{url} 没有响应",
        }


def test_proposals_that_are_damaged_are_told_with_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "proposals.sqlite3"
    file.write_bytes(b"x" * 5_000)
    with pytest.raises(RefusedError, match=r"proposals\.sqlite3 under TIERFLOW_DATA_DIR is damaged: take it away"):
        _with_file(file, lambda connection: connection.total_changes)
    assert file.read_bytes() == b"x" * 5_000
