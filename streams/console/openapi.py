"""docs/openapi.json: the console's API as an OpenAPI 3.1 document, made of the routes and of their structs.

python -m streams.console.openapi docs/openapi.json
"""

import json
import re
import sys
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import msgspec

from streams.console.aside import Aside
from streams.console.route import Route
from streams.console.routes import Asides, routes
from streams.console.stream import Arrivals

if TYPE_CHECKING:
    from streams.api.peers import Peers
    from streams.console.asked import Asked

PROBLEM: Final = "Problem"
_PROBLEM_SCHEMA: Final = {
    "type": "object",
    "title": PROBLEM,
    "description": "Why a request was not answered (RFC 9457).",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "reasons": {"type": "array", "items": {"type": "string"}},
    },
}
_OF_BODIES: Final = (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
_OF_ALL: Final = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.MISDIRECTED_REQUEST)
_REF: Final = "#/components/schemas/{name}"


def document() -> dict[str, Any]:
    """Gives the whole document."""
    listed = all_routes()
    structs = [kind for route in listed for kind in (route.answer, route.body) if _is_struct(kind)]
    _, components = msgspec.json.schema_components(structs, ref_template=_REF)
    paths: dict[str, dict[str, Any]] = {}
    for route in listed:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "tierflow console",
            "version": version("tierflow"),
            "description": "What a bank's tiers are and why: for agents, operators and systems (docs/api.md).",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "security": [{"bearer": []}, {}],
        "paths": paths,
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            "schemas": {**components, PROBLEM: _PROBLEM_SCHEMA},
        },
    }


def all_routes() -> Sequence[Route]:
    """Gives the routes for whoever reads about them: their handlers cannot be called."""
    return routes(cast("Asked", None), Arrivals(), cast("Peers", None), Asides(*[Aside(1)] * 3))


def _operation(route: Route) -> dict[str, Any]:
    in_path = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in re.findall(r"\{(\w+)\}", route.path)
    ]
    in_query = [
        {"name": one.name, "in": "query", "required": False, "description": one.says, "schema": dict(one.schema)}
        for one in route.query
    ]
    operation: dict[str, Any] = {
        "operationId": _operation_id(route),
        "summary": route.says,
        "description": f"It takes the role {route.role}, or one that may more.",
        "parameters": [*in_path, *in_query],
        "responses": _responses(route),
    }
    if route.body is not None:
        schema = {"$ref": _REF.format(name=route.body.__name__)}
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return operation


def _operation_id(route: Route) -> str:
    words = re.sub(r"[^a-z]+", "_", route.path.removeprefix("/api/").lower()).strip("_")
    return f"{route.method.lower()}_{words}"


def _responses(route: Route) -> dict[str, Any]:
    refusals = {*_OF_ALL, *map(HTTPStatus, route.refusals), *(_OF_BODIES if route.method != "GET" else ())}
    problems = {str(status.value): _problem(status) for status in sorted(refusals)}
    return {str(route.status): _answer(route), **problems}


def _answer(route: Route) -> Mapping[str, Any]:
    if route.answer is None:
        content: dict[str, Any] = {"text/event-stream": {"schema": {"type": "string"}}}
    elif _is_struct(route.answer):
        content = {"application/json": {"schema": {"$ref": _REF.format(name=route.answer.__name__)}}}
    else:
        content = {"application/json": {"schema": {"type": "object"}}}
    return {"description": HTTPStatus(route.status).phrase, "content": content}


def _problem(status: HTTPStatus) -> Mapping[str, Any]:
    schema = {"$ref": _REF.format(name=PROBLEM)}
    return {"description": status.phrase, "content": {"application/problem+json": {"schema": schema}}}


def _is_struct(kind: type[Any] | None) -> bool:
    return kind is not None and issubclass(kind, msgspec.Struct)


def written() -> str:
    """Gives the text of the document."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(written(), encoding="utf-8")
