"""A real OIDC token endpoint on loopback: client credentials in, tokens out."""

import asyncio
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any
from urllib.parse import unquote_plus

from aiohttp import web

from streams.kafka.local import free_port
from tests.support.patience import stretched

CLIENT, SECRET = "tierflow", "s3cret/+ of the client"


class TokenEndpoint:
    """What was asked, and what is answered. `sign` makes the tokens; `status` other than 200 refuses."""

    def __init__(self, sign: Callable[[], str], valid_s: float = 600.0) -> None:
        self.sign = sign
        self.valid_s = valid_s
        self.status = 200
        self.scopes: list[str] = []
        self.port = free_port()

    @property
    def environment(self) -> dict[str, str]:
        """The settings of a client."""
        return {
            "KAFKA_SASL_OAUTH_TOKEN_ENDPOINT": f"http://127.0.0.1:{self.port}/token",
            "KAFKA_SASL_OAUTH_CLIENT_ID": CLIENT,
            "KAFKA_SASL_OAUTH_CLIENT_SECRET": SECRET,
            "KAFKA_SASL_OAUTH_SCOPE": "kafka",
        }

    async def answer(self, request: web.Request) -> web.Response:
        form = await request.post()
        kind, _, login = request.headers.get("Authorization", "").partition(" ")
        name, _, secret = b64decode(login).decode().partition(":")
        known = (kind, unquote_plus(name), unquote_plus(secret)) == ("Basic", CLIENT, SECRET)
        if not known or self.status != 200 or form["grant_type"] != "client_credentials":
            said = {"error": "invalid_client", "error_description": f"{login} is wrong"}
            return web.json_response(said, status=401 if self.status == 200 else self.status)
        self.scopes.append(str(form.get("scope", "")))
        return web.json_response({"access_token": self.sign(), "token_type": "Bearer", "expires_in": self.valid_s})


@contextmanager
def serving(endpoint: TokenEndpoint, tls: Any = None) -> Iterator[TokenEndpoint]:
    """Serves it from a thread of its own, so that commands can be waited for meanwhile. tls: the server's context."""
    loop = asyncio.new_event_loop()
    app = web.Application()
    app.router.add_post("/token", endpoint.answer)
    runner = web.AppRunner(app, shutdown_timeout=0)

    async def start() -> None:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", endpoint.port, ssl_context=tls).start()

    thread = Thread(target=loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(start(), loop).result(stretched(10))
    try:
        yield endpoint
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(stretched(10))
        loop.call_soon_threadsafe(loop.stop)
        thread.join(stretched(10))
        loop.close()
