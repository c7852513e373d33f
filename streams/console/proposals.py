"""Proposals of policies: who proposes one may not approve it. An approved one is published as by `policy publish`.

They are kept in a SQLite file of their own beside the index. It is no truth about policies either: that is
`tier.policies`. Whoever deletes it loses proposals that nobody has approved yet.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, TypeVar

from aiohttp import web
from aiohttp.typedefs import Handler
from aiokafka.errors import KafkaError

from streams.console import given
from streams.console.access import who_asks
from streams.console.answers.proposals import Proposal, ProposalBody, Proposals
from streams.console.aside import Aside
from streams.console.asked import Asked, answer
from streams.console.policies import checked, text_of
from streams.console.published import Compiled, compiled_of
from streams.console.refused import RefusedError, bad_request, later, not_found
from streams.console.roles import Who
from streams.errors import UsageError
from streams.history.index import is_damaged
from streams.kafka.permitted import check_rights
from streams.kafka.policies import publish_policy
from streams.kafka.rights.commands import policy as policy_rows
from streams.kafka.wall_clock import wall_ms
from streams.policy.check.comparison import currencies_lost
from streams.policy.compile.load import load_policy
from streams.policy.policy import Policy
from streams.values.calendar import Calendar

FILE: Final = "proposals.sqlite3"
SHOWN: Final = 200
CREATED: Final = 201
_TABLE: Final = """
    CREATE TABLE IF NOT EXISTS proposals (
        id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT, version INTEGER, digest TEXT, document TEXT, note TEXT,
        proposer TEXT, proposed_by TEXT, proposed_ms INTEGER, approved_by TEXT, approved_ms INTEGER
    )
"""
_SHOWN: Final = "id, name, version, digest, note, proposed_by, proposed_ms, approved_by, approved_ms"
_NEEDED: Final = ("READ", "WRITE")
_DAMAGED: Final = (
    f"{FILE} under TIERFLOW_DATA_DIR is damaged: take it away, or put a copy of it there. Proposals that nobody has "
    "approved are lost with it; published policies are not."
)
_Given = TypeVar("_Given")
_approving: Final = asyncio.Lock()


async def _kept(asked: Asked, what: Callable[[sqlite3.Connection], _Given]) -> _Given:
    """Does something with the file, in a thread; it is small, and asked seldom."""
    return await asyncio.to_thread(_with_file, asked.settings.data_dir / FILE, what)


def _with_file(file: Path, what: Callable[[sqlite3.Connection], _Given]) -> _Given:
    file.touch(mode=0o600)
    try:
        with closing(sqlite3.connect(file, timeout=10)) as connection, connection:
            connection.execute(_TABLE)
            return what(connection)
    except sqlite3.DatabaseError as error:
        if not is_damaged(error):
            raise
        raise later(_DAMAGED, 60) from error


def proposals_handler(asked: Asked) -> Handler:
    """Makes the handler: the proposals, the newest first."""

    async def proposals(_request: web.Request) -> web.StreamResponse:
        text = f"SELECT {_SHOWN} FROM proposals ORDER BY id DESC LIMIT ?"  # noqa: S608 - words of our own
        rows = await _kept(asked, lambda connection: connection.execute(text, (SHOWN,)).fetchall())
        calendar = await asked.calendar()
        return answer(Proposals(items=[_proposal(row, calendar) for row in rows]), shared=True)

    return proposals


def policy_handler(asked: Asked) -> Handler:
    """Makes the handler: one policy as its file, and in words; of one that is proposed, too, for who may propose."""

    async def policy(request: web.Request) -> web.StreamResponse:
        digest = request.match_info["digest"]
        compiled = await asked.policies.by_digest(digest)
        if compiled is None and digest.isascii() and who_asks(request).has("operator"):
            compiled = await _proposed(asked, digest)
        if compiled is None:
            raise not_found("No policy with this digest was published.")
        return answer(text_of(compiled), shared=True)

    return policy


async def _proposed(asked: Asked, digest: str) -> Compiled | None:
    text = "SELECT document FROM proposals WHERE digest = ? ORDER BY id DESC"
    row = await _kept(asked, lambda connection: connection.execute(text, (digest,)).fetchone())
    return None if row is None else await asyncio.to_thread(compiled_of, row[0], is_published=False)


def propose_handler(asked: Asked, aside: Aside) -> Handler:
    """Makes the handler: proposes a policy, if the check finds no error in it."""

    async def propose(request: web.Request) -> web.StreamResponse:
        body = await given.body(request, ProposalBody)
        await _check(aside, request, body.toml)
        policy, who = await asyncio.to_thread(load_policy, body.toml), who_asks(request)
        told = policy.name, policy.version, policy.digest, body.toml, body.note
        values = (*told, who.id, who.name, wall_ms())
        text = (
            "INSERT INTO proposals (name, version, digest, document, note, proposer, proposed_by, proposed_ms) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        )
        id_ = await _kept(asked, lambda connection: connection.execute(text, values).lastrowid)
        return answer(await _one(asked, int(id_ or 0)), status=CREATED)

    return propose


def approve_handler(asked: Asked) -> Handler:
    """Makes the handler: puts a proposed policy in force, unless it is one's own."""

    async def approve(request: web.Request) -> web.StreamResponse:
        given_id = request.match_info["id"]
        id_ = int(given_id) if given_id.isascii() and given_id.isdigit() and len(given_id) < 18 else 0  # noqa: PLR2004
        async with _approving:
            await _approve(asked, id_, who_asks(request))
        return answer(await _one(asked, id_))

    return approve


async def _approve(asked: Asked, id_: int, who: Who) -> None:
    text = "SELECT document, proposer, proposed_by, approved_by FROM proposals WHERE id = ?"
    row = await _kept(asked, lambda connection: connection.execute(text, (id_,)).fetchone())
    if row is None:
        raise not_found("There is no such proposal.")
    document, proposer, proposed_by, approved_by = row
    if approved_by is not None:
        raise RefusedError(HTTPStatus.CONFLICT, "It is approved already.")
    if proposer == who.id or proposed_by == who.name:
        raise RefusedError(HTTPStatus.FORBIDDEN, "Who proposed it may not approve it.")
    policy = await asyncio.to_thread(load_policy, document)
    await _check_currencies(asked, policy)
    try:
        rows = [row for row in policy_rows(asked.settings) if row.operation in _NEEDED]
        await check_rights(asked.settings, "policy", rows)
        await publish_policy(asked.settings, policy)
    except (UsageError, KafkaError, TimeoutError) as error:
        raise later("Kafka did not take the policy; approve it again.", 5) from error
    noted = "UPDATE proposals SET approved_by = ?, approved_ms = ? WHERE id = ?"
    await _kept(asked, lambda connection: connection.execute(noted, (who.name, wall_ms(), id_)))


async def _check_currencies(asked: Asked, policy: Policy) -> None:
    """Refuses a policy under which a currency loses its rate: that is said in so many words, at the command line."""
    in_force = await asked.policies.in_force()
    lost = [] if in_force is None else currencies_lost(in_force.compiled.policy, policy)
    if lost:
        said = f"{', '.join(lost)} would lose the rate; publish it with: tierflow policy publish --without-currency"
        raise RefusedError(HTTPStatus.CONFLICT, said)


async def _check(aside: Aside, request: web.Request, toml: str) -> None:
    if not (await aside.ask(request, checked, toml)).ok:
        raise bad_request("The policy cannot be used; POST /api/policies/check says why.")


async def _one(asked: Asked, id_: int) -> Proposal:
    text = f"SELECT {_SHOWN} FROM proposals WHERE id = ?"  # noqa: S608 - words of our own
    row = await _kept(asked, lambda connection: connection.execute(text, (id_,)).fetchone())
    return _proposal(row, await asked.calendar())


def _proposal(row: tuple[Any, ...], calendar: Calendar) -> Proposal:
    id_, name, version, digest, note, proposed_by, proposed_ms, approved_by, approved_ms = row
    return Proposal(
        id=id_,
        name=name,
        version=version,
        digest=digest,
        note=note,
        proposed_by=proposed_by,
        proposed_at=calendar.rfc3339(proposed_ms),
        approved_by=approved_by,
        approved_at=None if approved_ms is None else calendar.rfc3339(approved_ms),
    )
