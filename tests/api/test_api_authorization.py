import pytest

from tests.support.api_source import Start, Table

TOKEN = "s3cret-e"  # noqa: S105 - of these tests alone
GUARDED = ["/", "/tiers", "/tiers?local=1", "/customers/C001", "/metrics", "/nowhere"]
OPEN = ["/healthz", "/readyz"]


@pytest.mark.parametrize("path", GUARDED)
@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer ", "Bearer wrong", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}x", "Bearer s3cret"],
)
async def test_without_the_token_all_but_health_is_refused(start: Start, path: str, header: str | None) -> None:
    client = await start(Table({"C001": "mid"}), TOKEN)
    response = await client.get(path, headers={} if header is None else {"Authorization": header})
    assert response.status == 401
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="tierflow"'
    assert response.content_type == "application/problem+json"


@pytest.mark.parametrize("path", GUARDED[:-1])
@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
async def test_the_token_opens_all(start: Start, path: str, scheme: str) -> None:
    client = await start(Table({"C001": "mid"}), TOKEN)
    response = await client.get(path, headers={"Authorization": f"{scheme} {TOKEN}"})
    assert response.status == 200


@pytest.mark.parametrize("path", OPEN)
async def test_health_needs_no_token(start: Start, path: str) -> None:
    assert (await (await start(Table(), TOKEN)).get(path)).status == 200


async def test_a_browser_without_the_token_gets_the_page_that_asks_for_it(start: Start) -> None:
    client = await start(Table({"C001": "mid"}), TOKEN)
    response = await client.get("/", headers={"Accept": "text/html,*/*"})
    assert (response.status, response.content_type) == (401, "text/html")
    assert "TIERFLOW_HTTP_TOKEN" in await response.text()


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:6066", 200),
        ("127.0.0.1", 200),
        ("127.8.8.8:1", 200),
        ("[::1]:6066", 200),
        ("evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("10.0.0.7:6066", 421),
    ],
)
async def test_without_a_token_only_loopback_names_are_answered(start: Start, host: str, status: int) -> None:
    client = await start(Table({"C001": "mid"}))
    assert (await client.get("/customers/C001", headers={"Host": host})).status == status


async def test_with_the_token_any_host_name_is_answered(start: Start) -> None:
    client = await start(Table(), TOKEN)
    headers = {"Host": "worker-2:6066", "Authorization": f"Bearer {TOKEN}"}
    assert (await client.get("/tiers", headers=headers)).status == 200
