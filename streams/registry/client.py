"""The HTTP API of a registry, as far as it is needed: a schema by its number, with what it refers to; to register one.

https://docs.confluent.io/platform/current/schema-registry/develop/api.html
"""

import ssl
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote, urlsplit

import aiohttp
import msgspec

from streams.errors import UsageError
from streams.intake.schemas import RegisteredSchema
from streams.security.hosts import is_loopback
from streams.security.registry_access import RegistryAccess

ANSWER_WITHIN_S = 10.0
_ANSWER_BYTES = 16 << 20
_ACCEPT = "application/vnd.schemaregistry.v1+json, application/json"
# Of its 404: no such subject, version, schema; and the soft-deleted. Another one is of somebody else, such as a proxy.
_NOT_THERE = range(40400, 40500)
_OK, _NOT_FOUND, _REFUSED = 200, 404, (401, 403)
_INCOMPATIBLE = (409, 422)
_CONTENT = "application/vnd.schemaregistry.v1+json"


class RegistryAwayError(Exception):
    """It does not answer as a registry does, which a later try may mend. The message says what it did."""


class NotRegisteredError(Exception):
    """The registry has no such schema, or not all that it refers to."""


class _Reference(msgspec.Struct):
    name: str
    subject: str
    version: int


class _Answer(msgspec.Struct):
    schema: str
    kind: str | None = msgspec.field(name="schemaType", default=None)
    references: list[_Reference] | None = None


class _Registered(msgspec.Struct):
    id: int


class _Fault(msgspec.Struct):
    error_code: int = 0
    message: str = ""


_Read = TypeVar("_Read")
_read_answer = msgspec.json.Decoder(_Answer).decode
_read_registered = msgspec.json.Decoder(_Registered).decode
_read_fault = msgspec.json.Decoder(_Fault).decode


class RegistryClient:
    """A registry, as an async context: its connections are kept within the block.

    Raises:
        UsageError: A secret would be sent in the clear.
    """

    def __init__(self, url: str, access: RegistryAccess) -> None:
        parts = urlsplit(url)
        if parts.scheme == "http" and access.has_secret and not is_loopback(parts.hostname or ""):
            secret = "TIERFLOW_REGISTRY_TOKEN" if access.token else "TIERFLOW_REGISTRY_PASSWORD"
            raise UsageError(f"the registry {url} would get {secret} unencrypted; write https://")
        self.url = url.rstrip("/")
        self._access = access
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=self._context()),
            timeout=aiohttp.ClientTimeout(total=ANSWER_WITHIN_S),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=self._headers(),
        )
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def schema(self, number: int) -> RegisteredSchema:
        """Gets the schema of a number, and all that it refers to.

        Raises:
            NotRegisteredError: There is none.
            RegistryAwayError: It does not answer as a registry does; a later try may succeed.
            UsageError: It does not let us in, or is not who it should be.
        """
        return await self._whole(f"/schemas/ids/{number}")

    async def newest(self, subject: str) -> RegisteredSchema:
        """Gets the newest schema of a subject, and all that it refers to. It raises what `schema` does."""
        return await self._whole(f"/subjects/{quote(subject, safe='')}/versions/latest")

    async def _whole(self, path: str) -> RegisteredSchema:
        answer = await self._get(path)
        kind = answer.kind or "AVRO"
        query = {"format": "serialized"} if kind == "PROTOBUF" else {}
        if query:
            answer = await self._get(path, query)
        imports: dict[str, str] = {}
        await self._import(answer, query, imports, set())
        return RegisteredSchema(kind, answer.schema, tuple(imports.items()))

    async def _import(
        self, answer: _Answer, query: dict[str, str], imports: dict[str, str], under_way: set[str]
    ) -> None:
        """Adds what a schema refers to; what that refers to comes before it."""
        for reference in answer.references or ():
            if reference.name not in imports and reference.name not in under_way:
                path = f"/subjects/{quote(reference.subject, safe='')}/versions/{reference.version}"
                # A schema may be deleted, and records that were written by it are there still.
                found = await self._get(path, query | {"deleted": "true"})
                await self._import(found, query, imports, under_way | {reference.name})
                imports[reference.name] = found.schema

    async def register(self, subject: str, schema: str) -> int:
        """Registers an Avro schema, and gives its number; one that is registered already keeps its own.

        Raises:
            RegistryAwayError: It does not answer as a registry does; a later try may succeed.
            UsageError: It does not let us in, or does not take the schema.
        """
        path = f"/subjects/{quote(subject, safe='')}/versions"
        said, kind = msgspec.json.encode({"schema": schema}), {"Content-Type": _CONTENT}
        status, body = await self._asked("POST", path, data=said, headers=kind)
        if status in _INCOMPATIBLE:
            raise UsageError(
                f"the registry {self.url} does not take the schema of {subject} ({_fault(body).message[:500]}); see "
                "what is registered there, and which compatibility it asks for"
            )
        return self._read(status, body, path, _read_registered).id

    async def _get(self, path: str, query: dict[str, str] | None = None) -> _Answer:
        status, body = await self._asked("GET", path, params=query)
        if status == _NOT_FOUND and _fault(body).error_code in _NOT_THERE:
            raise NotRegisteredError(path)
        return self._read(status, body, path, _read_answer)

    async def _asked(self, method: str, path: str, **more: Any) -> tuple[int, bytes]:
        """Asks, and gives the status and the body of the answer."""
        assert self._session is not None, "a RegistryClient is used within its block"  # noqa: S101 - for the type
        try:
            async with self._session.request(method, self.url + path, allow_redirects=False, **more) as response:
                body = await response.content.read(_ANSWER_BYTES)
                while not response.content.at_eof() and len(body) < _ANSWER_BYTES:
                    body += await response.content.read(_ANSWER_BYTES)
                return response.status, body
        except (aiohttp.ClientConnectorCertificateError, ssl.SSLCertVerificationError) as error:
            raise UsageError(
                f"the certificate of the registry {self.url} is not trusted ({error.__class__.__name__}); write the "
                "PEM file of its authority into TIERFLOW_REGISTRY_CAFILE"
            ) from error
        except TimeoutError as error:
            raise RegistryAwayError(f"no answer within {ANSWER_WITHIN_S:g} s") from error
        except (aiohttp.ClientError, OSError) as error:
            raise RegistryAwayError(f"it cannot be reached ({type(error).__name__})") from error

    def _read(self, status: int, body: bytes, path: str, read: Callable[[bytes], _Read]) -> _Read:
        if status in _REFUSED:
            raise UsageError(
                f"the registry {self.url} does not let us in (it answers {status}); set TIERFLOW_REGISTRY_USER and "
                "TIERFLOW_REGISTRY_PASSWORD, or TIERFLOW_REGISTRY_TOKEN, of somebody who may read its schemas, and "
                "register those of tables"
            )
        if status != _OK:
            raise RegistryAwayError(f"it answers {status} to {path}, as no registry does that is well")
        try:
            return read(body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise RegistryAwayError(f"it answers {path} with something else than a schema") from error

    def _headers(self) -> dict[str, str]:
        access, headers = self._access, {"Accept": _ACCEPT}
        if access.token:
            headers["Authorization"] = f"Bearer {access.token}"
        if access.user:
            headers["Authorization"] = aiohttp.encode_basic_auth(access.user, access.password, "utf-8")
        return headers

    def _context(self) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=self._access.cafile or None)
        except OSError as error:  # ssl.SSLError is one
            raise UsageError(
                f"TIERFLOW_REGISTRY_CAFILE: {self._access.cafile} cannot be used ({error}); write the path of a PEM "
                "file"
            ) from error


def _fault(body: bytes) -> _Fault:
    try:
        return _read_fault(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _Fault()
