import re

from tests.support.api_source import Start, Table


async def test_the_page_fetches_nothing_from_elsewhere(start: Start) -> None:
    text = await (await (await start(Table())).get("/")).text()
    assert not re.search(r"https?://|src=|@import|url\(", text)


async def test_the_page_runs_its_own_script_alone(start: Start) -> None:
    client = await start(Table())
    first, second = await client.get("/"), await client.get("/")
    rule = first.headers["Content-Security-Policy"]
    nonce = re.search(r"script-src 'nonce-([^']+)'", rule)
    assert nonce
    assert f'<script nonce="{nonce[1]}">' in await first.text()
    assert rule != second.headers["Content-Security-Policy"]
    assert "unsafe" not in rule


async def test_the_page_shows_answers_as_text_never_as_html(start: Start) -> None:
    text = await (await (await start(Table())).get("/")).text()
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", text)
