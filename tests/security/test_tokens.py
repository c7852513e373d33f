"""Where tokens of OAUTHBEARER come from, and that errors say what is wrong without showing a secret."""

import asyncio
import shlex
import ssl
import sys
import time
from itertools import count
from pathlib import Path

import pytest

from streams.errors import UsageError
from streams.security import tokens
from streams.security.tokens import TokenError
from streams.settings import Settings
from tests.support.certificates import Authority
from tests.support.patience import stretched
from tests.support.token_endpoint import SECRET, TokenEndpoint, serving

BEARER = {"KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT", "KAFKA_SASL_MECHANISM": "OAUTHBEARER"}
FILE, COMMAND, ENDPOINT = (f"KAFKA_SASL_OAUTH_TOKEN_{name}" for name in ("FILE", "COMMAND", "ENDPOINT"))


def settings(**environ: str) -> Settings:
    return Settings.from_environment({**BEARER, **environ}, dotenv=None)


async def token(environ: dict[str, str]) -> str:
    found = await settings(**environ).client_options()["sasl_oauth_token_provider"].token()
    assert isinstance(found, str)
    return found


async def complaint(environ: dict[str, str]) -> str:
    with pytest.raises(TokenError) as error:
        await token(environ)
    assert len(str(error.value).splitlines()) == 1
    return str(error.value)


async def test_a_file_is_read_for_each_token(tmp_path: Path) -> None:
    file = tmp_path / "token"
    for written in ("first", "second"):
        file.write_text(f"{written}\n")
        assert await token({FILE: str(file)}) == written


@pytest.mark.parametrize("content", [b"", b"\n", b"two words", b"a\x01b", "密碼".encode(), b"\xff"])
async def test_what_is_no_token_is_not_sent(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "token").write_bytes(content)
    said = await complaint({FILE: str(tmp_path / "token")})
    assert said.startswith(f"{FILE}: {tmp_path}/token gives ")
    assert "two words" not in said


async def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert await complaint({FILE: str(tmp_path / "none")}) == (
        f"{FILE}: {tmp_path}/none cannot be read (No such file or directory)"
    )


async def test_a_command_is_run_for_each_token_and_without_a_shell(tmp_path: Path) -> None:
    program = "import sys, pathlib; p = pathlib.Path(sys.argv[1]); p.open('a').write('x'); print(p.read_text())"
    command = shlex.join([sys.executable, "-c", program, str(tmp_path / "a $(b) file")])
    assert [await token({COMMAND: command}) for _ in range(3)] == ["x", "xx", "xxx"]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("/nowhere/program --password hidden", "/nowhere/program cannot be run (No such file or directory)"),
        ("false hidden", "false ended with status 1"),
        ("printf 'hidden hidden'", "printf gives spaces"),
        ("true hidden", "true gives no token"),
    ],
)
async def test_a_command_that_fails_is_named_without_what_it_was_given(command: str, said: str) -> None:
    found = await complaint({COMMAND: command})
    assert found.startswith(f"{COMMAND}: {said}")
    assert "hidden" not in found


async def test_a_command_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "COMMAND_WITHIN_S", 0.2)
    assert "sleep has not ended after" in await complaint({COMMAND: "sleep 60"})


# --- the endpoint ---


def numbered(valid_s: float) -> TokenEndpoint:
    """An endpoint that gives t1, t2, ..."""
    numbers = count(1)
    return TokenEndpoint(lambda: f"t{next(numbers)}", valid_s)


async def test_a_token_of_an_endpoint_serves_all_connections_of_its_first_half() -> None:
    with serving(numbered(valid_s=600)) as endpoint:
        found = await asyncio.gather(*(token(endpoint.environment) for _ in range(20)))
        assert set(found) == {"t1"}
        assert endpoint.scopes == ["kafka"]


async def test_an_endpoint_that_says_no_life_is_asked_each_time() -> None:
    with serving(numbered(valid_s=0)) as endpoint:
        assert [await token(endpoint.environment) for _ in range(2)] == ["t1", "t2"]


async def test_a_token_that_is_valid_outlives_an_endpoint_that_is_away() -> None:
    with serving(numbered(valid_s=2)) as endpoint:
        began = time.monotonic()
        assert await token(endpoint.environment) == "t1"
        endpoint.status = 503
        said = ""
        async with asyncio.timeout(stretched(10)):
            while not said:
                try:
                    assert await token(endpoint.environment) == "t1"
                except TokenError as error:
                    said = str(error)
                await asyncio.sleep(0.05)
        assert time.monotonic() - began > 1.8
        assert "(status 503, invalid_client)" in said
        endpoint.status = 200
        assert await token(endpoint.environment) == "t2"


async def test_an_endpoint_that_refuses_is_said_without_the_secret() -> None:
    with serving(numbered(valid_s=600)) as endpoint:
        said = await complaint({**endpoint.environment, "KAFKA_SASL_OAUTH_CLIENT_SECRET": "wrong"})
        assert "gives no token (status 401, invalid_client); see KAFKA_SASL_OAUTH_CLIENT_ID" in said
    assert "cannot be asked" in await complaint(endpoint.environment)


async def test_the_endpoint_s_certificate_is_checked(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    pair = authority.issue("endpoint")
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(pair.certificate, pair.key)
    with serving(numbered(valid_s=600), tls) as endpoint:
        environ = {**endpoint.environment, ENDPOINT: f"https://127.0.0.1:{endpoint.port}/token"}
        assert "cannot be asked" in await complaint(environ)
        assert await token({**environ, "KAFKA_SSL_CAFILE": str(authority.cafile)}) == "t1"


# --- settings ---


@pytest.mark.parametrize(
    ("environ", "advice"),
    [
        ({}, "no source of its tokens is set; set exactly one of"),
        ({FILE: "a", COMMAND: "b"}, f"{FILE} and {COMMAND} are set; set exactly one of"),
        ({FILE: "a", "KAFKA_SASL_OAUTH_SCOPE": "b"}, f"belong to {ENDPOINT}"),
        ({COMMAND: "a 'b"}, "quoted as for a shell"),
        ({ENDPOINT: "https://a.example/t"}, "set KAFKA_SASL_OAUTH_CLIENT_ID and KAFKA_SASL_OAUTH_CLIENT_SECRET"),
        *(
            ({ENDPOINT: url}, "write https://host/path, without a login")
            for url in ("a.example/t", "https://me:hidden@a.example/t", "ftp://a.example", "https://[::1/t")
        ),
        ({ENDPOINT: "http://a.example/t"}, "which would send the secret unencrypted; write https://"),
    ],
)
def test_one_source_is_to_be_set_and_whole(environ: dict[str, str], advice: str) -> None:
    with pytest.raises(UsageError) as error:
        settings(**environ)
    assert advice in str(error.value)
    assert "hidden" not in str(error.value)


def test_no_secret_is_shown() -> None:
    found = settings(
        **{
            ENDPOINT: "https://a.example/t",
            "KAFKA_SASL_OAUTH_CLIENT_ID": "a",
            "KAFKA_SASL_OAUTH_CLIENT_SECRET": SECRET,
        }
    )
    command = settings(**{COMMAND: "vault hidden"})
    shown = [repr(each) for each in (found, command, found.client_options(), command.client_options())]
    assert not [text for text in shown if SECRET in text or "hidden" in text]
