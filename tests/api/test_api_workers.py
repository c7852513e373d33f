import base64

from tests.support.api_source import Start, Table


async def test_a_worker_says_where_all_are_and_what_each_holds(start: Start) -> None:
    client = await start(Table(others=["http://10.0.0.7:6066"]), "s3cret")
    async with client.get("/workers", headers={"Authorization": "Bearer s3cret"}) as answer:
        assert await answer.json() == {"workers": {"http://10.0.0.7:6066": [], "http://127.0.0.1:1": [0, 1]}}
    async with client.get("/workers") as answer:
        assert answer.status == 401


async def test_the_packed_state_goes_along_where_it_is_asked_for(start: Start) -> None:
    client = await start(Table({"a": "low"}))
    async with client.get("/customers/a?state=1") as answer:
        state = (await answer.json())["state"]
    assert (base64.b64decode(state["packed_base64"]), state["clock_ms"]) == (b"", 0)
    async with client.get("/customers/a") as answer:
        assert "state" not in await answer.json()
