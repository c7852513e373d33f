"""A schema registry on loopback that speaks the HTTP API of Confluent's, and fails as a test tells it to."""

import json
import ssl
from collections import Counter
from typing import Any, NamedTuple, Self

from aiohttp import encode_basic_auth, web

from streams.kafka.local import HOST, free_port


class Held(NamedTuple):
    """A schema as it was registered. serialized: of Protobuf, what `format=serialized` gives."""

    number: int
    text: str
    kind: str = "AVRO"
    references: tuple[tuple[str, str, int], ...] = ()
    serialized: str = ""


class SchemaRegistry:
    """A context. `fails` holds the answers of the next requests: a status, with a body or without."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.port = free_port()
        self.fails: list[int | tuple[int, Any]] = []
        self.asked: Counter[str] = Counter()
        self.user: tuple[str, str] | None = None
        self.token: str | None = None
        self._subjects: dict[str, list[Held]] = {}
        self._by_number: dict[int, Held] = {}
        self._tls = tls
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://{HOST}:{self.port}"

    def register(self, schema: Any, subject: str = "core-value", number: int | None = None, **more: Any) -> int:
        """Registers a schema, a text or a value of JSON; gives its number."""
        text = schema if isinstance(schema, str) else json.dumps(schema)
        held = Held(number or len(self._by_number) + 1, text, **more)
        self._by_number[held.number] = held
        self._subjects.setdefault(subject, []).append(held)
        return held.number

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        app = web.Application()
        app.router.add_get("/schemas/ids/{number}", self._of_number)
        app.router.add_get("/subjects/{subject}/versions/{version}", self._of_subject)
        app.router.add_post("/subjects/{subject}/versions", self._posted)
        self._runner = web.AppRunner(app, shutdown_timeout=0)
        await self._runner.setup()
        await web.TCPSite(self._runner, HOST, self.port, ssl_context=self._tls).start()

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _of_number(self, request: web.Request) -> web.Response:
        held = self._by_number.get(int(request.match_info["number"]))
        return self._answer(request, held, 40403, {})

    async def _of_subject(self, request: web.Request) -> web.Response:
        subject, wanted = request.match_info["subject"], request.match_info["version"]
        versions = self._subjects.get(subject, [])
        version = len(versions) if wanted == "latest" else int(wanted)
        held = versions[version - 1] if 0 < version <= len(versions) else None
        about = {} if held is None else {"subject": subject, "version": version, "id": held.number}
        return self._answer(request, held, 40402 if versions else 40401, about)

    async def _posted(self, request: web.Request) -> web.Response:
        """Registers as the real one does: the same schema under a subject keeps its number."""
        subject, schema = request.match_info["subject"], (await request.json())["schema"]
        known = next((held for held in self._subjects.get(subject, []) if held.text == schema), None)
        if known is None and not self.fails:
            self.register(schema, subject)
            known = self._subjects[subject][-1]
        return self._answer(request, known, 40401, {"id": known.number} if known else {})

    def schema(self, number: int) -> Any:
        """Gives a schema of Avro by its number."""
        return json.loads(self._by_number[number].text)

    def _answer(self, request: web.Request, held: Held | None, missing: int, about: dict[str, Any]) -> web.Response:
        self.asked[request.path] += 1
        if self.fails:
            fault = self.fails.pop(0)
            status, body = fault if isinstance(fault, tuple) else (fault, {"error_code": fault * 100})
            return web.json_response(body, status=status)
        given = request.headers.get("Authorization", "")
        wanted = f"Bearer {self.token}" if self.token else encode_basic_auth(*self.user) if self.user else given
        if given != wanted:
            return web.json_response({"error_code": 401, "message": "Unauthorized"}, status=401)
        if held is None:
            return web.json_response({"error_code": missing, "message": "not found"}, status=404)
        is_serialized = request.query.get("format") == "serialized" and held.serialized
        answer = about | {"schema": held.serialized if is_serialized else held.text}
        if held.kind != "AVRO":
            answer["schemaType"] = held.kind
        if held.references:
            answer["references"] = [
                {"name": name, "subject": subject, "version": version} for name, subject, version in held.references
            ]
        return web.json_response(answer, content_type="application/vnd.schemaregistry.v1+json")
