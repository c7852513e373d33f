"""A route of the API, with all that its documentation needs. Structs alone."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from aiohttp.typedefs import Handler

from streams.security.console_access import Role

Method = Literal["GET", "POST", "PUT", "DELETE"]


class Query(NamedTuple):
    """A parameter of the query, and its JSON Schema."""

    name: str
    says: str
    schema: Mapping[str, Any]


class Route(NamedTuple):
    """One route: what it answers to whom.

    path: with names in braces. answer: the struct of its answer; None: text/event-stream. body: the struct that it
    takes. status: of its answer. refusals: further statuses that it may answer with.
    """

    method: Method
    path: str
    role: Role
    says: str
    handler: Handler
    answer: type[Any] | None
    query: Sequence[Query] = ()
    body: type[Any] | None = None
    status: int = 200
    refusals: Sequence[int] = ()
