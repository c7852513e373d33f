"""What operators change by the console: pins, and dead letters that are sent again."""

import json
from typing import Any
from urllib.parse import quote

from yarl import URL

from tests.support.consoles import LOST, PLAIN, ABank, Client, console
from tests.support.patience import until
from tests.support.worker_processes import read


async def ask(client: Client, method: str, path: str, body: Any, status: int) -> Any:
    async with client.request(method, URL(path, encoded=True), json=body) as answer:
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
