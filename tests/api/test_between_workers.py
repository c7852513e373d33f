"""What workers tell one another: no token, to nobody whom they do not know, and nothing from them is believed."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from yarl import URL

from streams.api.peers import PeerNotAllowedError, Peers
from streams.api.signatures import ANSWER_SIGNATURE, Signatures
from streams.errors import UsageError
from streams.settings import Settings
from tests.support.api_source import Start, Table, address

TOKEN = "s3cret-of-these-tests"  # noqa: S105
BEARER = {"Authorization": f"Bearer {TOKEN}"}
HERE = URL("http://10.8.0.1:6066")
SIGNED = Signatures(TOKEN).request(HERE / "customers/C1", 1_000)


@dataclass
class Stranger:
    """A member of the group that is none of ours, and what it was told."""

    url: str = ""
    heard: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        self.heard.append((request.path_qs, dict(request.headers)))
        tiers = {"tiers": {"high": 1_000_000}, "customers": 1_000_000, "complete": True}
        body = tiers if request.path == "/tiers" else {"customer_id": "C1", "tier": "high"}
        return web.json_response(body, headers={ANSWER_SIGNATURE: "0" * 64})


@pytest.fixture
async def stranger() -> AsyncIterator[Stranger]:
    """Give a stranger that answers on a loopback port."""
    found = Stranger()
    web_app = web.Application()
    web_app.router.add_get("/{rest:.*}", found.answer)
    async with TestServer(web_app) as server:
        found.url = str(server.make_url("")).rstrip("/")
        yield found


async def test_a_stranger_learns_no_token_and_is_not_believed(start: Start, stranger: Stranger) -> None:
    worker = await start(Table(elsewhere={"C1": stranger.url}, others=[stranger.url]), TOKEN)
    assert (await worker.get("/customers/C1", headers=BEARER)).status == 503
    counted = await (await worker.get("/tiers", headers=BEARER)).json()
    assert (counted["customers"], counted["complete"]) == (0, False)
    assert [path for path, _ in stranger.heard] == ["/customers/C1", "/tiers?local=1"]
    assert TOKEN not in str(stranger.heard)


async def test_what_a_stranger_was_told_opens_no_other_worker(start: Start, stranger: Stranger) -> None:
    worker = await start(Table(elsewhere={"C1": stranger.url}), TOKEN)
    holder = await start(Table({"C1": "mid"}), TOKEN)
    await worker.get("/customers/C1", headers=BEARER)
    ((path, headers),) = stranger.heard
    handed_on = {"Authorization": headers["Authorization"]}
    assert (await holder.get(path, headers=handed_on)).status == 401


async def test_a_stranger_elsewhere_is_not_even_asked(
    start: Start, stranger: Stranger, caplog: pytest.LogCaptureFixture
) -> None:
    elsewhere = stranger.url.replace("127.0.0.1", "localhost.example")
    worker = await start(Table(elsewhere={"C1": elsewhere}, others=[elsewhere]), TOKEN)
    for _ in range(3):
        answer = await worker.get("/customers/C1", headers=BEARER)
        assert (answer.status, "may not ask" in await answer.text()) == (503, True)
        assert not (await (await worker.get("/tiers", headers=BEARER)).json())["complete"]
    assert len([record for record in caplog.records if record.name == "streams.api.peers"]) == 1
    assert "TIERFLOW_HTTP_PEERS" in caplog.text


async def test_of_an_answer_without_an_end_no_more_than_a_part_is_read(start: Start) -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(bytes(1 << 16))

    web_app = web.Application()
    web_app.router.add_get("/{rest:.*}", endless)
    async with TestServer(web_app) as server:
        worker = await start(Table(elsewhere={"C1": str(server.make_url("")).rstrip("/")}), TOKEN)
        assert (await worker.get("/customers/C1", headers=BEARER)).status == 503


async def test_a_signed_request_gets_a_signed_answer(start: Start) -> None:
    holder = await start(Table({"C1": "mid"}), TOKEN)
    worker = await start(Table(elsewhere={"C1": address(holder), "C2": address(holder)}), TOKEN)
    assert (await worker.get("/customers/C1", headers=BEARER)).status == 200
    assert (await worker.get("/customers/C2", headers=BEARER)).status == 404


@pytest.mark.parametrize(
    ("given", "own", "path", "now_s", "valid"),
    [
        (SIGNED, HERE, "/customers/C1", 1_000, True),
        (SIGNED, URL("http://10.8.0.1:6066/"), "/customers/C1", 1_060, True),
        (SIGNED, HERE, "/customers/C1", 940, True),
        (SIGNED, HERE, "/customers/C1", 1_061, False),
        (SIGNED, HERE, "/customers/C1", 939, False),
        (SIGNED, HERE, "/customers/C2", 1_000, False),
        (SIGNED, HERE, "/customers/C1?local=1", 1_000, False),
        (SIGNED, URL("http://10.8.0.2:6066"), "/customers/C1", 1_000, False),
        (SIGNED, URL("http://10.8.0.1:6067"), "/customers/C1", 1_000, False),
        (SIGNED, URL("https://10.8.0.1:6066"), "/customers/C1", 1_000, False),
        (SIGNED.replace(" 1000.", " 1001."), HERE, "/customers/C1", 1_000, False),
        (SIGNED[:-1], HERE, "/customers/C1", 1_000, False),
        (Signatures("").request(HERE / "customers/C1", 1_000), HERE, "/customers/C1", 1_000, False),
        (f"Bearer {TOKEN}", HERE, "/customers/C1", 1_000, False),
        ("", HERE, "/customers/C1", 1_000, False),
    ],
)
def test_a_signature_is_for_one_path_of_one_worker_for_a_minute(
    given: str, own: URL, path: str, now_s: float, *, valid: bool
) -> None:
    assert Signatures(TOKEN).is_signed(given, own, "GET", path, now_s) is valid


@pytest.mark.parametrize("method", ["HEAD", "POST", "get"])
def test_a_signature_is_for_one_method(method: str) -> None:
    assert not Signatures(TOKEN).is_signed(SIGNED, HERE, method, "/customers/C1", 1_000)


@pytest.mark.parametrize(
    ("asked", "status", "body", "valid"),
    [
        (SIGNED, 200, b"{}", True),
        (SIGNED, 200, b"{ }", False),
        (SIGNED, 404, b"{}", False),
        (Signatures(TOKEN).request(HERE / "customers/C1", 1_000), 200, b"{}", False),
    ],
)
def test_an_answer_is_that_to_one_request(asked: str, status: int, body: bytes, *, valid: bool) -> None:
    signature = Signatures(TOKEN).answer(SIGNED, 200, b"{}")
    assert Signatures(TOKEN).is_answer(signature, asked, status, body) is valid
    assert not Signatures("another").is_answer(signature, asked, status, body)


ON_LOOPBACK = {"TIERFLOW_HTTP_HOST": "127.0.0.1"}
ON_A_NET = {"TIERFLOW_HTTP_HOST": "10.8.0.1", "TIERFLOW_HTTP_TOKEN": TOKEN}
NAMED = {**ON_A_NET, "TIERFLOW_HTTP_PEERS": "worker-*.bank.internal, 10.8.0.0/24, 2001:db8::/64"}
BY_LENGTH = {**ON_A_NET, "TIERFLOW_HTTP_PEERS": "????????????"}
OVER_TLS = {**NAMED, "TIERFLOW_HTTP_URL": "https://worker-1.bank.internal:6443/"}


@pytest.mark.parametrize(
    ("environment", "url", "allowed"),
    [
        (ON_LOOPBACK, "http://127.0.0.1:7000", True),
        (ON_LOOPBACK, "http://localhost:7000/", True),
        (ON_LOOPBACK, "http://10.8.0.1:7000", False),
        (ON_LOOPBACK, "http://evil.example", False),
        (ON_A_NET, "http://10.8.0.1:7000", True),
        (ON_A_NET, "http://10.8.0.2:6066", False),
        (ON_A_NET, "http://127.0.0.1:6066", False),
        (ON_A_NET, "http://169.254.169.254", False),
        (NAMED, "http://10.8.0.2:6066", True),
        (NAMED, "http://10.8.1.2:6066", False),
        (NAMED, "http://[2001:db8::7]:6066", True),
        (NAMED, "http://worker-7.bank.internal:6066", True),
        (NAMED, "http://WORKER-7.bank.internal:6066", True),
        (NAMED, "http://worker-7.bank.internal.evil.example:6066", False),
        (NAMED, "http://worker-7.evil.bank.internal:6066", False),
        (BY_LENGTH, "http://4f2a9c01d7be:6066", True),
        (BY_LENGTH, "http://4f2a9c01d7b:6066", False),
        (BY_LENGTH, "http://evil.example:6066", False),
        (NAMED, "https://worker-7.bank.internal", True),
        (NAMED, "http://worker-7.bank.internal@evil.example", False),
        (NAMED, "http://user:word@worker-7.bank.internal", False),
        (NAMED, "http://worker-7.bank.internal/x", False),
        (NAMED, "ftp://worker-7.bank.internal", False),
        (NAMED, "worker-7.bank.internal", False),
        (NAMED, "http://[", False),
        (NAMED, "http://worker-7.bank.internal:99999", False),
        (NAMED, "", False),
        (OVER_TLS, "https://worker-7.bank.internal:6443", True),
        (OVER_TLS, "http://worker-7.bank.internal:6066", False),
    ],
)
async def test_who_may_be_asked(environment: dict[str, str], url: str, *, allowed: bool) -> None:
    peers = Peers(Settings.from_environment(environment, dotenv=None))
    if allowed:
        assert peers._allowed(url).host == URL(url).host
    else:
        with pytest.raises(PeerNotAllowedError):
            peers._allowed(url)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TIERFLOW_HTTP_URL", "worker-1:6066"),
        ("TIERFLOW_HTTP_URL", "https://worker-1/path"),
        ("TIERFLOW_HTTP_URL", "https://user@worker-1"),
        ("TIERFLOW_HTTP_URL", "https://worker-1:99999"),
        ("TIERFLOW_HTTP_PEERS", "http://worker-1"),
        ("TIERFLOW_HTTP_PEERS", "10.8.0.1/8"),
        ("TIERFLOW_HTTP_PEERS", "*"),
        ("TIERFLOW_HTTP_PEERS", "worker-1, *.*"),
        ("TIERFLOW_HTTP_CONNECTIONS", "many"),
        ("TIERFLOW_HTTP_CONNECTIONS", "1"),
        ("TIERFLOW_HTTP_HEAD_MS", "0"),
        ("TIERFLOW_HTTP_HEAD_BYTES", "1,024"),
    ],
)
def test_a_setting_that_cannot_be_is_refused(name: str, value: str) -> None:
    with pytest.raises(UsageError, match=f"{name}.* write "):
        Settings.from_environment({name: value}, dotenv=None)
