"""Who may ask the console what, and what a foreign page gets."""

import logging
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from streams.console.openapi import all_routes
from streams.console.tokens import read_tokens
from streams.errors import UsageError
from streams.security.console_access import ROLES
from streams.settings import Settings
from tests.support.consoles import ABank, Client, bearing, console, tokens_file


@pytest.fixture
def tokens(tmp_path: Path) -> str:
    return str(tokens_file(tmp_path))


def path_of(path: str) -> str:
    return (
        path.replace("{customer_id}", "C-gold")
        .replace("{tier}", "high")
        .replace("{digest}", "sha256:none")
        .replace("{id}", "0")
    )


async def status(client: Client, method: str, path: str, headers: dict[str, str], body: Any = None) -> int:
    async with client.request(method, path, headers=headers, json=body) as answer:
        return answer.status


async def test_each_route_takes_its_role_and_no_lower_one(of_bank: ABank, tokens: str) -> None:
    async with console(of_bank, TIERFLOW_CONSOLE_TOKENS=tokens) as client:
        for route in all_routes():
            if route.answer is None:
                continue
            path, body = path_of(route.path), None if route.method == "GET" else {}
            assert await status(client, route.method, path, {}, body) == 401
            for role in ROLES:
                found = await status(client, route.method, path, bearing(role), body)
                is_enough = ROLES.index(role) >= ROLES.index(route.role)
                assert (found != 403) is is_enough, (route.path, role)
                assert found < 500


async def test_a_wrong_token_is_refused_and_the_right_one_says_who_it_is(of_bank: ABank, tokens: str) -> None:
    async with console(of_bank, TIERFLOW_CONSOLE_TOKENS=tokens) as client:
        async with client.get("/api/session", headers=bearing("operator")) as answer:
            may = ["read_customers", "pin", "replay", "propose"]
            assert await answer.json() == {"name": "operator-1", "role": "operator", "may": may}
        for wrong in ("Bearer ", "Bearer wrong", "Basic token-of-the-admin", "token-of-the-admin", "Bearer \udcff"):
            async with client.get("/api/session", headers={"Authorization": wrong}) as answer:
                assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, 'Bearer realm="tierflow console"')


async def test_without_tokens_a_loopback_name_alone_is_answered_and_nobody_may_approve(of_bank: ABank) -> None:
    async with console(of_bank) as client:
        async with client.get("/api/session") as answer:
            assert await answer.json() == {
                "name": "local",
                "role": "operator",
                "may": ["read_customers", "pin", "replay", "propose"],
            }
        assert await status(client, "GET", "/api/session", {"Host": "evil.example"}) == 421
        assert await status(client, "GET", "/api/session", {"Host": "localhost:1"}) == 200


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content-Type": "application/json", "Origin": "https://evil.example"}, 403),
        ({"Content-Type": "application/json", "Origin": "null"}, 403),
        ({"Content-Type": "application/json", "Sec-Fetch-Site": "cross-site"}, 403),
        ({"Content-Type": "application/json", "Sec-Fetch-Site": "same-origin"}, 200),
    ],
)
async def test_a_page_from_elsewhere_changes_nothing(of_bank: ABank, headers: dict[str, str], expected: int) -> None:
    async with (
        console(of_bank) as client,
        client.post("/api/policies/check", data=b'{"toml": ""}', headers=headers) as answer,
    ):
        assert answer.status == expected


async def test_who_changed_what_is_logged_without_customers(of_bank: ABank, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="streams.console.audit"):
        async with console(of_bank) as client, client.post("/api/policies/check", json={"toml": "x"}) as answer:
            assert answer.status == 200
    assert "POST /api/policies/check by local (operator): 200" in caplog.messages


async def test_who_was_refused_a_change_is_logged_too(
    of_bank: ABank, tokens: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="streams.console.audit"):
        async with console(of_bank, TIERFLOW_CONSOLE_TOKENS=tokens) as client:
            assert await status(client, "POST", "/api/proposals/0/approve", bearing("agent"), {}) == 403
            assert await status(client, "POST", "/api/proposals/0/approve", bearing("admin"), {}) == 404
            assert await status(client, "POST", "/api/proposals/0/approve", {}, {}) == 401
    assert [record.getMessage() for record in caplog.records if record.name == "streams.console.audit"] == [
        "POST /api/proposals/{id}/approve by agent-1 (agent): 403",
        "POST /api/proposals/{id}/approve by admin-1 (admin): 404",
    ]


async def test_a_large_body_is_refused(of_bank: ABank) -> None:
    async with console(of_bank) as client:
        assert await status(client, "POST", "/api/policies/check", {}, {"toml": "x" * 70_000}) == 400
        assert await status(client, "POST", "/api/policies/check", {}, {"toml": "x" * 1_100_000}) == 413


def test_a_token_may_stand_in_the_file_as_its_hash(tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    file.write_text(f"\n# who\nviewer wall sha256:{sha256(b'a-secret').hexdigest()}\n", encoding="utf-8")
    tokens = read_tokens(file)
    assert tokens.who("a-secret") == ("wall", "viewer", "wall")
    assert tokens.who(f"sha256:{sha256(b'a-secret').hexdigest()}") is None


@pytest.mark.parametrize("line", ["boss alice a-token-that-is-long", "agent alice", "agent alice short", "# nobody"])
def test_a_line_of_tokens_that_cannot_be_used_is_said(tmp_path: Path, line: str) -> None:
    file = tmp_path / "tokens"
    file.write_text(line)
    with pytest.raises(UsageError, match="TIERFLOW_CONSOLE_TOKENS") as refused:
        read_tokens(file)
    assert "a-token" not in str(refused.value).replace("and a token", "")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"TIERFLOW_CONSOLE_HOST": "10.0.0.1"}, "nothing says who may ask"),
        ({"TIERFLOW_CONSOLE_TOKENS": "/none"}, "there is no file"),
        ({"TIERFLOW_CONSOLE_ROLE": "admin"}, "viewer, agent or operator"),
        ({"TIERFLOW_CONSOLE_PORT": "x"}, "a port from 1"),
        ({"TIERFLOW_OIDC_ISSUER": "https://issuer.example"}, "belong together"),
        ({"TIERFLOW_OIDC_ISSUER": "http://issuer.example", "TIERFLOW_OIDC_AUDIENCE": "a"}, "an https URL"),
    ],
)
def test_a_setting_that_cannot_be_is_said(given: dict[str, str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        Settings.from_environment(given, dotenv=None)
