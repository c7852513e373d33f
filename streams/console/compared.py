"""POST /api/policies/compare: who would move under another policy, by what the inputs hold; as `simulate --compare`."""

import asyncio
from http import HTTPStatus
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler
from aiokafka.errors import KafkaError

from streams.console import given
from streams.console.answers import Compared, Moved, PolicyBody, PolicyId
from streams.console.asked import Asked, answer
from streams.console.refused import RefusedError, bad_request, later
from streams.errors import UsageError
from streams.policy.check.check import check
from streams.policy.policy import Policy
from streams.settings import Settings
from streams.simulate.inputs import count_inputs
from streams.simulate.moves import moves_between

MOST_EVENTS: Final = 500_000
"""More take longer than somebody waits for; `tierflow policy publish --moves` works any number."""

_comparing: Final = asyncio.Semaphore(1)


def compare_handler(asked: Asked) -> Handler:
    """Makes the handler."""

    async def compare(request: web.Request) -> web.StreamResponse:
        report = await asyncio.to_thread(check, (await given.body(request, PolicyBody)).toml)
        if report.policy is None:
            raise bad_request("The policy cannot be used; POST /api/policies/check says why.")
        in_force = await asked.policies.in_force()
        if in_force is None:
            raise RefusedError(HTTPStatus.CONFLICT, "No policy is in force yet.")
        if _comparing.locked():
            raise later("Another comparison is being worked out.", 10)
        async with _comparing:
            try:
                return answer(await _compared(asked.settings, in_force.compiled.policy, report.policy))
            except (UsageError, KafkaError, TimeoutError) as error:
                raise later("The inputs cannot be read now.", 5) from error

    return compare


async def _compared(settings: Settings, before: Policy, after: Policy) -> Compared:
    events = await asyncio.to_thread(count_inputs, settings)
    if events > MOST_EVENTS:
        said = f"The inputs hold {events:,} records, more than {MOST_EVENTS:,}; use tierflow policy publish --moves."
        raise RefusedError(HTTPStatus.CONFLICT, said)
    matrix = await asyncio.to_thread(moves_between, before, after, settings)
    moved = [Moved(from_=row, to=column, customers=count) for (row, column), count in sorted(matrix.counts.items())]
    return Compared(
        customers=matrix.customers,
        from_=_id(before),
        to=_id(after),
        matrix=moved,
        events=events,
        first_at=None,
        last_at=None,
    )


def _id(policy: Policy) -> PolicyId:
    return PolicyId(name=policy.name, version=policy.version, digest=policy.digest)
